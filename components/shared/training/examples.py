"""Labelled reviews in the form that a deep model learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.architectures.base import Architecture, Encoded
from components.shared.records.features import read_features, read_split, read_training_reviews


@dataclass(frozen=True)
class Examples:
    """Reviews of one split.

    Attributes:
        encoded: Token numbers of each review, unpadded.
        labels: Label indices, shape (n,).
        soft_labels: Probabilities to learn in place of the labels, shape (n, classes); None if there are none.
    """

    encoded: Sequence[Encoded]
    labels: NDArray[np.int64]
    soft_labels: NDArray[np.float32] | None = None


def read_examples(architecture: Architecture, features: Path, split: str, rows: int = 0, seed: int = 0) -> Examples:
    """Returns the reviews of a split for an architecture; those of train resampled, see `read_training_reviews`.

    Args:
        architecture: Turns reviews into token numbers.
        features: Directory of features.
        split: "train" or "tune".
        rows: Take only this many reviews, stratified by label; 0 means all.
        seed: Seed of that choice, and of resampling.
    """
    reviews = read_training_reviews(features, seed) if split == "train" else read_split(features, split)
    reviews = stratified_sample(reviews, rows, seed)
    labels = read_features(features).task.indices(reviews["label"].tolist())
    return Examples(encoded=architecture.encode(reviews), labels=labels)


def stratified_sample(reviews: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Returns `rows` reviews in which each label keeps its share, give or take one; all if `rows` is 0.

    Each label's reviews are put in a random order and spread evenly over 0..1; the first `rows` in that
    spread are taken (systematic sampling).

    Args:
        reviews: A reviews table.
        rows: Number of reviews wanted.
        seed: Seed of the random order.
    """
    if not 0 < rows < len(reviews):
        return reviews
    by_label = reviews.sample(frac=1, random_state=seed).groupby("label", sort=True)["label"]
    position = (by_label.cumcount() + 0.5) / by_label.transform("size")
    return reviews.loc[position.sort_values(kind="stable").index[:rows]].reset_index(drop=True)
