"""Weight clustering while training on (Han et al. 2016, "Deep compression")."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.chains import Chain
from components.shared.errors import UserError
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import Checkpoint
from components.shared.training.finetuning import Finetuning
from components.shared.training.keras import cluster_weights, tfmot
from components.shared.training.techniques import (
    Built,
    build_candidates,
    left_alone,
    plain_copy,
    train_on,
    training_examples,
    wrap_compressible,
)

_Initialization = tfmot.clustering.keras.CentroidInitialization
_INITIALIZATIONS = {
    "kmeans++": _Initialization.KMEANS_PLUS_PLUS,
    "linear": _Initialization.LINEAR,
    "density-based": _Initialization.DENSITY_BASED,
    "random": _Initialization.RANDOM,
}


@dataclass(frozen=True)
class ClusteringSettings:
    """How to cluster.

    Attributes:
        clusters: Number of distinct values in each clustered matrix.
        initialization: How the first values are chosen: kmeans++, linear, density-based or random.
        preserve_sparsity: Whether the zeros of a pruned parent stay.
        kept_in_float: Names and patterns of layers that stay as they are.
    """

    clusters: int
    initialization: str
    preserve_sparsity: bool
    kept_in_float: Sequence[str]


def cluster_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    settings: ClusteringSettings,
    finetuning: Finetuning,
    accuracy_floor: float,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in clustering.

    Args:
        model: "lstm" or "distilbert".
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        settings: How to cluster.
        finetuning: How to train on.
        accuracy_floor: See `build_candidates`.
        destination: Directory of candidates to write.

    Raises:
        UserError: There are too few clusters.
    """
    if settings.clusters < 3:
        raise UserError(f"clusters {settings.clusters}: choose at least 3, such as 32")

    def cluster(parent: Checkpoint, chain: Chain) -> Built:
        clustered = _clustered(parent, features, settings, finetuning)
        notes = left_alone(parent.architecture, clustered, settings.kept_in_float)
        return Built(converted=parent.architecture.export(clustered), model=clustered, notes=notes)

    wanted = read_plan(plan)
    chains = wanted.chains_of(model, "cluster")
    build_candidates(model, chains, features, wanted, sources, cluster, accuracy_floor, destination)


def _clustered(parent: Checkpoint, features: Path, settings: ClusteringSettings, finetuning: Finetuning) -> Any:
    wrapped = wrap_compressible(
        parent,
        lambda layer: cluster_weights(
            layer,
            number_of_clusters=settings.clusters,
            cluster_centroids_init=_INITIALIZATIONS[settings.initialization],
            preserve_sparsity=settings.preserve_sparsity and "prune" in parent.chain,
        ),
        settings.kept_in_float,
    )
    train_on(parent, wrapped, training_examples(parent, features, finetuning), features, finetuning)
    return plain_copy(parent.architecture, tfmot.clustering.keras.strip_clustering(wrapped))
