"""Weight clustering while training on (Han et al. 2016, "Deep compression")."""

from pathlib import Path
from typing import Any

from components.shared.chains import Chain
from components.shared.checkpoints import Checkpoint
from components.shared.errors import UserError
from components.shared.finetuning import Finetuning
from components.shared.keras import cluster_weights, tfmot
from components.shared.plan import read_plan
from components.shared.techniques import (
    Built,
    build_candidates,
    plain_copy,
    train_on,
    training_examples,
    wrap_compressible,
)

_Initialization = tfmot.clustering.keras.CentroidInitialization


def cluster_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    clusters: int,
    finetuning: Finetuning,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in clustering; a pruned parent stays sparse.

    Args:
        model: "lstm" or "distilbert".
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        clusters: Number of distinct values in each clustered matrix.
        finetuning: How to train on.
        destination: Directory of candidates to write.

    Raises:
        UserError: There are too few clusters.
    """
    if clusters < 3:
        raise UserError(f"clusters {clusters}: choose at least 3, such as 32")

    def cluster(parent: Checkpoint, chain: Chain) -> Built:
        clustered = _clustered(parent, "prune" in chain, features, clusters, finetuning)
        return Built(converted=parent.architecture.export(clustered), model=clustered)

    wanted = read_plan(plan)
    build_candidates(model, wanted.chains_of(model, "cluster"), features, wanted, sources, cluster, destination)


def _clustered(parent: Checkpoint, sparse: bool, features: Path, clusters: int, finetuning: Finetuning) -> Any:
    wrapped = wrap_compressible(
        parent,
        lambda layer: cluster_weights(
            layer,
            number_of_clusters=clusters,
            cluster_centroids_init=_Initialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=sparse,
        ),
    )
    train_on(parent, wrapped, training_examples(parent, features, finetuning), features, finetuning)
    return plain_copy(parent.architecture, tfmot.clustering.keras.strip_clustering(wrapped))
