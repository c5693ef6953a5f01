"""Results of every run are kept, the latest at the top of OUT, each whole or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import results
from pipelines.results import FILES, earlier_reports, keep_log, keep_results

Outputs = Callable[[str], tuple[dict[str, Path], Path]]


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    """Makes what a pipeline run puts out; every file says `word`."""

    def make(word: str, chosen: bool = True) -> tuple[dict[str, Path], Path]:
        root = tmp_path / "pipeline_root" / word
        (root / "winner").mkdir(parents=True)
        if chosen:
            (root / "winner" / "bundle.json").write_text(word)
        for name in (*FILES, "log"):
            (root / name).write_text(word)
        return {name: root / name for name in (*FILES, "winner")}, root / "log"

    return make


def test_the_latest_results_are_at_the_top_and_earlier_ones_stay_reachable(outputs: Outputs, tmp_path: Path) -> None:
    out = tmp_path / "out"
    keep_results(*outputs("first"), out, "20250101-090000")
    keep_results(*outputs("second"), out, "20250102-090000")
    for name in (*FILES.values(), "run.log"):
        assert (out / name).read_text() == (out / "runs" / "20250102-090000" / name).read_text() == "second"
        assert (out / "runs" / "20250101-090000" / name).read_text() == "first"
    assert (out / "runs" / "20250101-090000" / "candidate" / "bundle.json").read_text() == "first"
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES.values(), "run.log", "runs"])


def test_earlier_reports_are_those_of_other_runs_oldest_first(outputs: Outputs, tmp_path: Path) -> None:
    assert earlier_reports(tmp_path, "1") == []
    for stamp in ("2", "1", "3"):
        keep_results(*outputs(stamp), tmp_path, stamp)
    _, log = outputs("failed")
    keep_log(log, tmp_path, "4")
    assert earlier_reports(tmp_path, "3") == [tmp_path / "runs" / stamp / "report.html" for stamp in ("1", "2")]


def test_a_run_that_chose_nothing_leaves_no_candidate(outputs: Outputs, tmp_path: Path) -> None:
    keep_results(*outputs("none", chosen=False), tmp_path, "1")
    assert not (tmp_path / "runs" / "1" / "candidate").exists()


def test_results_that_cannot_be_written_whole_leave_the_earlier_ones(
    outputs: Outputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_results(*outputs("first"), tmp_path / "out", "1")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    second = outputs("second")
    monkeypatch.setattr(results.shutil, "copytree", fail)
    with pytest.raises(OSError, match="No space"):
        keep_results(*second, tmp_path / "out", "2")
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == ["1"]
    assert (tmp_path / "out" / "report.html").read_text() == "first"


def test_the_log_of_a_failed_run_is_kept_and_nothing_else_changes(outputs: Outputs, tmp_path: Path) -> None:
    out = tmp_path / "out"
    keep_results(*outputs("first"), out, "1")
    _, log = outputs("failed")
    keep_log(log, out, "2")
    assert (out / "run.log").read_text() == (out / "runs" / "2" / "run.log").read_text() == "failed"
    assert (out / "report.html").read_text() == (out / "runs" / "1" / "run.log").read_text() == "first"
    assert not log.exists()


def test_what_an_older_version_left_is_not_touched(outputs: Outputs, tmp_path: Path) -> None:
    chosen, log = outputs("first")
    shutil.copytree(chosen["winner"], tmp_path / "winner")
    keep_results(chosen, log, tmp_path, "1")
    assert (tmp_path / "winner" / "bundle.json").read_text() == "first"
