"""Figures of the whole table: lengths, copies, contradicting labels, groups, and class shares over time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.explore.table_scan import Scan

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 30
#: The finest calendar unit that has at most so many periods is shown.
_MOST_PERIODS = 24
_CALENDAR = ("h", "D", "W", "M", "Q", "Y")
#: Earliest and latest fifth of the reviews are compared, if they are as many as this.
_ENDS, _LEAST_AT_AN_END = 5, 100


@dataclass(frozen=True)
class Histogram:
    """Reviews by length; the last bin also holds everything longer.

    Attributes:
        edges: Words, shape (bins + 1,).
        counts: Reviews, shape (bins,).
    """

    edges: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """Reviews whose title and text stand in the table more than once, upper case and white space aside.

    Attributes:
        copies: Rows that repeat an earlier row.
        contradicting_texts: Different texts that have more than one label.
        contradicting_rows: Rows that hold one of those.
        surely_wrong: Rows that no model can get right, because the same text has another label more often.
        examples: Positions of the rows of a few contradicting texts, one array each, at most two rows a text.
    """

    copies: int
    contradicting_texts: int
    contradicting_rows: int
    surely_wrong: int
    examples: list[NDArray[np.int64]]


@dataclass(frozen=True)
class Groups:
    """Rows that share a group key.

    Attributes:
        groups: How many different keys there are.
        largest: Rows of the largest one.
        largest_row: Position of its first row.
        rows: Rows with a key.
    """

    groups: int
    largest: int
    largest_row: int
    rows: int


@dataclass(frozen=True)
class Drift:
    """Class shares over time.

    Attributes:
        periods: Names of the periods, oldest first.
        reviews: Reviews of each period, shape (periods,).
        shares: Share of each label, shape (periods, labels); 0 in a period without reviews.
        earliest, latest: Share of each label among the first and the last fifth of the reviews, shape (labels,);
            None if those are too few to compare.
    """

    periods: list[str]
    reviews: NDArray[np.int64]
    shares: NDArray[np.float64]
    earliest: NDArray[np.float64] | None
    latest: NDArray[np.float64] | None


@dataclass(frozen=True)
class TableFigures:
    """What the whole table shows.

    Attributes:
        rows: Reviews.
        rows_with_text: Those that have a text.
        class_counts: Reviews of each label.
        missing: Column to number of rows without a value.
        lengths: Quantiles of the words a review with a text, see `length_quantiles`.
        lengths_of_labels: The same of each label.
        histogram: Reviews with a text by length.
        copies: Among the reviews with a text.
        groups, drift: None if the table has no such column, or too little in it.
    """

    rows: int
    rows_with_text: int
    class_counts: list[int]
    missing: dict[str, int]
    lengths: list[float]
    lengths_of_labels: list[list[float]]
    histogram: Histogram
    copies: Copies
    groups: Groups | None
    drift: Drift | None


def figures_of_table(scan: Scan, labels: int, examples: int) -> TableFigures:
    """Returns what the whole table shows.

    Args:
        scan: One pass over it.
        labels: How many labels there are.
        examples: How many texts with contradicting labels to name rows of.
    """
    words, label = scan.words[scan.has_text], scan.label[scan.has_text]
    return TableFigures(
        rows=scan.rows,
        rows_with_text=len(words),
        class_counts=np.bincount(scan.label, minlength=labels).tolist(),
        missing=scan.missing,
        lengths=length_quantiles(words),
        lengths_of_labels=[length_quantiles(words[label == index]) for index in range(labels)],
        histogram=length_histogram(words),
        copies=find_copies(scan.text_hash, scan.label, scan.has_text, labels, examples),
        groups=find_groups(scan.group) if scan.group is not None else None,
        drift=find_drift(scan.time, scan.label, labels) if scan.time is not None else None,
    )


def length_quantiles(words: NDArray[np.int32]) -> list[float]:
    """Returns the 5, 25, 50, 75 and 95 % quantile; zeros without a review."""
    return [float(value) for value in np.quantile(words, _QUANTILES)] if len(words) else [0.0] * len(_QUANTILES)


def length_histogram(words: NDArray[np.int32]) -> Histogram:
    """Returns reviews by length, up to twice the 95 % quantile."""
    longest = max(1, min(int(words.max(initial=1)), int(2 * length_quantiles(words)[-1])))
    step = -(-longest // _BINS)
    edges = np.arange(0, longest + step, step)
    counts, _ = np.histogram(np.minimum(words, edges[-1] - 1), edges)
    return Histogram(edges, counts)


def find_copies(
    text_hash: NDArray[np.uint64],
    label: NDArray[np.int16],
    has_text: NDArray[np.bool_],
    labels: int,
    examples: int,
) -> Copies:
    """Returns how often reviews with a text repeat each other, and with what labels.

    Args:
        text_hash, label, has_text: Of the rows, shape (rows,).
        labels: How many labels there are.
        examples: How many contradicting texts to name rows of.
    """
    rows = np.flatnonzero(has_text)
    _, inverse, counts = np.unique(text_hash[rows], return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1
    # Only texts that repeat can contradict themselves: the table of counts stays small.
    rows, (_, text) = rows[repeated], np.unique(inverse[repeated], return_inverse=True)
    by_label = np.zeros((int(text.max(initial=-1)) + 1, labels), dtype=np.int64)
    np.add.at(by_label, (text, label[rows]), 1)
    contradicting = np.flatnonzero((by_label > 0).sum(axis=1) > 1)
    sizes = by_label[contradicting].sum(axis=1)
    return Copies(
        copies=int((counts - 1).sum()),
        contradicting_texts=len(contradicting),
        contradicting_rows=int(sizes.sum()),
        surely_wrong=int((sizes - by_label[contradicting].max(axis=1, initial=0)).sum()),
        examples=[_two_labels(rows[text == one], label) for one in contradicting[:examples]],
    )


def _two_labels(rows: NDArray[np.int64], label: NDArray[np.int16]) -> NDArray[np.int64]:
    _, first = np.unique(label[rows], return_index=True)
    return np.sort(rows[np.sort(first)[:2]])


def find_groups(group: NDArray[np.uint64]) -> Groups:
    """Returns how large the groups are; rows without a key (hash 0) are in none."""
    keyed = np.flatnonzero(group)
    if not len(keyed):
        return Groups(0, 0, 0, 0)
    _, first, counts = np.unique(group[keyed], return_index=True, return_counts=True)
    largest = int(counts.argmax())
    return Groups(len(counts), int(counts[largest]), int(keyed[first[largest]]), len(keyed))


def find_drift(time: NDArray[np.datetime64], label: NDArray[np.int16], labels: int) -> Drift | None:
    """Returns class shares over time; None if fewer than two moments are known."""
    dated = np.flatnonzero(~np.isnat(time))
    dated = dated[np.argsort(time[dated], kind="stable")]
    if not len(dated) or time[dated[0]] == time[dated[-1]]:
        return None
    codes, periods = _periods(pd.Series(time[dated]))
    counts = np.zeros((len(periods), labels), dtype=np.int64)
    np.add.at(counts, (codes, label[dated]), 1)
    reviews = counts.sum(axis=1)
    end = len(dated) // _ENDS
    enough = end >= _LEAST_AT_AN_END
    return Drift(
        periods=periods,
        reviews=reviews,
        shares=counts / np.maximum(reviews, 1)[:, None],
        earliest=_shares(label[dated[:end]], labels) if enough else None,
        latest=_shares(label[dated[-end:]], labels) if enough else None,
    )


def _shares(label: NDArray[np.int16], labels: int) -> NDArray[np.float64]:
    return np.bincount(label, minlength=labels) / len(label)


def _periods(times: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Returns the period of each of the sorted times, and the names of all periods without a gap."""
    first, last = times.iloc[0], times.iloc[-1]
    for unit in _CALENDAR:
        start, end = first.to_period(unit), last.to_period(unit)
        if end.ordinal - start.ordinal < _MOST_PERIODS:
            codes = pd.PeriodIndex(times, freq=unit).asi8 - start.ordinal
            return codes, [_period_name(period, unit) for period in pd.period_range(start, end, freq=unit)]
    # More than so many years: equally long periods, named by the year they begin in.
    edges = pd.date_range(first, last, periods=_MOST_PERIODS + 1)
    codes = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, _MOST_PERIODS - 1)
    return codes, [f"from {edge:%Y}" for edge in edges[:-1]]


def _period_name(period: pd.Period, unit: str) -> str:
    return f"week of {period.start_time:%Y-%m-%d}" if unit == "W" else str(period)
