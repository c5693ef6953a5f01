"""Magnitude pruning while training on (Zhu and Gupta 2017, "To prune, or not to prune")."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.chains import Chain
from components.shared.errors import UserError
from components.shared.records.plan import read_plan
from components.shared.training.batches import steps_per_epoch
from components.shared.training.checkpoints import Checkpoint
from components.shared.training.finetuning import Finetuning
from components.shared.training.keras import tfmot
from components.shared.training.techniques import (
    Built,
    NothingToDoError,
    build_candidates,
    left_alone,
    plain_copy,
    train_on,
    training_examples,
    wrap_compressible,
)

#: Sparsity rises over this share of the steps; the rest lets the remaining weights recover.
_RAMP = 2 / 3
#: The masks are renewed this often while sparsity rises.
_UPDATES = 50


@dataclass(frozen=True)
class PruningSettings:
    """How to prune.

    Attributes:
        sparsity: Share of weights set to zero in each pruned matrix, in 0..1.
        schedule: "polynomial": sparsity rises while training on; "constant": it is there from the first step.
        layers: Names and patterns of the layers to prune, among those that can be pruned.
        kept_in_float: Names and patterns of layers that stay as they are.
    """

    sparsity: float
    schedule: str
    layers: Sequence[str]
    kept_in_float: Sequence[str]


def prune_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    settings: PruningSettings,
    finetuning: Finetuning,
    accuracy_floor: float,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in pruning.

    Args:
        model: "lstm" or "distilbert".
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        settings: How to prune.
        finetuning: How to train on.
        accuracy_floor: See `build_candidates`.
        destination: Directory of candidates to write.

    Raises:
        UserError: The sparsity is out of range.
    """
    if not 0 < settings.sparsity < 1:
        raise UserError(f"sparsity {settings.sparsity}: choose a share between 0 and 1, such as 0.5")

    def prune(parent: Checkpoint, chain: Chain) -> Built:
        pruned = _pruned(parent, features, settings, finetuning)
        notes = left_alone(parent.architecture, pruned, settings.kept_in_float, settings.layers)
        return Built(converted=parent.architecture.export(pruned), model=pruned, notes=notes)

    wanted = read_plan(plan)
    chains = wanted.chains_of(model, "prune")
    build_candidates(model, chains, features, wanted, sources, prune, accuracy_floor, destination)


def _pruned(parent: Checkpoint, features: Path, settings: PruningSettings, finetuning: Finetuning) -> Any:
    train = training_examples(parent, features, finetuning)
    steps = finetuning.epochs * steps_per_epoch(len(train.labels), parent.architecture.batch_size)
    schedule = _schedule(settings, steps)
    wrapped = wrap_compressible(
        parent,
        lambda layer: tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule),
        settings.kept_in_float,
        settings.layers,
    )
    train_on(parent, wrapped, train, features, finetuning, [tfmot.sparsity.keras.UpdatePruningStep()])
    return plain_copy(parent.architecture, tfmot.sparsity.keras.strip_pruning(wrapped))


def _schedule(settings: PruningSettings, steps: int) -> Any:
    """Returns a schedule that reaches the sparsity within the steps, on a step at which masks are renewed."""
    if settings.schedule == "constant":
        return tfmot.sparsity.keras.ConstantSparsity(settings.sparsity, begin_step=0, frequency=1)
    frequency = max(int(steps * _RAMP) // _UPDATES, 1)
    end = int(steps * _RAMP) // frequency * frequency
    if end < 1:
        raise NothingToDoError(f"pruning needs at least 2 training steps, not {steps}: raise the rows or the epochs")
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=settings.sparsity, begin_step=0, end_step=end, frequency=frequency
    )
