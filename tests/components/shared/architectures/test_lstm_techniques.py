"""Every technique on an LSTM that reads in two directions and fine-tunes its word vectors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from components.cluster.clustering import ClusteringSettings, cluster_candidates
from components.prune.pruning import PruningSettings, prune_candidates
from components.quantize.quantization import QuantizationSettings, quantize_candidates
from components.shared.bundle import load_bundle
from components.shared.records.candidates import bundle_directory, checkpoint_directory, list_bundles, read_failures
from components.shared.records.features import read_embeddings, read_split
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict
from components.train_lstm.training import LstmSettings, train

_KERNELS = ("lstm/0", "lstm/1", "lstm_backward/0", "lstm_backward/1", "classifier/0")
_CLUSTERS = 6
_SETTINGS = LstmSettings(
    embedding_training="fine-tuned",
    units=4,
    directions=2,
    dropout=0.1,
    embedding_dropout=0.2,
    epochs=8,
    patience=8,
    batch_size=8,
    learning_rate=0.05,
    seed=5,
)

_PRUNING = PruningSettings(sparsity=0.5, schedule="polynomial", layers=["*"], kept_in_float=[])
_CLUSTERING = ClusteringSettings(
    clusters=_CLUSTERS, initialization="kmeans++", preserve_sparsity=True, kept_in_float=[]
)
_QUANTIZATION = QuantizationSettings(calibration_rows=20, per_channel=True, kept_in_float=[], aware_steps=0)


@pytest.fixture(scope="module")
def built(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the candidates of every step in one of its own; read only."""
    root = tmp_path_factory.mktemp("two-directions")
    train(tiny.features, tiny.plan, _SETTINGS, root / "trained")
    plan = root / "plan.json"
    wanted = {(), ("prune",), ("cluster",), ("prune", "qat")}
    planned = read_plan(tiny.plan)
    cells = tuple(cell for cell in planned.cells if cell.chain in wanted)
    plan.write_text(planned.model_copy(update={"cells": cells}).model_dump_json(), encoding="utf-8")
    trained, pruned = root / "trained", root / "pruned"
    common: dict[str, Any] = {"model": "lstm", "features": tiny.features, "plan": plan, "accuracy_floor": 0.0}
    common["finetuning"] = tiny.finetuning
    prune_candidates(**common, sources=[trained], settings=_PRUNING, destination=pruned)
    cluster_candidates(**common, sources=[trained], settings=_CLUSTERING, destination=root / "clustered")
    quantize_candidates(
        **common, aware=True, sources=[trained, pruned], settings=_QUANTIZATION, destination=root / "aware"
    )
    return root


def _weights(built: Path, step: str, candidate: str) -> dict[str, Any]:
    return load_checkpoint(checkpoint_directory(built / step, candidate)).weights


def test_every_planned_candidate_is_built(built: Path) -> None:
    steps = ("trained", "pruned", "clustered", "aware")
    names = [name for step in steps for name in list_bundles(built / step)]
    assert names == ["lstm", "lstm-prune", "lstm-cluster", "lstm-prune-qat"]
    assert not any(read_failures(built / step) for step in steps)


@pytest.mark.parametrize(
    ("step", "candidate"), [("trained", "lstm"), ("pruned", "lstm-prune"), ("clustered", "lstm-cluster")]
)
def test_bundles_compute_what_their_checkpoints_compute(tiny: Any, built: Path, step: str, candidate: str) -> None:
    checkpoint = load_checkpoint(checkpoint_directory(built / step, candidate))
    reviews = read_split(tiny.features, "tune")
    expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
    predicted = load_bundle(bundle_directory(built / step, candidate)).predict(reviews["text"].tolist())
    assert np.ptp(expected, axis=0).max() > 0.3
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_the_word_vectors_learnt(tiny: Any, built: Path) -> None:
    learnt = _weights(built, "trained", "lstm")["embedding/0"]
    assert not np.array_equal(learnt, read_embeddings(tiny.features, "random"))


def test_both_directions_and_the_classifier_are_pruned_and_no_word_vector(built: Path) -> None:
    weights = _weights(built, "pruned", "lstm-prune")
    for name in _KERNELS:
        assert np.mean(weights[name] == 0) == pytest.approx(0.5, abs=1 / weights[name].size), name
    assert np.all(weights["embedding/0"][1:] != 0)


def test_both_directions_and_the_classifier_are_clustered_and_no_word_vector(built: Path) -> None:
    weights = _weights(built, "clustered", "lstm-cluster")
    for name in _KERNELS:
        assert 1 < len(np.unique(weights[name])) <= _CLUSTERS, name
    assert len(np.unique(weights["embedding/0"])) > 100


def test_quantisation_aware_training_keeps_what_the_pruned_model_knows(tiny: Any, built: Path) -> None:
    bundle = bundle_directory(built / "aware", "lstm-prune-qat")
    assert load_bundle(bundle).predict(tiny.texts[:2]).argmax(axis=1).tolist() == [2, 0]
    interpreter = Interpreter(model_path=str(bundle / "model.tflite"))
    units, dimensions, gates, directions = 4, 8, 4, 2
    kernels = [
        interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_tensor_details()
        if tuple(detail["shape"]) == (units, dimensions)
    ]
    assert len(kernels) == gates * directions
    assert np.mean(np.stack(kernels) == 0) == 0.5
