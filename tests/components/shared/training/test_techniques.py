"""What every technique step does around its technique: parents, failures, checks."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components.shared.bundle import load_bundle, read_manifest
from components.shared.chains import Chain
from components.shared.records.candidates import (
    bundle_directory,
    checkpoint_directory,
    list_bundles,
    read_failures,
    read_no_onnx,
)
from components.shared.records.conversions import Likeness, read_conversions
from components.shared.records.features import DESCRIPTION, read_features, read_split
from components.shared.records.plan import read_plan
from components.shared.texts.text import join_titles
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.keras import ConverterError
from components.shared.training.techniques import Built, Technique, build_candidates, train_on, training_examples


def _build(
    tiny: Any, chains: list[Chain], technique: Technique, destination: Path, floor: float = 0.0
) -> dict[str, str]:
    plan = read_plan(tiny.plan)
    build_candidates("lstm", chains, tiny.features, plan, [tiny.trained], technique, floor, destination)
    return read_failures(destination)


def _export(parent: Checkpoint, chain: Chain) -> Built:
    model = parent.build()
    return Built(parent.architecture.export(model), model=model)


def _always(label: int) -> Technique:
    """Returns a technique after which the model predicts one label, whatever it reads."""

    def technique(parent: Checkpoint, chain: Chain) -> Built:
        model = parent.build()
        kernel, bias = model.get_layer("classifier").get_weights()
        model.get_layer("classifier").set_weights([kernel * 0, np.eye(len(bias))[label]])
        return Built(parent.architecture.export(model), model=model)

    return technique


def _never(label: int) -> Technique:
    """Returns a technique after which the model predicts as before, but never one label."""

    def technique(parent: Checkpoint, chain: Chain) -> Built:
        model = parent.build()
        kernel, bias = model.get_layer("classifier").get_weights()
        model.get_layer("classifier").set_weights([kernel, bias - 100 * np.eye(len(bias))[label]])
        return Built(parent.architecture.export(model), model=model)

    return technique


def test_a_model_worse_than_the_most_frequent_class_is_recorded_with_figures(tiny: Any, tmp_path: Path) -> None:
    failures = _build(tiny, [("prune",)], _always(0), tmp_path)
    assert list(failures) == ["lstm-prune"]
    # Label 0 is a quarter of tune: F1 0.4 / 3; label 2 is half of it: F1 2/3 / 3.
    assert failures["lstm-prune"].startswith("collapsed: macro-F1 0.133 on 40 reviews of tune")
    assert "0.222" in failures["lstm-prune"]
    assert list_bundles(tmp_path) == {} and not checkpoint_directory(tmp_path, "lstm-prune").exists()


def test_a_model_that_always_says_the_most_frequent_class_is_no_better_than_it(tiny: Any, tmp_path: Path) -> None:
    failures = _build(tiny, [("prune",)], _always(2), tmp_path)
    assert failures["lstm-prune"] == (
        "collapsed: macro-F1 0.222 on 40 reviews of tune, the most frequent class alone has 0.222"
    )
    assert list_bundles(tmp_path) == {} and not checkpoint_directory(tmp_path, "lstm-prune").exists()


def _let_predict(monkeypatch: pytest.MonkeyPatch, **probabilities: Sequence[float]) -> None:
    """Lets bundles give every review the same probabilities, by the candidate's name with _ for -."""

    def load(bundle: Path) -> Any:
        given = probabilities[bundle.parent.name.replace("-", "_")]
        return SimpleNamespace(predict=lambda texts: np.tile(given, (len(texts), 1)))

    monkeypatch.setattr("components.shared.training.techniques.load_bundle", load)


