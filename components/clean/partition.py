"""Cleans one partition of a reviews table: a pure function of the table, for any process of any machine.

Worker processes import this module. It does without Great Expectations and KFP, so that they stay small.
"""

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.texts.languages import in_another_language
from components.shared.texts.text import (
    NATURAL_STEPS,
    TextPreprocessing,
    join_title,
    natural_text,
    texts_by_step,
    tokenize,
)

#: A review of fewer words says nothing that could be learnt from.
MINIMUM_WORDS = 2
#: Why a review goes, in the order they are looked for; each review counts under its first reason. The last two
#: can be told of the whole table only.
NO_TEXT, FOREIGN, SHORT, CONTRADICTING, COPY = REASONS = (
    "no text",
    "another language",
    f"fewer than {MINIMUM_WORDS} words",
    "copies with different labels",
    "copy of another review",
)
#: In the column "reason" of the figures: the review stays; else an index of REASONS.
KEPT = -1
_LINK = re.compile(r"https?://\S", re.IGNORECASE)
_KEY_BYTES = 16


@dataclass(frozen=True)
class Cleaning:
    """How reviews are cleaned.

    Attributes:
        language: ISO 639-1 code of the reviews to keep.
        steps: Which of CLEAN_STEPS to take, in their order.
        text: What makes tokens of natural texts.
    """

    language: str
    steps: tuple[str, ...]
    text: TextPreprocessing

    @property
    def natural_steps(self) -> list[str]:
        """The steps that make the natural view."""
        return [step for step in NATURAL_STEPS if step in self.steps]


@dataclass(frozen=True)
class CleanPartition:
    """What cleaning makes of a partition; no row is left out yet.

    Attributes:
        views: Columns natural and tokens, and one for each step taken: how many words of the review it changed,
            see `words_changed`.
        figures: Numbers about each review, see `_figures`.
    """

    views: pd.DataFrame
    figures: pd.DataFrame


def clean_partition(table: pd.DataFrame, cleaning: Cleaning) -> CleanPartition:
    """Returns both text views of each review, what each step changed, and whether it should go.

    Args:
        table: Columns review_id, title, text and label of a reviews table.
        cleaning: How to clean.
    """
    raw = list(map(join_title, table["title"].tolist(), table["text"].tolist()))
    by_step = [texts_by_step(review, cleaning.steps) for review in raw]
    natural = [" ".join(texts[-1].split()) for texts in by_step]
    words = [tokenize(text) for text in natural]
    content = [cleaning.text.without_stop_words(tokens) for tokens in words]
    tokens = [cleaning.text.lemmatize(kept) for kept in content]

    views = pd.DataFrame({"natural": natural, "tokens": [" ".join(kept) for kept in tokens]})
    changes = [[words_changed(before, after) for before, after in pairwise(texts)] for texts in by_step]
    views[cleaning.natural_steps] = np.array(changes, dtype=np.int32).reshape(len(table), -1)
    if "stop-words" in cleaning.steps:
        views["stop-words"] = _lengths(words) - _lengths(content)
    if "lemmas" in cleaning.steps:
        views["lemmas"] = [_differing(before, after) for before, after in zip(content, tokens, strict=True)]
    return CleanPartition(views, _figures(table, natural, words, tokens, cleaning))


def _figures(
    table: pd.DataFrame,
    natural: list[str],
    words: list[list[str]],
    tokens: list[list[str]],
    cleaning: Cleaning,
) -> pd.DataFrame:
    """Returns what is known of each review beside its text: small enough to be held of a whole table.

    review_id is a 64-bit hash of the identifier, key_high and key_low are a 128-bit hash of the natural text in
    lower case. Characters are counted in the raw text and in the natural view, words in the natural view.
    """
    return pd.DataFrame(
        {
            "review_id": _hashes(table["review_id"]),
            "label": table["label"].array,
            "text_characters": table["text"].str.len().to_numpy(np.int32),
            "natural_characters": _lengths(natural),
            "natural_words": [text.count(" ") + (text != "") for text in natural],
            "tokens": _lengths(tokens),
            "link_left": ["://" in text and _LINK.search(text) is not None for text in natural],
            "reason": _reasons(table, natural, words, cleaning),
        }
    ).join(_keys(natural))


def _reasons(table: pd.DataFrame, natural: list[str], words: list[list[str]], cleaning: Cleaning) -> NDArray[np.int8]:
    """Returns why each review goes, as far as it can be told of the review alone."""
    reasons = np.full(len(table), KEPT, dtype=np.int8)
    reasons[[sum(map(str.isalpha, found)) < MINIMUM_WORDS for found in words]] = REASONS.index(SHORT)
    reasons[in_another_language(natural, cleaning.language)] = REASONS.index(FOREIGN)
    # Without a title the text is the review.
    has_text = [
        natural_text(text, cleaning.steps) != "" if title.strip() else review != ""
        for title, text, review in zip(table["title"].tolist(), table["text"].tolist(), natural, strict=True)
    ]
    reasons[~np.array(has_text, dtype=bool)] = REASONS.index(NO_TEXT)
    return reasons


def _hashes(identifiers: pd.Series) -> pd.Series:
    """Returns a 64-bit hash of each identifier, missing where there is none."""
    hashes = pd.util.hash_pandas_object(identifiers, index=False).astype("UInt64").reset_index(drop=True)
    return hashes.mask(identifiers.isna().to_numpy())


def _keys(natural: list[str]) -> pd.DataFrame:
    """Returns key_high and key_low; two reviews are copies if these are the same."""
    digests = b"".join(
        blake2b(text.casefold().encode("utf8", "surrogatepass"), digest_size=_KEY_BYTES).digest() for text in natural
    )
    return pd.DataFrame(np.frombuffer(digests, dtype=[("key_high", np.uint64), ("key_low", np.uint64)]))


def words_changed(before: str, after: str) -> int:
    """Returns how many words, separated by white space, of one text are not among those of another.

    A word that stands twice before and once after counts once.
    """
    if before == after:
        return 0
    return (Counter(before.split()) - Counter(after.split())).total()


def _differing(before: list[str], after: list[str]) -> int:
    return sum(old != new for old, new in zip(before, after, strict=True))


def _lengths(items: list[str] | list[list[str]]) -> NDArray[np.int32]:
    return np.fromiter(map(len, items), dtype=np.int32, count=len(items))
