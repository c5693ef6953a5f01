"""The words of each label: the most frequent and the most telling ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from tqdm import tqdm

from components.shared.texts.text import default_stop_words, tokenize

_LEAST_REVIEWS_WITH_WORD = 5
_PRIOR_STRENGTH = 100.0
#: About one chance in a thousand that a word which tells nothing gets this far.
_LEAST_SURPRISE = 3.0


@dataclass(frozen=True)
class Word:
    """A word of a label.

    Attributes:
        word: In lower case.
        here: Share of the label's reviews that hold it.
        elsewhere: Share of the other labels' reviews that hold it.
        surprise: How surely it is more frequent here than elsewhere, as a z-score.
    """

    word: str
    here: float
    elsewhere: float
    surprise: float


@dataclass(frozen=True)
class WordsOfLabel:
    """Words of the reviews of one label, the strongest first."""

    label: str
    frequent: list[Word]
    telling: list[Word]


def words_without_stop_words(natural: Sequence[str], language: str) -> list[list[str]]:
    """Returns the words of each natural text without the language's stop words, "!" and "?"."""
    left_out = {*default_stop_words(language), "!", "?"}
    return [
        [word for word in tokenize(text) if word not in left_out]
        for text in tqdm(natural, desc="count words", mininterval=1.0)
    ]


def words_of_labels(
    words: Sequence[list[str]], label: NDArray[np.integer], labels: Sequence[str], most: int
) -> list[WordsOfLabel]:
    """Returns the most frequent and the most telling words of each label; each counts once a review.

    Telling words have the largest z-score of the log-odds ratio with an informative Dirichlet prior (Monroe,
    Colaresi and Quinn, 2008, "Fightin' Words"), which trusts neither very rare nor very common words.

    Args:
        words: The words of each review.
        label: Index of the label of each review, shape (reviews,).
        labels: The labels in order.
        most: How many words at most.
    """
    vectorizer = CountVectorizer(analyzer=list, binary=True, min_df=min(_LEAST_REVIEWS_WITH_WORD, max(len(words), 1)))
    try:
        counts = vectorizer.fit_transform(words)
    except ValueError:  # no word stands in enough reviews
        return [WordsOfLabel(label, [], []) for label in labels]
    vocabulary = vectorizer.get_feature_names_out()
    everywhere = np.asarray(counts.sum(axis=0)).ravel()
    found = []
    for index, name in enumerate(labels):
        rows = label == index
        here = np.asarray(counts[rows].sum(axis=0)).ravel()
        table = pd.DataFrame(
            {
                "word": vocabulary,
                "here": here / max(rows.sum(), 1),
                "elsewhere": (everywhere - here) / max((~rows).sum(), 1),
                "surprise": log_odds(here, everywhere - here),
            }
        )
        frequent = table[table["here"] > 0].nlargest(most, "here")
        telling = table[table["surprise"] > _LEAST_SURPRISE].nlargest(most, "surprise")
        found.append(WordsOfLabel(name, _words(frequent), _words(telling)))
    return found


def _words(table: pd.DataFrame) -> list[Word]:
    columns = (table["word"], table["here"], table["elsewhere"], table["surprise"])
    return [Word(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def log_odds(here: NDArray[np.integer], elsewhere: NDArray[np.integer]) -> NDArray[np.float64]:
    """Returns the z-score of each word's log-odds ratio between two groups of reviews.

    Args:
        here, elsewhere: How often each word stands in each group, shape (words,).
    """
    if len(here) < 2:  # the odds of the only word against all others
        return np.zeros(len(here))
    both = here + elsewhere
    prior = _PRIOR_STRENGTH * both / both.sum()
    total = prior.sum()
    first, second = here + prior, elsewhere + prior
    difference = np.log(first / (here.sum() + total - first)) - np.log(second / (elsewhere.sum() + total - second))
    return difference / np.sqrt(1 / first + 1 / second)
