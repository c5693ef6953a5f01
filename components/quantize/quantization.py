"""Quantisation: after training, or while training on with simulated int8."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.onnx_conversion import quantize as quantize_onnx
from components.shared.architectures.onnx_conversion import with_matrices
from components.shared.chains import POST_TRAINING, Chain
from components.shared.errors import UserError
from components.shared.layer_names import matching
from components.shared.records.plan import read_plan
from components.shared.training.batches import steps_per_epoch
from components.shared.training.checkpoints import Checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.finetuning import Finetuning
from components.shared.training.techniques import Built, build_candidates, train_on, training_examples


@dataclass(frozen=True)
class QuantizationSettings:
    """How to quantise.

    Attributes:
        calibration_rows: Reviews of train that calibrate full int8, stratified.
        per_channel: Each output channel of a matrix has a scale of its own; otherwise each matrix has one.
        kept_in_float: Names and patterns of layers whose weights stay float32.
        aware_steps: Training steps of quantisation-aware training, about; 0 means what `Finetuning` says.
    """

    calibration_rows: int
    per_channel: bool
    kept_in_float: Sequence[str]
    aware_steps: int


def quantize_candidates(
    model: str,
    aware: bool,
    features: Path,
    plan: Path,
    sources: list[Path],
    settings: QuantizationSettings,
    finetuning: Finetuning,
    accuracy_floor: float,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in quantisation of the wanted kind.

    Args:
        model: "lstm" or "distilbert".
        aware: Build the quantisation-aware chains, which train; otherwise the post-training ones.
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        settings: How to quantise.
        finetuning: How to train on, if quantisation-aware; its seed chooses the calibration reviews.
        accuracy_floor: See `build_candidates`.
        destination: Directory of candidates to write.

    Raises:
        UserError: There are no calibration reviews.
    """
    if settings.calibration_rows < 1:
        raise UserError(f"calibration_rows {settings.calibration_rows}: choose at least 1, such as 200")
    wanted = read_plan(plan)
    chains = [chain for chain in wanted.chains_of(model, "quantize") if (chain[-1] in POST_TRAINING) != aware]

    def quantize(parent: Checkpoint, chain: Chain) -> Built:
        architecture, model, quantization = parent.architecture, parent.build(), chain[-1]
        kept = matching([layer.name for layer in model.layers if layer.weights], settings.kept_in_float)
        notes = [f"kept in float: {', '.join(kept)}"] if kept else []
        if aware:
            _train_aware(parent, model, kept, features, _stepwise(finetuning, settings.aware_steps, parent, features))
            quantization = architecture.quantization_after_aware
            notes.append(f"trained with simulated int8, then converted as {quantization}")
        calibration: Sequence[Encoded] = ()
        if quantization == "int8":
            rows = settings.calibration_rows
            calibration = read_examples(architecture, features, "train", rows, finetuning.seed).encoded
            notes += architecture.int8_notes
        converted = architecture.export(model, quantization, calibration, settings.per_channel, kept)
        return Built(
            converted,
            quantization,
            notes=tuple(notes),
            convert_to_onnx=lambda: (
                quantize_onnx(onnx.load(parent.float_onnx), settings.per_channel, with_matrices(model, kept))
                if quantization == "dynamic" and not aware and parent.float_onnx.is_file()
                else architecture.export_onnx(model, quantization, settings.per_channel, kept)
            ),
        )

    build_candidates(model, chains, features, wanted, sources, quantize, accuracy_floor, destination)


def _stepwise(finetuning: Finetuning, steps: int, parent: Checkpoint, features: Path) -> Finetuning:
    """Returns settings that train for so many steps: in as few epochs as the reviews allow, all of one size."""
    if not steps:
        return finetuning
    batch_size = parent.architecture.batch_size
    available = steps_per_epoch(len(training_examples(parent, features, finetuning).labels), batch_size)
    epochs = -(-steps // available)
    return replace(finetuning, epochs=epochs, rows=-(-steps // epochs) * batch_size)


def _train_aware(parent: Checkpoint, model: Any, kept: Sequence[str], features: Path, finetuning: Finetuning) -> None:
    """Trains a plain model on with simulated int8; what pruning and clustering did to its parent stays."""
    architecture = parent.architecture
    aware = architecture.quantization_aware(model, kept)
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
