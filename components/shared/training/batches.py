"""Padded batches of reviews of like length: for training, a function of seed and epoch alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Architecture, Encoded, Inputs
from components.shared.training.examples import Examples

#: Reviews are shuffled, then sorted by length within this many batches: little padding, still random.
_BATCHES_PER_POOL = 50

#: Inputs; label indices (batch,) or probabilities of the labels (batch, classes); weights (batch,).
Batch = tuple[Inputs, NDArray[Any], NDArray[np.float32]]


class TrainingBatches:
    """The batches of one epoch: the same for the same seed and epoch, in whatever process and however often."""

    def __init__(
        self,
        architecture: Architecture,
        examples: Examples,
        class_weights: Sequence[float],
        batch_size: int,
        seed: int,
        epoch: int,
        word_dropout: float = 0.0,
    ) -> None:
        """Decides which reviews come together, and in which order.

        Args:
            architecture: Pads the batches.
            examples: Reviews to learn from.
            class_weights: Weight of each class in the loss.
            batch_size: Reviews a batch; the last of a pool may have fewer.
            seed: Seed of the order and of word dropout.
            epoch: Counted from 0; each has an order, and left out words, of its own.
            word_dropout: Share of the words that are left out.
        """
        self._architecture = architecture
        self._examples = examples
        self._weights = np.asarray(class_weights, dtype=np.float32)[examples.labels]
        self._seed = (seed, epoch)
        self._word_dropout = word_dropout
        lengths = np.array([len(review) for review in examples.encoded])
        self._rows = _group_by_length(lengths, batch_size, np.random.default_rng(self._seed))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Batch:
        rows = self._rows[index]
        encoded = self._without_words(index, [self._examples.encoded[row] for row in rows])
        soft_labels = self._examples.soft_labels
        labels = self._examples.labels if soft_labels is None else soft_labels
        return self._architecture.inputs(encoded), labels[rows], self._weights[rows]

    def _without_words(self, index: int, encoded: list[Encoded]) -> list[Encoded]:
        if not self._word_dropout:
            return encoded
        # A generator for each batch: training that is resumed does not ask for the batches before.
        generator = np.random.default_rng([*self._seed, index])
        return [self._architecture.drop_words(review, self._word_dropout, generator) for review in encoded]


def prediction_batches(encoded: Sequence[Encoded], batch_size: int) -> list[NDArray[np.int64]]:
    """Returns the rows of each batch, reviews of like length together; each row is in one."""
    order = np.argsort([len(review) for review in encoded], kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Returns how many batches an epoch of `TrainingBatches` has."""
    pool = batch_size * _BATCHES_PER_POOL
    return rows // pool * _BATCHES_PER_POOL + -(-(rows % pool) // batch_size)


def _group_by_length(
    lengths: NDArray[np.int64], batch_size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    order = generator.permutation(len(lengths))
    pool = batch_size * _BATCHES_PER_POOL
    batches = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    return [batches[index] for index in generator.permutation(len(batches))]
