"""Magnitude pruning while training on (Zhu and Gupta 2017, "To prune, or not to prune")."""

from pathlib import Path
from typing import Any

from components.shared.chains import Chain
from components.shared.checkpoints import Checkpoint
from components.shared.errors import UserError
from components.shared.finetuning import Finetuning
from components.shared.keras import tfmot
from components.shared.plan import read_plan
from components.shared.techniques import (
    Built,
    build_candidates,
    plain_copy,
    train_on,
    training_examples,
    wrap_compressible,
)

#: Sparsity rises over this share of the steps; the rest lets the remaining weights recover.
_RAMP = 2 / 3
#: The masks are renewed this often while sparsity rises.
_UPDATES = 50


def prune_candidates(
    model: str,
    features: Path,
    plan: Path,
    sources: list[Path],
    sparsity: float,
    finetuning: Finetuning,
    destination: Path,
) -> None:
    """Writes a candidate for every planned chain that ends in pruning.

    Args:
        model: "lstm" or "distilbert".
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        sparsity: Share of weights set to zero in each pruned matrix, in 0..1.
        finetuning: How to train on.
        destination: Directory of candidates to write.

    Raises:
        UserError: The sparsity is out of range, or there are too few training steps for pruning.
    """
    if not 0 < sparsity < 1:
        raise UserError(f"sparsity {sparsity}: choose a share between 0 and 1, such as 0.5")

    def prune(parent: Checkpoint, chain: Chain) -> Built:
        pruned = _pruned(parent, features, sparsity, finetuning)
        return Built(converted=parent.architecture.export(pruned), model=pruned)

    wanted = read_plan(plan)
    build_candidates(model, wanted.chains_of(model, "prune"), features, wanted, sources, prune, destination)


def _pruned(parent: Checkpoint, features: Path, sparsity: float, finetuning: Finetuning) -> Any:
    train = training_examples(parent, features, finetuning)
    steps = finetuning.epochs * -(-len(train.labels) // parent.architecture.batch_size)
    schedule = _schedule(sparsity, steps)
    wrapped = wrap_compressible(
        parent, lambda layer: tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)
    )
    train_on(parent, wrapped, train, features, finetuning, [tfmot.sparsity.keras.UpdatePruningStep()])
    return plain_copy(parent.architecture, tfmot.sparsity.keras.strip_pruning(wrapped))


def _schedule(sparsity: float, steps: int) -> Any:
    """Returns a schedule that reaches the sparsity within the steps, on a step at which masks are renewed."""
    frequency = max(int(steps * _RAMP) // _UPDATES, 1)
    end = int(steps * _RAMP) // frequency * frequency
    if end < 1:
        raise UserError(f"pruning needs at least 2 training steps, not {steps}: raise the rows or the epochs")
    return tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0, final_sparsity=sparsity, begin_step=0, end_step=end, frequency=frequency
    )
