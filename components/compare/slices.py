"""Quality by slice: where a candidate is weaker than elsewhere, and where compression harmed it.

Reviews are resampled as for the decision (see deciding/bootstrap.py), all slices and candidates from the same
resamples. A slice is compared with all other reviews, a compressed candidate with its float parent on the same
reviews. Tests are those of the basic bootstrap (Davison and Hinkley, Bootstrap Methods and their Application, 1997,
chapter 5), which cancels the bias that macro averages have on few reviews; the p-values of one candidate are
adjusted for their number after Benjamini and Hochberg (1995).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from components.compare.slicing import Slice
from components.shared.deciding.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    Samples,
    confusion_cells,
    draw_counts,
    figure_of,
    interval,
)
from components.shared.files import atomic_path
from components.shared.metrics import score_errors
from components.shared.need import Metric
from components.shared.records.task import Task

#: A slice with fewer reviews is too small to say anything of.
LEAST_REVIEWS = 50
#: Macro averages leave out a label with fewer reviews in the slice or outside it.
LEAST_OF_LABEL = 5

Predictions = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SliceFigures:
    """Quality of one candidate on one slice; None is what too few reviews say nothing of.

    Attributes:
        attribute, value: Which slice.
        reviews: Number of reviews.
        labels: Number of labels that macro averages are taken over, here and in `difference`.
        quality: The deciding metric.
        difference: It minus that of all other reviews.
        weaker: Whether `difference` is significantly below 0.
        average_error: Predicted minus true mean score, in label units.
        change: Quality minus the float parent's on the slice; None without a parent.
        harmed: Whether `change` is significantly below 0.
        flips: Reviews with another label than from the float parent; None without a parent.
    """

    attribute: str
    value: str
    reviews: int
    labels: int = 0
    quality: Estimate | None = None
    difference: Estimate | None = None
    weaker: bool = False
    average_error: Estimate | None = None
    change: Estimate | None = None
    harmed: bool = False
    flips: int | None = None


@dataclass(frozen=True)
class SlicedCandidate:
    """The slices of one candidate.

    Attributes:
        candidate: Identifier.
        parent: The float model that it was made from; "" if it is one itself.
        quality: The deciding metric on all reviews.
        slices: In the order of the slicing.
    """

    candidate: str
    parent: str
    quality: float
    slices: tuple[SliceFigures, ...]


@dataclass(frozen=True)
class _Values:
    """One figure of a candidate: as it is, and on each resample."""

    value: float
    samples: Samples

    @classmethod
    def of(cls, values: Samples) -> Self:
        """Returns the figure whose first value is that of the reviews as they are."""
        return cls(float(values[0]), values[1:])

    def __sub__(self, other: "_Values") -> "_Values":
        return _Values(self.value - other.value, self.samples - other.samples)

    def estimate(self) -> Estimate:
        return Estimate(self.value, *interval(self.samples))

    def basic_estimate(self) -> Estimate:
        low, high = interval(self.samples)
        return Estimate(self.value, 2 * self.value - high, 2 * self.value - low)

    def p_below_zero(self) -> float:
        """Returns the p-value, two-sided, of a value below 0; 1 for one that is not."""
        if self.value >= 0:
            return 1.0
        as_low = int((self.samples - self.value <= self.value).sum())
        return min(2 * (as_low + 1) / (len(self.samples) + 1), 1.0)


@dataclass(frozen=True)
class _OnSlice:
    """What is known of one model on one slice: the metric there and on all other reviews, and its error."""

    quality: _Values
    rest: _Values
    average_error: _Values


def slice_candidates(
    truth: NDArray[np.integer[Any]],
    predicted: Mapping[str, Predictions],
    parents: Mapping[str, str],
    slices: Sequence[Slice],
    task: Task,
    metric: Metric,
    seed: int,
    resamples: int = RESAMPLES,
) -> list[SlicedCandidate]:
    """Returns the figures of candidates on every slice.

    Args:
        truth: True label indices, shape (n,).
        predicted: Model to probabilities, shape (n, classes); holds the parents too.
        parents: The candidates, in order, to their float parents; "" for one that has none.
        slices: Of the same n reviews.
        task: Values of the labels.
        metric: What decides.
        seed: Of the bootstrap.
        resamples: How often the reviews are drawn again.
    """
    if not parents:
        return []
    classes, scores = len(task.labels), np.array(task.scores)
    labels = {name: rows.argmax(axis=1) for name, rows in predicted.items()}
    cells = {
        name: confusion_cells(truth, labels[name], classes, score_errors(truth, predicted[name], scores))
        for name in {*parents, *parents.values()} - {""}
    }
    averaged = [_averaged_labels(truth, one.reviews, classes) for one in slices]
    known = _resample(cells, slices, averaged, metric, classes, seed, resamples)
    return [
        SlicedCandidate(
            candidate=name,
            parent=parent,
            quality=float(figure_of(cells[name].sum(axis=0, dtype=np.float64)[None], classes, metric)[0]),
            slices=_describe(
                slices,
                averaged,
                known[name],
                known.get(parent),
                labels[name] != labels[parent] if parent else None,
            ),
        )
        for name, parent in parents.items()
    ]


def write_slices(candidates: Sequence[SlicedCandidate], path: Path) -> None:
    """Writes one row a candidate and slice as CSV, atomically; what is None is an empty field."""
    rows = [_row(one, figures) for one in candidates for figures in one.slices]
    with atomic_path(path) as staged:
        pd.DataFrame(rows, columns=_COLUMNS).to_csv(staged, index=False, float_format="%.6g")


_ESTIMATES = ("quality", "difference", "average_error", "change")
_COLUMNS = [
    *("candidate", "parent"),
    *(
        column
        for field in fields(SliceFigures)
        for column in (
            (field.name, f"{field.name}_low", f"{field.name}_high") if field.name in _ESTIMATES else (field.name,)
        )
    ),
]


def _row(candidate: SlicedCandidate, figures: SliceFigures) -> dict[str, object]:
    row: dict[str, object] = {"candidate": candidate.candidate, "parent": candidate.parent, **asdict(figures)}
    for name in _ESTIMATES:
        estimate = getattr(figures, name)
        if estimate is not None:
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row


def _averaged_labels(truth: NDArray[np.integer[Any]], reviews: NDArray[np.bool_], classes: int) -> NDArray[np.bool_]:
    """Returns the labels that macro averages are taken over, shape (classes,)."""
    inside, outside = (np.bincount(truth[rows], minlength=classes) for rows in (reviews, ~reviews))
    both = (inside >= LEAST_OF_LABEL) & (outside >= LEAST_OF_LABEL)
    return both if both.any() else inside >= LEAST_OF_LABEL


def _resample(
    cells: Mapping[str, NDArray[np.float32]],
    slices: Sequence[Slice],
    averaged: Sequence[NDArray[np.bool_]],
    metric: Metric,
    classes: int,
    seed: int,
    resamples: int,
) -> dict[str, list[_OnSlice | None]]:
    """Returns what is known of each model on each slice; None of a slice that is too small."""
    large = [number for number, one in enumerate(slices) if one.reviews.sum() >= LEAST_REVIEWS]
    # Beside each other, all models take one multiplication.
    beside = np.hstack(list(cells.values()))
    parts: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    # The reviews as they are come first, as if they were a resample.
    for counts in chain([np.ones((1, len(beside)), dtype=np.float32)], draw_counts(len(beside), seed, resamples)):
        totals = counts @ beside
        for number in large:
            reviews, labels = slices[number].reviews, averaged[number]
            inside = counts[:, reviews] @ beside[reviews]
            sums, rest = (part.astype(np.float64).reshape(-1, classes**2 + 1) for part in (inside, totals - inside))
            figures = (
                figure_of(sums, classes, metric, labels),
                figure_of(rest, classes, metric, labels),
                figure_of(sums, classes, "average_error"),
            )
            parts[number].append(np.stack(figures).reshape(3, len(counts), len(cells)))
    values = {number: np.concatenate(blocks, axis=1) for number, blocks in parts.items()}
    return {
        name: [
            _OnSlice(*map(_Values.of, values[number][:, :, column])) if number in values else None
            for number in range(len(slices))
        ]
        for column, name in enumerate(cells)
    }


def _describe(
    slices: Sequence[Slice],
    averaged: Sequence[NDArray[np.bool_]],
    known: Sequence[_OnSlice | None],
    parents: Sequence[_OnSlice | None] | None,
    flipped: NDArray[np.bool_] | None,
) -> tuple[SliceFigures, ...]:
    differences = [
        one.quality - one.rest if one and (~piece.reviews).sum() >= LEAST_REVIEWS else None
        for one, piece in zip(known, slices, strict=True)
    ]
    changes = [
        one.quality - parent.quality if one and parent else None
        for one, parent in zip(known, parents or [None] * len(slices), strict=True)
    ]
    weaker, harmed = _significantly_below_zero(differences), _significantly_below_zero(changes)
    return tuple(
        SliceFigures(
            attribute=piece.attribute,
            value=piece.value,
            reviews=int(piece.reviews.sum()),
            labels=int(averaged[number].sum()),
            quality=one.quality.estimate() if one else None,
            difference=difference.basic_estimate() if difference else None,
            weaker=weaker[number],
            average_error=one.average_error.estimate() if one else None,
            change=change.basic_estimate() if change else None,
            harmed=harmed[number],
            flips=None if flipped is None else int(flipped[piece.reviews].sum()),
        )
        for number, (piece, one, difference, change) in enumerate(
            zip(slices, known, differences, changes, strict=True)
        )
    )


def _significantly_below_zero(values: Sequence[_Values | None]) -> list[bool]:
    """Returns which values are below 0, at most a share of 1 - CONFIDENCE of them wrongly; None never is."""
    known = {number: one.p_below_zero() for number, one in enumerate(values) if one is not None}
    adjusted = false_discovery_control(list(known.values())) if known else []
    below = {number for number, p in zip(known, adjusted, strict=True) if p <= 1 - CONFIDENCE}
    return [number in below for number in range(len(values))]