def test_a_conversion_is_not_blamed_for_a_float_model_that_always_says_one_class(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_predict(monkeypatch, lstm=(0.2, 0.2, 0.6), lstm_prune=(0.1, 0.2, 0.7))
    assert _build(tiny, [("prune",)], _export, tmp_path) == {}
    assert checkpoint_directory(tmp_path, "lstm-prune").is_dir()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probabilities_that_are_no_numbers_are_recorded_as_such(
    value: float, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_predict(monkeypatch, lstm=(0.2, 0.2, 0.6), lstm_prune=(0.1, 0.2, value))
    assert _build(tiny, [("prune",)], _export, tmp_path) == {
        "lstm-prune": "collapsed: probabilities of 40 of 40 reviews of tune are not finite numbers"
    }
    assert list_bundles(tmp_path) == {}


def test_a_model_below_the_floor_of_accuracy_is_recorded_with_figures(tiny: Any, tmp_path: Path) -> None:
    failures = _build(tiny, [("prune",)], _never(0), tmp_path, floor=0.9)
    figures = r"below the floor: accuracy 0\.7\d+ on 40 reviews of tune, less than 0\.9 of the float model's 0\.9\d+"
    assert re.fullmatch(figures, failures["lstm-prune"])
    assert list_bundles(tmp_path) == {} and read_conversions([tmp_path]) == {}


@pytest.mark.parametrize("error", [ConverterError("no kernel\nfor this"), RuntimeError("no kernel\nfor this")])
def test_a_conversion_that_fails_does_not_take_the_others_with_it(
    tiny: Any, tmp_path: Path, error: Exception
) -> None:
    def technique(parent: Checkpoint, chain: Chain) -> Built:
        if chain == ("int8",):
            raise error
        return _export(parent, chain)

    assert _build(tiny, [("int8",), ("float16",)], technique, tmp_path) == {"lstm-int8": "no kernel for this"}
    assert list(list_bundles(tmp_path)) == ["lstm-float16"]


def test_a_mistake_in_the_code_is_not_recorded_as_a_failed_conversion(tiny: Any, tmp_path: Path) -> None:
    def technique(parent: Checkpoint, chain: Chain) -> Built:
        raise TypeError("a mistake")

    with pytest.raises(TypeError):
        _build(tiny, [("int8",)], technique, tmp_path)


def test_a_chain_whose_parent_was_not_built_is_recorded(tiny: Any, tmp_path: Path) -> None:
    failures = _build(tiny, [("prune", "dynamic"), ("dynamic",)], _export, tmp_path)
    assert failures == {"lstm-prune-dynamic": "its parent lstm-prune was not built"}
    assert list(list_bundles(tmp_path)) == ["lstm-dynamic"]


def test_one_line_a_candidate_tells_size_agreement_and_time(
    tiny: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _build(tiny, [("dynamic",)], _export, tmp_path)
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("lstm-dynamic") and " MB" in line
    ]
    assert ", agrees with lstm on 100.0% of tune, accuracy " in line and line.endswith(" s")


def test_each_run_time_is_compared_with_the_float_model(tiny: Any, tmp_path: Path) -> None:
    def technique(parent: Checkpoint, chain: Chain) -> Built:
        other = _never(0)(parent, chain).model
        return replace(_export(parent, chain), convert_to_onnx=lambda: parent.architecture.export_onnx(other))

    _build(tiny, [("prune",)], technique, tmp_path)
    conversion = read_conversions([tmp_path])["lstm-prune"]
    on_litert, on_onnx = conversion.likeness("litert"), conversion.likeness("onnxruntime")
    assert on_litert == Likeness(agreement=1.0, largest_difference=0.0)
    tune = read_split(tiny.features, "tune")
    expected = load_bundle(bundle_directory(tiny.trained, "lstm")).predict(join_titles(tune["title"], tune["text"]))
    # What was label 0 is another one now, and its probability is gone.
    assert on_onnx is not None
    assert on_onnx.agreement == (expected.argmax(axis=1) != 0).mean() < 1
    assert on_onnx.largest_difference == pytest.approx(expected[:, 0].max(), abs=1e-5)


def test_a_run_time_without_a_bundle_is_not_compared(tiny: Any, tmp_path: Path) -> None:
    def technique(parent: Checkpoint, chain: Chain) -> Built:
        other = _always(2)(parent, chain).model
        return replace(_export(parent, chain), convert_to_onnx=lambda: parent.architecture.export_onnx(other))

    _build(tiny, [("prune",)], technique, tmp_path)
    assert read_no_onnx(tmp_path, "lstm-prune").startswith("collapsed")
    assert read_conversions([tmp_path])["lstm-prune"].likeness("onnxruntime") is None


def test_training_use_adds_up_along_the_chain(tiny: Any, tmp_path: Path) -> None:
    _build(tiny, [("dynamic",)], _export, tmp_path)
    parent = read_manifest(bundle_directory(tiny.trained, "lstm")).training
    usage = read_manifest(bundle_directory(tmp_path, "lstm-dynamic")).training
    assert usage.seconds > parent.seconds and usage.cpu_seconds > parent.cpu_seconds


def test_training_on_meets_imbalance_and_drops_words_as_training_did(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("components.shared.training.techniques.fit", lambda *given: asked.extend(given))
    features = Path(shutil.copytree(tiny.features, tmp_path / "features"))
    described = read_features(features).model_copy(update={"imbalance": "oversample", "word_dropout": 0.3})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    parent = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    examples = training_examples(parent, features, tiny.finetuning)
    train_on(parent, parent.architecture, examples, features, tiny.finetuning)
    _, _, learnt, tune, weights, settings, _ = asked
    assert len(set(np.bincount(learnt.labels).tolist())) == 1
    assert len(set(np.bincount(tune.labels).tolist())) > 1
    assert weights == [1.0, 1.0, 1.0] and settings.word_dropout == 0.3
