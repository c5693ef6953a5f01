"""Paired bootstrap of a quality metric: how sure a difference between two candidates is.

Every candidate is scored on the same resampled reviews, so that what they share cancels out in differences
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile intervals).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Metric = Literal["macro_f1", "accuracy", "weighted_f1"]
Samples = NDArray[np.float64]

RESAMPLES = 2000
CONFIDENCE = 0.95
#: Resamples drawn at a time, so that memory stays small on large tables.
_BLOCK = 250


def bootstrap_metric(
    truth: NDArray[np.integer[Any]],
    predictions: Mapping[str, NDArray[np.integer[Any]]],
    classes: int,
    metric: Metric,
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, Samples]:
    """Returns one metric of every candidate on the same resamples of the reviews; see `bootstrap_metrics`."""
    return bootstrap_metrics(truth, predictions, classes, [metric], seed, resamples)[metric]


def bootstrap_metrics(
    truth: NDArray[np.integer[Any]],
    predictions: Mapping[str, NDArray[np.integer[Any]]],
    classes: int,
    metrics: Iterable[Metric],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[Metric, dict[str, Samples]]:
    """Returns several metrics of every candidate on the same resamples of the reviews.

    Args:
        truth: True label indices, shape (n,), n at least 1.
        predictions: Candidate to predicted label indices, shape (n,).
        classes: Number of labels.
        metrics: What to compute.
        seed: Of the resampling.
        resamples: How often the reviews are drawn again.

    Returns:
        Metric to candidate to values, shape (resamples,); position i belongs to the same resample for all.
    """
    rows = len(truth)
    cells = {name: _one_hot(truth * classes + predicted, classes**2) for name, predicted in predictions.items()}
    blocks: dict[Metric, dict[str, list[Samples]]] = {
        metric: {name: [] for name in predictions} for metric in metrics
    }
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, _BLOCK):
        drawn = min(_BLOCK, resamples - start)
        counts = generator.multinomial(rows, np.full(rows, 1 / rows), size=drawn).astype(np.float32)
        for name, cell in cells.items():
            confusion = (counts @ cell).reshape(drawn, classes, classes).astype(np.float64)
            for metric, of_candidates in blocks.items():
                of_candidates[name].append(_metric_of(confusion, metric))
    return {
        metric: {name: np.concatenate(values) for name, values in of_candidates.items()}
        for metric, of_candidates in blocks.items()
    }


def interval(values: Samples) -> tuple[float, float]:
    """Returns the percentile interval of bootstrap values at CONFIDENCE."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _one_hot(indices: NDArray[np.integer[Any]], width: int) -> NDArray[np.float32]:
    return np.eye(width, dtype=np.float32)[indices]


def _metric_of(confusion: NDArray[np.float64], metric: Metric) -> Samples:
    """Returns the metric of confusion counts, shape (resamples, true, predicted); a class nobody has counts 0."""
    correct = np.diagonal(confusion, axis1=1, axis2=2)
    actual, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    total = actual.sum(axis=1)
    if metric == "accuracy":
        return correct.sum(axis=1) / total
    both = actual + predicted
    f1 = np.divide(2 * correct, both, out=np.zeros_like(both), where=both > 0)
    if metric == "macro_f1":
        return f1.mean(axis=1)
    return (f1 * actual).sum(axis=1) / total
