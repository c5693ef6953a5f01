"""How a technique trains on: the settings that pruning, clustering and quantisation-aware training share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finetuning:
    """Settings of training on.

    Attributes:
        rows: Train on this many reviews, stratified by label; 0 means all of train.
        epochs: Passes over them.
        learning_rate: Of Adam; 0 means a tenth of what the model was trained with.
        seed: Seed of the choice of rows, of resampling, of shuffling and of word dropout.
    """

    rows: int
    epochs: int
    learning_rate: float
    seed: int
