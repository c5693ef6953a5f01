"""Candidates whose true quality is known, made from the predictions of a real one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

Labels = NDArray[np.integer[Any]]


def macro_f1(truth: Labels, predicted: Labels, classes: int) -> float:
    """Returns the macro-F1 over all labels, those that nobody has included."""
    return float(f1_score(truth, predicted, labels=range(classes), average="macro", zero_division=0))


def exchange_errors(truth: Labels, predicted: Labels, share: float, generator: np.random.Generator) -> Labels:
    """Returns predictions with the same confusion matrix, and so the same quality, but other errors.

    Of each true label, a share of the reviews, chosen at random, pass their predictions on among themselves.

    Args:
        truth, predicted: Label indices, shape (n,).
        share: Of the reviews, in 0..1; with 1, nothing but the true label ties the errors of the two together.
        generator: Source of chance.
    """
    exchanged = predicted.copy()
    for label in np.unique(truth):
        rows = np.flatnonzero(truth == label)
        rows = rows[generator.random(len(rows)) < share]
        exchanged[rows] = predicted[generator.permutation(rows)]
    return exchanged


def degrade(truth: Labels, predicted: Labels, classes: int, loss: float, generator: np.random.Generator) -> Labels:
    """Returns predictions whose macro-F1 is lower by a given loss, to one review.

    Reviews in random order get the label that another review, chosen at random, was given, until the loss is reached.

    Args:
        truth, predicted: Label indices, shape (n,).
        classes: Number of labels.
        loss: How much of the macro-F1 goes.
        generator: Source of chance.
    """
    order, wrong = generator.permutation(len(truth)), generator.permutation(predicted)
    target = macro_f1(truth, predicted, classes) - loss
    low, high = 0, len(truth)
    while low < high:
        middle = (low + high) // 2
        if macro_f1(truth, _replace(predicted, wrong, order[:middle]), classes) > target:
            low = middle + 1
        else:
            high = middle
    return _replace(predicted, wrong, order[:low])


def _replace(predicted: Labels, others: Labels, rows: Labels) -> Labels:
    replaced = predicted.copy()
    replaced[rows] = others[rows]
    return replaced
