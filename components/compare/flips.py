"""Which reviews change their label when a model is optimised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.compare.techniques import float_parents
from components.shared.records.measurements import Measurement
from components.shared.texts.text import join_title

EXAMPLES = 5


@dataclass(frozen=True)
class Flip:
    """One review that a candidate labels otherwise than its float parent.

    Attributes:
        text: Title and text, as they came.
        truth: Its true label.
        before, before_probability: What the float parent says, and how surely.
        after, after_probability: What the candidate says, and how surely.
    """

    text: str
    truth: str
    before: str
    before_probability: float
    after: str
    after_probability: float


@dataclass(frozen=True)
class Flips:
    """What flips on select.

    Attributes:
        parent: Identifier of the float parent.
        count: Reviews with another label.
        reviews: Reviews in all.
        examples: The flips in which the less sure of the two models is surest, at most EXAMPLES.
    """

    parent: str
    count: int
    reviews: int
    examples: tuple[Flip, ...]


def find_flips(
    measured: Sequence[Measurement],
    predicted: Mapping[str, NDArray[np.floating[Any]]],
    reviews: pd.DataFrame,
    labels: Sequence[str],
) -> dict[str, Flips]:
    """Returns the flips of every candidate with a chain whose float parent was measured too.

    Args:
        measured: All candidates.
        predicted: Candidate to probabilities on select, shape (n, classes).
        reviews: The select reviews, n rows.
        labels: From worst to best, shape (classes,).
    """
    parents = float_parents(measured)
    return {
        one.candidate: _compare(parents[one.model], predicted, one.candidate, reviews, labels)
        for one in measured
        if one.chain and one.model in parents
    }


def _compare(
    parent: Measurement,
    predicted: Mapping[str, NDArray[np.floating[Any]]],
    candidate: str,
    reviews: pd.DataFrame,
    labels: Sequence[str],
) -> Flips:
    before, after = predicted[parent.candidate], predicted[candidate]
    flipped = np.flatnonzero(before.argmax(axis=1) != after.argmax(axis=1))
    sureness = np.minimum(before.max(axis=1), after.max(axis=1))[flipped]
    surest = flipped[np.argsort(-sureness, kind="stable")][:EXAMPLES]
    return Flips(
        parent=parent.candidate,
        count=len(flipped),
        reviews=len(reviews),
        examples=tuple(_flip(reviews.iloc[row], before[row], after[row], labels) for row in surest),
    )


def _flip(
    review: Any, before: NDArray[np.floating[Any]], after: NDArray[np.floating[Any]], labels: Sequence[str]
) -> Flip:
    return Flip(
        text=join_title(review["title"], review["text"]),
        truth=review["label"],
        before=labels[int(before.argmax())],
        before_probability=float(before.max()),
        after=labels[int(after.argmax())],
        after_probability=float(after.max()),
    )
