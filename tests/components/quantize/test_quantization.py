"""Quantising a tiny LSTM and its pruned version, after training and while training on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from components.cluster.clustering import ClusteringSettings, cluster_candidates
from components.quantize.quantization import QuantizationSettings, quantize_candidates
from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, list_bundles, read_failures
from components.shared.records.conversions import read_conversions
from components.shared.records.plan import read_plan
from components.shared.training.batches import steps_per_epoch
from components.shared.training.finetuning import Finetuning

#: Largest difference of a probability from the float parent's.
_BOUNDS = {"lstm-float16": 0.01, "lstm-dynamic": 0.05, "lstm-int8": 0.1}


_SETTINGS = QuantizationSettings(calibration_rows=20, per_channel=True, kept_in_float=[], aware_steps=0)
_CLUSTERING = ClusteringSettings(clusters=6, initialization="kmeans++", preserve_sparsity=True, kept_in_float=[])


def _quantized(tiny: Any, sources: list[Path], aware: bool, destination: Path, **settings: Any) -> Path:
    given = replace(_SETTINGS, **settings)
    quantize_candidates("lstm", aware, tiny.features, tiny.plan, sources, given, tiny.finetuning, 0.0, destination)
    return destination


@pytest.fixture(scope="module")
def clustered(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = read_plan(tiny.plan)
    cells = tuple(cell for cell in plan.cells if cell.chain != ("cluster",))
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_text(plan.model_copy(update={"cells": cells}).model_dump_json(), encoding="utf-8")
    destination = tmp_path_factory.mktemp("clustered") / "candidates"
    sources = [tiny.trained, tiny_pruned]
    cluster_candidates("lstm", tiny.features, path, sources, _CLUSTERING, tiny.finetuning, 0.0, destination)
    return destination


@pytest.fixture(scope="module")
def quantized(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _quantized(tiny, [tiny.trained, tiny_pruned], False, tmp_path_factory.mktemp("quantized") / "candidates")


@pytest.fixture(scope="module")
def aware(tiny: Any, tiny_pruned: Path, clustered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = [tiny.trained, tiny_pruned, clustered]
    return _quantized(tiny, sources, True, tmp_path_factory.mktemp("aware") / "candidates")


def test_post_training_chains_and_aware_ones_are_built_apart(quantized: Path, aware: Path) -> None:
    assert set(list_bundles(quantized)) == {"lstm-dynamic", "lstm-float16", "lstm-int8", "lstm-prune-dynamic"}
    assert set(list_bundles(aware)) == {"lstm-qat", "lstm-prune-qat", "lstm-prune-cluster-qat"}
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


def _gate_kernels(bundle: Path) -> NDArray[np.float32]:
    """Returns the LSTM's input kernels: too small for the converter to store as int8, so as they were trained."""
    interpreter = Interpreter(model_path=str(bundle / "model.tflite"))
    units, dimensions, gates = 4, 8, 4
    kernels = [
        interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_tensor_details()
        if tuple(detail["shape"]) == (units, dimensions)
    ]
    assert len(kernels) == gates
    return np.stack(kernels)


@pytest.mark.parametrize("candidate", ["lstm-prune-qat", "lstm-prune-cluster-qat"])
def test_zeros_of_a_pruned_model_survive_quantisation_aware_training(aware: Path, candidate: str) -> None:
    assert np.mean(_gate_kernels(bundle_directory(aware, candidate)) == 0) == 0.5


def test_clusters_survive_quantisation_aware_training_with_other_values(aware: Path, clustered: Path) -> None:
    before = np.unique(_gate_kernels(bundle_directory(clustered, "lstm-prune-cluster")))
    after = np.unique(_gate_kernels(bundle_directory(aware, "lstm-prune-cluster-qat")))
    assert len(after) == len(before) == 6
    assert not np.array_equal(after, before)


def test_zeros_of_a_pruned_model_survive_dynamic_quantisation(quantized: Path) -> None:
    conversion = read_conversions([quantized])["lstm-prune-dynamic"]
    assert conversion.sparsity == pytest.approx(0.5, abs=0.02)


def test_a_record_tells_how_far_a_candidate_is_from_the_float_model(tiny: Any, quantized: Path) -> None:
    conversions = read_conversions([quantized])
    assert list(conversions) == ["lstm-dynamic", "lstm-float16", "lstm-int8", "lstm-prune-dynamic"]
    float16 = conversions["lstm-float16"]
    assert float16.agreement == 1 and 0 < float16.largest_difference < 0.01
    assert float16.accuracy == float16.float_accuracy and float16.reviews == 40


def test_aware_training_takes_about_the_wanted_steps(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def count(parent: Any, model: Any, train: Any, features: Path, finetuning: Finetuning) -> None:
        batches = steps_per_epoch(len(train.labels), parent.architecture.batch_size)
        steps.append(batches * finetuning.epochs)

    monkeypatch.setattr("components.quantize.quantization.train_on", count)
    for wanted in (3, 11):
        _quantized(tiny, [tiny.trained], True, tmp_path / str(wanted), aware_steps=wanted)
    assert steps == [3, 12]  # 8 batches an epoch: two epochs of 6


def test_calibration_without_reviews_is_refused(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="calibration_rows 0"):
        _quantized(tiny, [tiny.trained], False, tmp_path / "none", calibration_rows=0)
