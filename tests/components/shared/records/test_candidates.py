"""Directories of candidates."""

from pathlib import Path

from components.shared.bundle import MANIFEST
from components.shared.records.candidates import (
    bundle_directory,
    checkpoint_directory,
    gather,
    list_bundles,
    onnx_directory,
    read_failures,
    read_no_onnx,
    write_failures,
    write_no_onnx,
)
from components.shared.records.history import History, read_histories, write_history


def _candidate(candidates: Path, name: str, content: str = "{}") -> None:
    bundle, checkpoint = bundle_directory(candidates, name), checkpoint_directory(candidates, name)
    for directory in (bundle, checkpoint):
        directory.mkdir(parents=True)
    (bundle / MANIFEST).write_text(content, encoding="utf-8")
    (checkpoint / "weights.npz").write_bytes(b"weights")


def test_bundles_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("lstm-prune", "lstm"):
        _candidate(tmp_path, name)
    checkpoint_directory(tmp_path, "unfinished").mkdir(parents=True)
    assert list_bundles(tmp_path) == {name: bundle_directory(tmp_path, name) for name in ("lstm", "lstm-prune")}
    assert list(list_bundles(tmp_path)) == ["lstm", "lstm-prune"]


def test_failures_come_back_and_no_record_means_none(tmp_path: Path) -> None:
    assert read_failures(tmp_path) == {}
    write_failures(tmp_path / "new", {"lstm-int8": "collapsed"})
    assert read_failures(tmp_path / "new") == {"lstm-int8": "collapsed"}


def test_gathering_takes_bundles_histories_and_failures_of_all_and_leaves_checkpoints(tmp_path: Path) -> None:
    first, second, empty = tmp_path / "first", tmp_path / "second", tmp_path / "empty"
    _candidate(first, "lstm", "first")
    _candidate(second, "lstm-prune", "second")
    write_history(first / "lstm", History(loss=[0.5]))
    write_failures(first, {"lstm-int8": "collapsed"})
    write_failures(second, {"lstm-cluster": "no kernel"})
    empty.mkdir()
    gather([first, second, empty], tmp_path / "all")
    assert list(list_bundles(tmp_path / "all")) == ["lstm", "lstm-prune"]
    assert (bundle_directory(tmp_path / "all", "lstm-prune") / MANIFEST).read_text(encoding="utf-8") == "second"
    assert read_failures(tmp_path / "all") == {"lstm-int8": "collapsed", "lstm-cluster": "no kernel"}
    assert list((tmp_path / "all").glob("*/checkpoint")) == []
    assert read_histories([tmp_path / "all"]) == {"lstm": History(loss=[0.5])}


def test_gathering_nothing_gives_an_empty_directory(tmp_path: Path) -> None:
    gather([], tmp_path / "all")
    assert list_bundles(tmp_path / "all") == {} and read_failures(tmp_path / "all") == {}


def test_gathering_takes_what_there_is_for_onnx_runtime(tmp_path: Path) -> None:
    for name in ("lstm", "lstm-int8"):
        _candidate(tmp_path / "source", name)
    onnx_directory(tmp_path / "source", "lstm").mkdir()
    (onnx_directory(tmp_path / "source", "lstm") / MANIFEST).write_text("onnx", encoding="utf-8")
    write_no_onnx(tmp_path / "source", "lstm-int8", "no kernel\n" + "x" * 1000)
    gather([tmp_path / "source"], tmp_path / "all")
    assert (onnx_directory(tmp_path / "all", "lstm") / MANIFEST).read_text(encoding="utf-8") == "onnx"
    assert not onnx_directory(tmp_path / "all", "lstm-int8").exists()
    reason = read_no_onnx(tmp_path / "all", "lstm-int8")
    assert reason.startswith("no kernel xx") and "\n" not in reason and len(reason) <= 300
    assert read_no_onnx(tmp_path / "all", "lstm") == ""


def test_what_is_gathered_outlives_its_source(tmp_path: Path) -> None:
    _candidate(tmp_path / "source", "lstm", "kept")
    gather([tmp_path / "source"], tmp_path / "all")
    (bundle_directory(tmp_path / "source", "lstm") / MANIFEST).unlink()
    assert (bundle_directory(tmp_path / "all", "lstm") / MANIFEST).read_text(encoding="utf-8") == "kept"
