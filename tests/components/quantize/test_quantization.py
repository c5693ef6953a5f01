"""Quantising a tiny LSTM and its pruned version, after training and while training on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from components.quantize.quantization import quantize_candidates
from components.shared.bundle import load_bundle, read_manifest
from components.shared.candidates import bundle_directory, list_bundles, read_failures

#: Largest difference of a probability from the float parent's.
_BOUNDS = {"lstm-float16": 0.01, "lstm-dynamic": 0.05, "lstm-int8": 0.1}


def _quantized(tiny: Any, pruned: Path, aware: bool, destination: Path) -> Path:
    sources = [tiny.trained, pruned]
    quantize_candidates("lstm", aware, tiny.features, tiny.plan, sources, 20, tiny.finetuning, destination)
    return destination


@pytest.fixture(scope="module")
def quantized(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _quantized(tiny, tiny_pruned, False, tmp_path_factory.mktemp("quantized") / "candidates")


@pytest.fixture(scope="module")
def aware(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _quantized(tiny, tiny_pruned, True, tmp_path_factory.mktemp("aware") / "candidates")


def test_post_training_chains_and_aware_ones_are_built_apart(quantized: Path, aware: Path) -> None:
    assert set(list_bundles(quantized)) == {"lstm-dynamic", "lstm-float16", "lstm-int8", "lstm-prune-dynamic"}
    assert set(list_bundles(aware)) == {"lstm-qat", "lstm-prune-qat"}
    assert read_failures(quantized) == {} and read_failures(aware) == {}


@pytest.mark.parametrize("candidate", sorted(_BOUNDS))
def test_a_quantised_model_predicts_nearly_what_its_float_parent_predicts(
    tiny: Any, quantized: Path, candidate: str
) -> None:
    parent = load_bundle(bundle_directory(tiny.trained, "lstm")).predict(tiny.texts)
    predicted = load_bundle(bundle_directory(quantized, candidate)).predict(tiny.texts)
    np.testing.assert_allclose(predicted, parent, atol=_BOUNDS[candidate])


def test_int8_is_not_the_float_model_again(tiny: Any, quantized: Path) -> None:
    parent = load_bundle(bundle_directory(tiny.trained, "lstm")).predict(tiny.texts)
    predicted = load_bundle(bundle_directory(quantized, "lstm-int8")).predict(tiny.texts)
    assert not np.array_equal(predicted, parent)


@pytest.mark.parametrize("candidate", ["lstm-dynamic", "lstm-float16", "lstm-int8", "lstm-prune-dynamic"])
def test_a_prediction_does_not_depend_on_the_reviews_before_it(tiny: Any, quantized: Path, candidate: str) -> None:
    predictor = load_bundle(bundle_directory(quantized, candidate))
    together = predictor.predict(tiny.texts)
    backwards = predictor.predict(tiny.texts[::-1])[::-1]
    alone = np.concatenate([predictor.predict([text]) for text in tiny.texts])
    np.testing.assert_array_equal(together, backwards)
    np.testing.assert_array_equal(together, alone)


def test_quantisation_aware_training_keeps_what_the_model_knows(tiny: Any, aware: Path) -> None:
    for candidate in ("lstm-qat", "lstm-prune-qat"):
        labels = load_bundle(bundle_directory(aware, candidate)).predict(tiny.texts[:2]).argmax(axis=1)
        assert labels.tolist() == [2, 0]


def test_quantised_candidates_have_no_checkpoint(quantized: Path, aware: Path) -> None:
    assert list(quantized.glob("*/checkpoint")) == list(aware.glob("*/checkpoint")) == []


def test_the_chain_and_the_cost_of_all_its_training_are_recorded(tiny: Any, tiny_pruned: Path, aware: Path) -> None:
    pruned = read_manifest(bundle_directory(tiny_pruned, "lstm-prune")).training
    manifest = read_manifest(bundle_directory(aware, "lstm-prune-qat"))
    assert manifest.chain == ("prune", "qat")
    assert manifest.training.seconds > pruned.seconds


def test_zeros_of_a_pruned_model_survive_quantisation_aware_training(aware: Path) -> None:
    """The kernels are too small for the converter to store them as int8, so they can be read as they are."""
    model = bundle_directory(aware, "lstm-prune-qat") / "model.tflite"
    interpreter = Interpreter(model_path=str(model))
    units, dimensions, gates = 4, 8, 4
    kernels = [
        interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_tensor_details()
        if tuple(detail["shape"]) == (units, dimensions)
    ]
    assert len(kernels) == gates
    assert np.mean(np.stack(kernels) == 0) == 0.5
