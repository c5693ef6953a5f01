"""Figures that are dear to have, from a random sample of the table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from components.explore.associations import Association, associations
from components.explore.table_scan import reviews_of
from components.explore.words import WordsOfLabel, words_of_labels, words_without_stop_words
from components.shared.records.task import Task
from components.shared.reviews import attributes_of
from components.shared.texts.languages import in_another_language, languages_of
from components.shared.texts.near_duplicates import near_duplicate_groups
from components.shared.texts.text import natural_text

#: Near-duplicates share at least this part of their words.
SIMILARITY = 0.8
#: Stands among the columns of the source, whose names have a prefix.
LENGTH_COLUMN = "number of words"
_WORDS_A_LABEL = 12
_TEXTS_AT_ONCE = 2_000


@dataclass(frozen=True)
class NearDuplicates:
    """Reviews that are nearly but not exactly the same.

    Attributes:
        texts: Different texts that nearly repeat an earlier one.
        examples: A few pairs of such texts.
    """

    texts: int
    examples: list[tuple[str, str]]


@dataclass(frozen=True)
class SampleFigures:
    """What a sample of the reviews shows.

    Attributes:
        rows: Reviews in the sample.
        rows_with_text: Those that have a text.
        words: Of each label.
        near_duplicates: Among the reviews of the sample.
        languages: ISO 639-1 code of other languages to the number of reviews surely written in them.
        associations: Of the columns of the source and of the length, the closest first.
    """

    rows: int
    rows_with_text: int
    words: list[WordsOfLabel]
    near_duplicates: NearDuplicates
    languages: dict[str, int]
    associations: list[Association]


def figures_of_sample(table: pd.DataFrame, task: Task, language: str, seed: int) -> SampleFigures:
    """Returns what a sample shows.

    Args:
        table: Rows of stage "ingested".
        task: Their labels.
        language: ISO 639-1 code of the reviews.
        seed: Of what chance is measured by.
    """
    label = task.indices(table["label"].tolist())
    reviews = reviews_of(table)
    has_text = (table["text"].str.strip() != "").to_numpy(dtype=bool)
    natural = [
        natural_text(reviews[row])
        for row in tqdm(np.flatnonzero(has_text).tolist(), desc="read reviews", mininterval=1.0)
    ]
    words = words_without_stop_words(natural, language)
    columns = table[attributes_of(table.columns)]
    length = pd.DataFrame({LENGTH_COLUMN: [float(len(review.split())) for review in reviews]}, index=table.index)
    return SampleFigures(
        rows=len(table),
        rows_with_text=len(natural),
        words=words_of_labels(words, label[has_text], task.labels, _WORDS_A_LABEL),
        near_duplicates=find_near_duplicates(natural),
        languages=other_languages(natural, language),
        associations=associations(pd.concat([columns, length], axis=1), label, task.ordered, seed),
    )


def find_near_duplicates(natural: Sequence[str], examples: int = 3) -> NearDuplicates:
    """Returns how many different texts nearly repeat an earlier one; upper case aside."""
    texts = list({text.casefold(): text for text in reversed(natural)}.values())[::-1]
    first = near_duplicate_groups(texts, SIMILARITY)
    repeating = np.flatnonzero(first != np.arange(len(texts)))
    # One pair of a group is enough to see what repeats.
    pairs = {int(first[row]): int(row) for row in reversed(repeating)}
    shown = sorted(pairs.items())[:examples]
    return NearDuplicates(len(repeating), [(texts[earlier], texts[later]) for earlier, later in shown])


def other_languages(natural: Sequence[str], language: str) -> dict[str, int]:
    """Returns other languages than the wanted one, the most frequent first, with their number of texts."""
    found: Counter[str] = Counter()
    for start in tqdm(range(0, len(natural), _TEXTS_AT_ONCE), desc="tell languages", mininterval=1.0):
        part = natural[start : start + _TEXTS_AT_ONCE]
        foreign = np.flatnonzero(in_another_language(part, language)).tolist()
        found.update(languages_of([part[row] for row in foreign])[0])
    return dict(found.most_common())
