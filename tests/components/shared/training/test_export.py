"""What is written of a trained model computes what was trained."""

from pathlib import Path
from typing import Any

import pytest

from components.shared.errors import UserError
from components.shared.records.candidates import checkpoint_directory, list_bundles, onnx_directory, read_no_onnx
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.export import write_trained_candidate


@pytest.fixture
def checkpoint(tiny: Any) -> Checkpoint:
    return load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))


def _write(tiny: Any, checkpoint: Checkpoint, candidates: Path) -> None:
    write_trained_candidate(
        candidates,
        checkpoint.architecture,
        checkpoint.build(),
        (),
        tiny.features,
        read_plan(tiny.plan),
        checkpoint.training,
    )


def _other_model(checkpoint: Checkpoint, step: float) -> Any:
    """Returns the model with another bias in the classifier, which makes the first label more probable."""
    model = checkpoint.build()
    classifier = model.get_layer("classifier")
    kernel, bias = classifier.get_weights()
    bias[0] += step
    classifier.set_weights([kernel, bias])
    return model


def test_a_bundle_that_computes_what_was_trained_is_written_for_both_run_times(
    tiny: Any, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    _write(tiny, checkpoint, tmp_path)
    assert list(list_bundles(tmp_path)) == ["lstm"]
    assert onnx_directory(tmp_path, "lstm").is_dir()


@pytest.mark.parametrize("step", [0.1, float("nan")])
def test_a_bundle_that_computes_something_else_than_was_trained_is_an_error(
    tiny: Any, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    converted = checkpoint.architecture.export(_other_model(checkpoint, step))
    monkeypatch.setattr(checkpoint.architecture, "export", lambda model: converted)
    with pytest.raises(UserError, match=r"lstm/bundle: its probabilities differ from those of the trained model by"):
        _write(tiny, checkpoint, tmp_path)


def test_without_onnx_runtime_if_only_there_something_else_is_computed(
    tiny: Any, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = checkpoint.architecture.export_onnx(_other_model(checkpoint, 0.1))
    monkeypatch.setattr(checkpoint.architecture, "export_onnx", lambda model: converted)
    _write(tiny, checkpoint, tmp_path)
    assert list(list_bundles(tmp_path)) == ["lstm"]
    assert not onnx_directory(tmp_path, "lstm").exists()
    assert "differ from those of the trained model by up to" in read_no_onnx(tmp_path, "lstm")
