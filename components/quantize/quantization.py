"""Quantisation: after training, or while training on with simulated int8."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.chains import POST_TRAINING, Chain
from components.shared.checkpoints import Checkpoint
from components.shared.errors import UserError
from components.shared.examples import read_examples
from components.shared.finetuning import Finetuning
from components.shared.plan import read_plan
from components.shared.techniques import Built, build_candidates, train_on, training_examples


def quantize_candidates(
    model: str,
    aware: bool,
    features: Path,
    plan: Path,
    sources: list[Path],
    calibration_rows: int,
    finetuning: Finetuning,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in quantisation of the wanted kind.

    Args:
        model: "lstm" or "distilbert".
        aware: Build the quantisation-aware chains, which train; otherwise the post-training ones.
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        calibration_rows: Reviews of train that calibrate full int8, stratified.
        finetuning: How to train on, if quantisation-aware; its seed chooses the calibration reviews.
        destination: Directory of candidates to write.

    Raises:
        UserError: There are no calibration reviews.
    """
    if calibration_rows < 1:
        raise UserError(f"calibration_rows {calibration_rows}: choose at least 1, such as 200")
    wanted = read_plan(plan)
    chains = [chain for chain in wanted.chains_of(model, "quantize") if (chain[-1] in POST_TRAINING) != aware]

    def quantize(parent: Checkpoint, chain: Chain) -> Built:
        model, quantization = parent.build(), chain[-1]
        if aware:
            _train_aware(parent, model, features, finetuning)
            quantization = parent.architecture.quantization_after_aware
        calibration: Sequence[Encoded] = ()
        if quantization == "int8":
            calibration = read_examples(
                parent.architecture, features, "train", calibration_rows, finetuning.seed
            ).encoded
        return Built(parent.architecture.export(model, quantization, calibration), quantization)

    build_candidates(model, chains, features, wanted, sources, quantize, destination)


def _train_aware(parent: Checkpoint, model: Any, features: Path, finetuning: Finetuning) -> None:
    """Trains a plain model on with simulated int8; what pruning and clustering did to its parent stays."""
    architecture = parent.architecture
    aware = architecture.quantization_aware(model)
    train_on(parent, aware, training_examples(parent, features, finetuning), features, finetuning)
    architecture.copy_from_quantization_aware(aware, model)
    for name in architecture.compressible_layers(model):
        layer = model.get_layer(name)
        before = [parent.weights[f"{name}/{position}"] for position in range(len(layer.weights))]
        layer.set_weights(
            [_restored(old, new, parent.chain) for old, new in zip(before, layer.get_weights(), strict=True)]
        )


def _restored(parent: NDArray[Any], trained: NDArray[Any], chain: Chain) -> NDArray[Any]:
    """Returns trained weights with the clusters and the zeros that their parent had; biases have none.

    Weights that shared a value share the mean of what they became.
    """
    if parent.ndim < 2:
        return trained
    if "cluster" in chain:
        groups = np.unique(parent, return_inverse=True)[1].ravel()
        trained = (np.bincount(groups, trained.ravel()) / np.bincount(groups))[groups].reshape(parent.shape)
    return np.where(parent == 0, 0, trained) if "prune" in chain else trained
