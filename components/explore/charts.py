"""From figures to the bars, columns and boxes that the page draws; all positions are shares of the full width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.explore.table_figures import Drift, TableFigures
from components.explore.wording import count_of, number, percent


@dataclass(frozen=True)
class Bar:
    """A horizontal bar: its name, its length from 0 to 1, and the value in words."""

    name: str
    length: float
    value: str


@dataclass(frozen=True)
class Box:
    """A box plot's row: five quantiles from 0 to 1 of the axis, and the value in words."""

    name: str
    quantiles: list[float]
    value: str


@dataclass(frozen=True)
class Boxes:
    """Box plots over one axis, which ends at `longest` words."""

    rows: list[Box]
    longest: int


@dataclass(frozen=True)
class Column:
    """A vertical bar: what it stands for, its height from 0 to 1, and the value in words."""

    name: str
    height: float
    value: str


@dataclass(frozen=True)
class Columns:
    """Columns side by side, over an axis with ticks, and marks (name, place from 0 to 1) across them."""

    columns: list[Column]
    ticks: list[str]
    marks: list[tuple[str, float]]


@dataclass(frozen=True)
class Strip:
    """Small columns of one label over time."""

    name: str
    columns: list[Column]
    value: str


def bars_of_counts(counts: Mapping[str, int], whole: int) -> list[Bar]:
    """Returns a bar for each count; a full bar is the whole."""
    return [
        Bar(name, count / whole, f"{number(count)} ({percent(count / whole)})" if count else "none")
        for name, count in counts.items()
    ]


def columns_of_lengths(table: TableFigures) -> Columns:
    """Returns the reviews by length, with marks at the median and the 95 % quantile."""
    edges, counts = table.histogram.edges, table.histogram.counts
    last = len(counts) - 1
    columns = [
        Column(
            f"{edges[place]} or more" if place == last else f"{edges[place]} to {edges[place + 1] - 1}",
            float(count / max(counts.max(), 1)),
            count_of(int(count), "review"),
        )
        for place, count in enumerate(counts)
    ]
    marks = [("median", table.lengths[2]), ("95\u202f%", table.lengths[4])]
    end = int(edges[-1])
    ticks = [number(round(end * quarter / 4)) for quarter in range(5)]
    return Columns(columns, ticks, [(f"{name}: {number(words)}", min(1.0, words / end)) for name, words in marks])


def boxes_of_lengths(labels: Sequence[str], quantiles: Sequence[Sequence[float]]) -> Boxes:
    """Returns a box for each label."""
    longest = max(1, max(int(of_label[-1]) for of_label in quantiles))
    rows = [
        Box(label, [value / longest for value in of_label], f"median {number(of_label[2])}")
        for label, of_label in zip(labels, quantiles, strict=True)
    ]
    return Boxes(rows, longest)


def strips_of_shares(labels: Sequence[str], drift: Drift) -> list[Strip]:
    """Returns the share of each label over time, each strip with a scale of its own."""
    strips = []
    for index, label in enumerate(labels):
        shares = drift.shares[:, index]
        highest = max(float(shares.max()), 1e-9)
        columns = [
            Column(period, float(share) / highest, percent(float(share)) if reviews else "no reviews")
            for period, share, reviews in zip(drift.periods, shares, drift.reviews, strict=True)
        ]
        with_reviews = np.flatnonzero(drift.reviews)
        first, last = float(shares[with_reviews[0]]), float(shares[with_reviews[-1]])
        strips.append(Strip(label, columns, f"{percent(first)} → {percent(last)}"))
    return strips
