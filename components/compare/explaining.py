"""Which words the chosen candidate's predictions rest on, over a sample and in three reviews."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from tqdm import tqdm

from components.shared.bundle import load_bundle, read_manifest
from components.shared.explanations import DrivingWords, Explanation, explain_labels, explain_text
from components.shared.texts.text import join_titles

MINIMUM_OCCURRENCES = 3
_CALLS_FOR_EXAMPLE = 500
#: Examples are reviews that a reader takes in at a glance.
_SHORTEST, _LONGEST = 5, 60

Kind = Literal["right", "wrong", "mixed"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(_Strict):
    """One review explained.

    Attributes:
        kind: "right", predicted with the most confidence; "wrong", of those predicted wrongly the one with the most
            confidence; "mixed", the one whose two most probable labels are closest.
        truth: Its true label.
        explanation: Its words.
    """

    kind: Kind
    truth: str
    explanation: Explanation


class ChoiceExplanation(_Strict):
    """What explains the chosen candidate.

    Attributes:
        candidate: Its identifier.
        reviews: How many reviews the sample has.
        drivers: The words that drive each label over the sample, in the order of the labels.
        examples: Three reviews; fewer if there is no such review.
    """

    candidate: str
    reviews: int
    drivers: tuple[DrivingWords, ...]
    examples: tuple[Example, ...]


def explain_choice(
    bundle: Path, reviews: pd.DataFrame, probabilities: NDArray[np.floating], count: int, seed: int
) -> ChoiceExplanation | None:
    """Explains a bundle on reviews it was measured on.

    Args:
        bundle: The chosen candidate.
        reviews: The select split: columns title, text, label and natural, n rows.
        probabilities: What the candidate predicted for them, shape (n, classes).
        count: Size of the sample; 0 explains nothing.
        seed: Of the sample.

    Returns:
        None if nothing is to be explained, or the candidate asks a paid service.
    """
    if not count:
        return None
    predictor = load_bundle(bundle)
    if predictor.paid:
        tqdm.write("The chosen candidate asks a paid service: it is not explained.")
        return None
    truth = predictor.task.indices(reviews["label"].tolist())
    raw = join_titles(reviews["title"], reviews["text"])
    sample = sample_rows(truth, count, seed)
    drivers = explain_labels(
        predictor, [raw[row] for row in sample], minimum_occurrences=MINIMUM_OCCURRENCES, seed=seed
    )
    words = np.array([len(text.split()) for text in reviews["natural"]])
    examples = [
        Example(
            kind=kind,
            truth=predictor.task.labels[truth[row]],
            explanation=explain_text(predictor, raw[row], _CALLS_FOR_EXAMPLE, seed),
        )
        for kind, row in pick_examples(truth, probabilities, words)
    ]
    return ChoiceExplanation(
        candidate=read_manifest(bundle, verify=False).candidate,
        reviews=len(sample),
        drivers=tuple(drivers),
        examples=tuple(examples),
    )


def sample_rows(truth: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Returns at most `count` rows, sorted, with as many of each label as there are; chosen at random, seeded.

    A sample in which labels are as frequent as they are would hold a handful of the rare ones.
    """
    order = np.random.default_rng(seed).permutation(len(truth))
    turn = pd.Series(truth[order]).groupby(truth[order]).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:count]])


def pick_examples(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating], words: NDArray[np.int64]
) -> list[tuple[Kind, int]]:
    """Returns kind and row of the reviews to show; see `Example`.

    Args:
        truth: True labels, shape (n,).
        probabilities: Shape (n, classes).
        words: Words of each review, shape (n,); short and long reviews are taken only if there are no others.
    """
    readable = (words >= _SHORTEST) & (words <= _LONGEST)
    usable = readable if readable.any() else words > 0
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    right = probabilities.argmax(axis=1) == truth
    found: list[tuple[Kind, int]] = []
    wanted: list[tuple[Kind, NDArray[np.bool_], NDArray[np.floating]]] = [
        ("right", right, first),
        ("wrong", ~right, first),
        ("mixed", np.ones_like(right), second - first),
    ]
    for kind, suits, value in wanted:
        rows = np.flatnonzero(suits & usable)
        if len(rows):
            row = int(rows[value[rows].argmax()])
            found.append((kind, row))
            usable = usable & (np.arange(len(truth)) != row)
    return found
