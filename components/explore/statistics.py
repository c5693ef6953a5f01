"""The figures behind the exploration's plots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from tqdm import tqdm

from components.shared.reviews import OPTIONAL
from components.shared.task import scores_of
from components.shared.text import content_tokens, default_stop_words, natural_text

_NUMERIC = {
    "age": "age",
    "recommended": "recommended",
    "positive_feedback_count": "positive feedback",
}
_LEAST_REVIEWS_WITH_WORD = 5
_PRIOR_STRENGTH = 100.0


@dataclass(frozen=True)
class WordsOfLabel:
    """Words of the reviews of one label, the strongest first.

    Attributes:
        label: The label.
        frequent: Words with the share of the label's reviews that hold them.
        telling: Words with how surely they are more frequent here than elsewhere, as z-scores.
    """

    label: str
    frequent: list[tuple[str, float]]
    telling: list[tuple[str, float]]


def tokens_of(texts: Sequence[str]) -> list[list[str]]:
    """Returns the words of each raw text without English stop words, "!" and "?"."""
    stop_words = frozenset(default_stop_words("en"))
    return [
        [token for token in content_tokens(natural_text(text), stop_words) if token not in ("!", "?")]
        for text in tqdm(texts, desc="count words", mininterval=1.0)
    ]


def words_of_labels(
    tokens: Sequence[list[str]], labels: Sequence[str], every_label: Sequence[str], most: int
) -> list[WordsOfLabel]:
    """Returns the most frequent and the most telling words of each label.

    Telling words have the largest z-score of the log-odds ratio with an informative Dirichlet prior (Monroe,
    Colaresi and Quinn, 2008, "Fightin' Words"), which trusts neither very rare nor very common words.

    Args:
        tokens: The words of each review.
        labels: The label of each review.
        every_label: The labels in order.
        most: How many words at most.
    """
    vectorizer = CountVectorizer(analyzer=list, binary=True, min_df=min(_LEAST_REVIEWS_WITH_WORD, len(tokens)))
    try:
        counts = vectorizer.fit_transform(tokens)
    except ValueError:  # no word stands in enough reviews
        return [WordsOfLabel(label, [], []) for label in every_label]
    words = vectorizer.get_feature_names_out()
    everywhere = np.asarray(counts.sum(axis=0)).ravel()
    labels_array = np.asarray(labels)
    found = []
    for label in every_label:
        rows = labels_array == label
        here = np.asarray(counts[rows].sum(axis=0)).ravel()
        surprise = log_odds(here, everywhere - here)
        found.append(
            WordsOfLabel(
                label,
                _strongest(words, here / max(rows.sum(), 1), most),
                _strongest(words, surprise, most),
            )
        )
    return found


def log_odds(here: NDArray[np.integer], elsewhere: NDArray[np.integer]) -> NDArray[np.float64]:
    """Returns the z-score of each word's log-odds ratio between two groups of reviews.

    Args:
        here, elsewhere: How often each word stands in each group, shape (words,).
    """
    both = here + elsewhere
    prior = _PRIOR_STRENGTH * both / both.sum()
    total = prior.sum()
    first, second = here + prior, elsewhere + prior
    difference = np.log(first / (here.sum() + total - first)) - np.log(second / (elsewhere.sum() + total - second))
    return difference / np.sqrt(1 / first + 1 / second)


def _strongest(words: NDArray[np.str_], strength: NDArray[np.floating], most: int) -> list[tuple[str, float]]:
    order = np.argsort(-strength, kind="stable")[:most]
    return [(str(words[place]), float(strength[place])) for place in order if strength[place] > 0]


def correlations(reviews: pd.DataFrame, lengths: pd.Series, labels: Sequence[str]) -> pd.DataFrame:
    """Returns the rank correlations (Spearman) of the label, the length and the numeric columns there are.

    Args:
        reviews: Table of stage "ingested".
        lengths: Words of each review.
        labels: Labels from worst to best.

    Returns:
        A symmetric table; columns that never vary are left out.
    """
    columns = {"label": reviews["label"].map(dict(zip(labels, scores_of(tuple(labels)), strict=True)))}
    columns["words"] = lengths
    columns |= {shown: reviews[name] for name, shown in _NUMERIC.items() if name in reviews}
    numbers = pd.DataFrame(columns).astype("float64")
    varying = [name for name in numbers if numbers[name].nunique() > 1]
    return numbers[varying].corr(method="spearman")


def missing_shares(reviews: pd.DataFrame) -> pd.Series:
    """Returns the share of missing values of each column, in the table's order; an empty string is missing."""
    columns = [name for name in reviews.columns if name in ("title", "text", *OPTIONAL)]
    return (reviews[columns].isna() | (reviews[columns] == "")).mean()
