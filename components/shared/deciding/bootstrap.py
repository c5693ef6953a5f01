"""Paired bootstrap of quality: how sure a figure is, and a difference between two candidates.

Every candidate is scored on the same resampled reviews, so that what they share cancels out in differences
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile intervals).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from components.shared.need import Metric

#: What is resampled: every metric that a need may name, and the error of the average sentiment.
Figure = Metric | Literal["average_error"]
Samples = NDArray[np.float64]

METRICS: tuple[Metric, ...] = get_args(Metric)
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
    score_errors: Mapping[str, NDArray[np.float64]] | None = None,
) -> dict[Figure, dict[str, Samples]]:
    """Returns several metrics of every candidate on the same resamples of the reviews.

    Args:
        truth: True label indices, shape (n,), n at least 1.
        predictions: Candidate to predicted label indices, shape (n,).
        classes: Number of labels.
        metrics: What to compute.
        seed: Of the resampling.
        resamples: How often the reviews are drawn again.
        score_errors: Candidate to expected minus true score of every review, shape (n,): with it, "average_error"
            is computed too.

    Returns:
        Figure to candidate to values, shape (resamples,); position i belongs to the same resample for all.
    """
    cells = {
        name: confusion_cells(truth, predicted, classes, score_errors[name] if score_errors is not None else None)
        for name, predicted in predictions.items()
    }
    figures: list[Figure] = [*metrics]
    if score_errors is not None:
        figures.append("average_error")
    blocks: dict[Figure, dict[str, list[Samples]]] = {
        figure: {name: [] for name in predictions} for figure in figures
    }
    for counts in draw_counts(len(truth), seed, resamples):
        for name, cell in cells.items():
            sums = (counts @ cell).astype(np.float64)
            for figure, of_candidates in blocks.items():
                of_candidates[name].append(figure_of(sums, classes, figure))
    return {
        figure: {name: np.concatenate(values) for name, values in of_candidates.items()}
        for figure, of_candidates in blocks.items()
    }


def figure_on(
    truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int, figure: Metric
) -> float:
    """Returns one metric of predicted label indices on the reviews as they are, both shape (n,)."""
    counts = np.bincount(truth * classes + predicted, minlength=classes**2).astype(np.float64)
    return float(figure_of(np.append(counts, 0.0)[None], classes, figure)[0])


def interval(values: Samples) -> tuple[float, float]:
    """Returns the percentile interval of bootstrap values at CONFIDENCE."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def intervals_of(
    resampled: Mapping[Figure, Mapping[str, Samples]],
) -> dict[Figure, dict[str, tuple[float, float]]]:
    """Returns the interval of every figure of every candidate."""
    return {figure: {name: interval(values) for name, values in of.items()} for figure, of in resampled.items()}


def draw_counts(rows: int, seed: int, resamples: int = RESAMPLES) -> Iterator[NDArray[np.float32]]:
    """Yields how often each review stands in each resample, shape (resamples of one block, rows)."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, _BLOCK):
        drawn = min(_BLOCK, resamples - start)
        yield generator.multinomial(rows, np.full(rows, 1 / rows), size=drawn).astype(np.float32)


def confusion_cells(
    truth: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    classes: int,
    score_errors: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Returns what each review adds to the sums that `figure_of` takes, shape (n, classes² + 1).

    The first columns are the cells of the confusion matrix, the last one is the error of the score, 0 if not given.
    """
    cells = np.zeros((len(truth), classes**2 + 1), dtype=np.float32)
    cells[np.arange(len(truth)), truth * classes + predicted] = 1
    if score_errors is not None:
        cells[:, -1] = score_errors
    return cells


def figure_of(
    sums: NDArray[np.float64], classes: int, figure: Figure, labels: NDArray[np.bool_] | None = None
) -> Samples:
    """Returns a figure of sums over reviews; what is undefined is 0, as in `metrics.quality`.

    Args:
        sums: Shape (resamples, classes² + 1), sums of `confusion_cells`.
        classes: Number of labels.
        figure: What to compute.
        labels: Shape (classes,): the labels that macro averages are taken over; all if not given.
    """
    confusion = sums[:, :-1].reshape(len(sums), classes, classes)
    actual, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    total = actual.sum(axis=1)
    correct = np.diagonal(confusion, axis1=1, axis2=2)
    kept = np.ones(classes, dtype=bool) if labels is None else labels
    match figure:
        case "average_error":
            return _ratio(sums[:, -1], total)
        case "accuracy":
            return _ratio(correct.sum(axis=1), total)
        case "macro_recall":
            return _ratio(correct, actual)[:, kept].mean(axis=1)
        case "macro_f1":
            return _ratio(2 * correct, actual + predicted)[:, kept].mean(axis=1)
        case "weighted_f1":
            return _ratio((_ratio(2 * correct, actual + predicted) * actual).sum(axis=1), total)
        case "quadratic_kappa":
            return _quadratic_kappa(confusion, actual, predicted, total)


def _quadratic_kappa(
    confusion: NDArray[np.float64], actual: NDArray[np.float64], predicted: NDArray[np.float64], total: Samples
) -> Samples:
    """Returns Cohen's kappa with quadratic weights (Cohen, Weighted kappa, 1968); 0 where all have one label."""
    ranks = np.arange(confusion.shape[1])
    weights = (ranks[:, None] - ranks[None, :]) ** 2
    disagreement = (confusion * weights).sum(axis=(1, 2)) * total
    by_chance = np.einsum("ri,ij,rj->r", actual, weights, predicted)
    return np.where(by_chance > 0, 1 - _ratio(disagreement, by_chance), 0.0)


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
