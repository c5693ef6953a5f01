"""Clustering the weights of a tiny LSTM, and of its pruned version."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.cluster.clustering import cluster_candidates
from components.shared.bundle import load_bundle
from components.shared.candidates import bundle_directory, checkpoint_directory, list_bundles, read_failures
from components.shared.checkpoints import load_checkpoint
from components.shared.errors import UserError
from components.shared.features import read_embeddings, read_split
from components.shared.fitting import predict

_CLUSTERS = 6
_KERNELS = ("lstm/0", "lstm/1", "classifier/0")


@pytest.fixture(scope="module")
def clustered(tiny: Any, tiny_pruned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("clustered") / "candidates"
    sources = [tiny.trained, tiny_pruned]
    cluster_candidates("lstm", tiny.features, tiny.plan, sources, _CLUSTERS, tiny.finetuning, destination)
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


def test_too_few_clusters_are_refused(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 3"):
        cluster_candidates("lstm", tiny.features, tiny.plan, [tiny.trained], 2, tiny.finetuning, tmp_path / "none")
