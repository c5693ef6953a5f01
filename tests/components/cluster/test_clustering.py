"""Clustering the weights of a tiny LSTM, and of its pruned version."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.cluster.clustering import ClusteringSettings, cluster_candidates
from components.define.ranges import CHOICES
from components.shared.bundle import load_bundle
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, checkpoint_directory, list_bundles, read_failures
from components.shared.records.conversions import read_conversions
from components.shared.records.features import read_embeddings, read_split
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict

_CLUSTERS = 6
_KERNELS = ("lstm/0", "lstm/1", "classifier/0")
_SETTINGS = ClusteringSettings(
    clusters=_CLUSTERS, initialization="kmeans++", preserve_sparsity=True, kept_in_float=[]
)


def _cluster(tiny: Any, sources: list[Path], destination: Path, **settings: Any) -> Path:
    given = replace(_SETTINGS, **settings)
    cluster_candidates("lstm", tiny.features, tiny.plan, sources, given, tiny.finetuning, 0.0, destination)
    return destination


@pytest.fixture(scope="module")
def clustered(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("clustered") / "candidates"
    sources = [tiny.trained, tiny_pruned]
    cluster_candidates("lstm", tiny.features, tiny.plan, sources, _SETTINGS, tiny.finetuning, 0.0, destination)
    return destination


def test_every_planned_chain_that_ends_in_clustering_is_built(clustered: Path) -> None:
    assert list(list_bundles(clustered)) == ["lstm-cluster", "lstm-prune-cluster"]
    assert read_failures(clustered) == {}


@pytest.mark.parametrize("candidate", ["lstm-cluster", "lstm-prune-cluster"])
def test_kernels_have_at_most_the_wanted_number_of_values(clustered: Path, candidate: str) -> None:
    weights = load_checkpoint(checkpoint_directory(clustered, candidate)).weights
    for name in _KERNELS:
        assert 1 < len(np.unique(weights[name])) <= _CLUSTERS


def test_a_pruned_model_stays_as_sparse_as_it_was(clustered: Path, tiny_pruned: Path) -> None:
    before = load_checkpoint(checkpoint_directory(tiny_pruned, "lstm-prune")).weights
    after = load_checkpoint(checkpoint_directory(clustered, "lstm-prune-cluster")).weights
    for name in _KERNELS:
        assert np.all(after[name][before[name] == 0] == 0)


def test_the_frozen_word_vectors_are_not_clustered(tiny: Any, clustered: Path) -> None:
    weights = load_checkpoint(checkpoint_directory(clustered, "lstm-cluster")).weights
    np.testing.assert_array_equal(weights["embedding/0"], read_embeddings(tiny.features, "random"))


def test_the_clustered_bundle_computes_what_the_clustered_checkpoint_computes(tiny: Any, clustered: Path) -> None:
    checkpoint = load_checkpoint(checkpoint_directory(clustered, "lstm-cluster"))
    reviews = read_split(tiny.features, "tune")
    expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
    predicted = load_bundle(bundle_directory(clustered, "lstm-cluster")).predict(reviews["text"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


@pytest.mark.parametrize("initialization", CHOICES["cluster_initialization"])
def test_clusters_may_start_in_every_way_that_can_be_chosen(tiny: Any, tmp_path: Path, initialization: str) -> None:
    clustered = _cluster(tiny, [tiny.trained], tmp_path / "clustered", initialization=initialization)
    weights = load_checkpoint(checkpoint_directory(clustered, "lstm-cluster")).weights
    for name in _KERNELS:
        assert 1 < len(np.unique(weights[name])) <= _CLUSTERS
    assert read_conversions([clustered])["lstm-cluster"].distinct_weights <= _CLUSTERS


def test_zeros_of_a_pruned_model_get_values_if_they_need_not_stay(
    tiny: Any, tiny_pruned: Path, tmp_path: Path
) -> None:
    sources = [tiny.trained, tiny_pruned]
    clustered = _cluster(tiny, sources, tmp_path / "clustered", preserve_sparsity=False, initialization="linear")
    conversions = read_conversions([clustered])
    assert conversions["lstm-prune-cluster"].sparsity < 0.4


def test_a_layer_that_is_kept_in_float_keeps_its_values(tiny: Any, tmp_path: Path) -> None:
    clustered = _cluster(tiny, [tiny.trained], tmp_path / "clustered", kept_in_float=["lstm"])
    weights = load_checkpoint(checkpoint_directory(clustered, "lstm-cluster")).weights
    assert len(np.unique(weights["lstm/0"])) > 50
    assert len(np.unique(weights["classifier/0"])) <= _CLUSTERS


def test_too_few_clusters_are_refused(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 3"):
        _cluster(tiny, [tiny.trained], tmp_path / "none", clusters=2)
