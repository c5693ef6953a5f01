"""What engineer_features hands to the training steps: one directory, read through one function.

reviews.parquet    the reviews table of stage "features"
vocabulary.json    the words of the token view, most frequent first; word i has number i + 1
embeddings/        <name>.npy for each kind of word vectors: float32 (words + 1, dimensions); row 0, the padding, is 0
profile.json       what train looks like, for drift; see components/shared/profile.py
features.json      everything else, see `Features`
"""

import itertools
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from components.shared.profile import PROFILE, Profile, read_profile_file
from components.shared.records.task import Task
from components.shared.reviews import read_reviews
from components.shared.texts.text import NATURAL_STEPS, TextPreprocessing

REVIEWS, VOCABULARY, DESCRIPTION = "reviews.parquet", "vocabulary.json", "features.json"
_EMBEDDINGS = "embeddings"
Imbalance = Literal["weights", "oversample", "undersample", "none"]
#: Outcome of a rule of the guard -> its sign and its words, for pages: never told by colour alone.
OUTCOMES = {
    "passed": ("✓", "passed"),
    "skipped": ("–", "skipped"),
    "repaired": ("✎", "repaired"),
    "allowed": ("○", "allowed by name"),
    "warning": ("▲", "warning"),
    "stop": ("✕", "stops the run"),
}


class Finding(BaseModel):
    """What one rule of the leak and sampling guard found.

    Attributes:
        rule: Such as "label proxies" or "near-duplicates".
        outcome: "passed"; "skipped", the rule was not applied; "repaired", the guard removed the leak;
            "allowed", the user let it pass by name; "warning", for people to judge; "stop", the run ends.
        message: What was seen and what follows from it, in one or two sentences.
        columns: The source columns it speaks of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    outcome: Literal["passed", "skipped", "repaired", "allowed", "warning", "stop"]
    message: str
    columns: tuple[str, ...] = ()


class Features(BaseModel):
    """The content of features.json.

    Attributes:
        task: Labels and source columns.
        natural_steps: How the natural view was made, see `text.NATURAL_STEPS`.
        text: How tokens were made.
        sequence_length: The 95 % quantile of tokens a review, on train: the LSTM's input length.
        embeddings: Names of the word vectors, such as "glove-6b-50d".
        class_weights: Weight of each class in the loss, balanced, from train.
        class_shares: Share of each class in train.
        imbalance: What training does about rare classes: "weights" in the loss, "oversample" or "undersample"
            the train split, or "none".
        word_dropout: Share of the words that training leaves out at random, anew in every epoch.
        split_by: What decides a review's split: "text", "group" or "time".
        findings: What the leak and sampling guard found.
        data_fingerprint, code_fingerprint: What the features were made from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    natural_steps: tuple[str, ...] = NATURAL_STEPS
    text: TextPreprocessing
    sequence_length: int
    embeddings: tuple[str, ...]
    class_weights: tuple[float, ...]
    class_shares: tuple[float, ...]
    imbalance: Imbalance = "weights"
    word_dropout: float = 0.0
    split_by: Literal["text", "group", "time"] = "text"
    findings: tuple[Finding, ...] = ()
    data_fingerprint: str
    code_fingerprint: str


def read_features(directory: Path) -> Features:
    """Returns the description of a features directory."""
    return Features.model_validate_json((directory / DESCRIPTION).read_bytes())


def read_split(directory: Path, split: str) -> pd.DataFrame:
    """Returns the reviews of one split ("train", "tune", "select" or "test"), stage "features"."""
    return read_reviews(directory / REVIEWS, "features", split=split).reset_index(drop=True)


def read_training_reviews(directory: Path, seed: int) -> pd.DataFrame:
    """Returns the reviews that models learn from: train, resampled as `Features.imbalance` says.

    "oversample" repeats reviews of the rarer classes, drawn at random, until each class has as many as the
    largest; "undersample" draws as many of each class as the smallest has. The reviews keep their order. No
    other split is ever resampled.

    Args:
        directory: Directory of features.
        seed: Seed of the draw.
    """
    train = read_split(directory, "train")
    imbalance = read_features(directory).imbalance
    if imbalance not in ("oversample", "undersample"):
        return train
    counts = train["label"].value_counts()
    wanted = counts.max() if imbalance == "oversample" else counts.min()
    rows = [_draw(train.index[train["label"] == label].tolist(), wanted, seed) for label in sorted(counts.index)]
    return train.loc[sorted(itertools.chain.from_iterable(rows))].reset_index(drop=True)


def _draw(rows: list[int], wanted: int, seed: int) -> list[int]:
    """Returns `wanted` of the rows: all of them, and repetitions, if they are fewer."""
    # Here, because the command line reads this module's choices and has no use for scikit-learn.
    from sklearn.utils import resample

    missing = wanted - len(rows)
    if missing > 0:
        return rows + resample(rows, n_samples=missing, random_state=seed)
    return resample(rows, replace=False, n_samples=wanted, random_state=seed)


def read_profile(directory: Path) -> Profile:
    """Returns the reference profile of a features directory; raises UserError if there is none."""
    return read_profile_file(directory / PROFILE)


def profile_file(directory: Path) -> dict[str, bytes]:
    """Returns what every bundle keeps of a features directory: the reference profile, name to content."""
    path = directory / PROFILE
    return {PROFILE: path.read_bytes()} if path.is_file() else {}


def write_embeddings(directory: Path, name: str, matrix: NDArray[np.float32]) -> None:
    """Writes an embedding matrix, shape (words + 1, dimensions), into a features directory."""
    path = _embeddings_path(directory, name)
    path.parent.mkdir(exist_ok=True)
    np.save(path, matrix, allow_pickle=False)


def read_embeddings(directory: Path, name: str) -> NDArray[np.float32]:
    """Returns an embedding matrix, shape (words + 1, dimensions).

    Args:
        directory: Directory of features.
        name: One of `Features.embeddings`.
    """
    return np.load(_embeddings_path(directory, name), allow_pickle=False)


def _embeddings_path(directory: Path, name: str) -> Path:
    return directory / _EMBEDDINGS / f"{name}.npy"
