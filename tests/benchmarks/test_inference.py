"""The inference benchmark on a tiny LSTM, laid out as a finished run leaves it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks.inference import main
from builders import measurement
from components.shared.records.candidates import bundle_directory, onnx_directory
from components.shared.records.measurements import (
    MEASUREMENTS,
    Champion,
    Machine,
    Measurements,
    TriedRuntime,
)

_MACHINE = Machine(processor="p", cores=2, memory_mb=1.0, flags=(), system="s", python="3")
_TRIED = (
    TriedRuntime(runtime="litert", threads=2, reviews_per_second=100.0),
    TriedRuntime(runtime="litert", threads=1, workers=2, batch_size=8, reviews_per_second=200.0),
    TriedRuntime(runtime="onnxruntime", note="no such operator"),
)


@pytest.fixture
def run(tiny: Any, tmp_path: Path) -> Path:
    steps = tmp_path / "run" / "pipeline_root" / "pipeline" / "name"
    shutil.copytree(tiny.features, steps / "engineer-features" / "features")
    shutil.copytree(tiny.trained, steps / "train-lstm" / "candidates")
    for kind, bundle in (("bundle", bundle_directory), ("onnx", onnx_directory)):
        shutil.copytree(bundle(tiny.trained, "lstm"), steps / "gather" / "bundles" / "lstm" / kind)
    _write_measurements(steps / "evaluate" / "measurements")
    (tmp_path / "run" / "candidates.csv").write_text("candidate,macro_f1\nlstm,0.5\n")
    return tmp_path / "run"


def _write_measurements(directory: Path) -> None:
    measurements = Measurements(
        machine=_MACHINE, candidates=(measurement(tried=_TRIED),), failures={}, champion=Champion(status="none")
    )
    directory.mkdir(parents=True)
    (directory / MEASUREMENTS).write_text(measurements.model_dump_json(), encoding="utf-8")


@pytest.mark.slow
def test_candidates_are_measured_beside_the_baselines_as_evaluate_would_run_them(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--run", str(run), "--reviews", "12", "--latency-reviews", "2", "--turns", "2", "--output", str(tmp_path)])
    page = (tmp_path / "inference.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    names = [row[0] for row in rows[1:]]
    assert names == [
        "(a) TensorFlow graph mode, fixed length",
        "(b) ONNX Runtime int8, as they come",
        "(k) Keras predict",
        "lstm (litert)",  # in ONNX Runtime it does not work
    ]
    assert dict(zip(rows[0], rows[-1], strict=True))["run as"] == "2 × 1, batch 8"
    assert dict(zip(rows[0], rows[1], strict=True))["× (a)"] == "1.0 (1.0–1.0)"
    assert "lstm (litert)" in (tmp_path / "inference.svg").read_text(encoding="utf-8")
    assert page.splitlines()[-1] in capsys.readouterr().out


def test_a_model_that_the_run_did_not_train_is_told_before_anything_is_measured(run: Path) -> None:
    with pytest.raises(SystemExit, match="the run has no trained distilbert; choose other --models"):
        main(["--run", str(run), "--models", "lstm", "distilbert"])


def test_a_run_that_did_not_end_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no finished run of the pipeline; make one with"):
        main(["--run", str(tmp_path)])
