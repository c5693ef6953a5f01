"""Removes what a model should not see, makes the two text views, and counts both. Fits nothing."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import BaseModel
from tqdm import tqdm

from components.clean import expectations
from components.clean.checks_page import write_checks
from components.clean.languages import check_language, in_another_language
from components.shared.reviews import read_reviews, write_reviews
from components.shared.text import (
    changes_made,
    default_stop_words,
    join_title,
    natural_text,
    tokenize,
    without_stop_words,
)

#: A review of fewer words says nothing that could be learnt from.
MINIMUM_WORDS = 2
_EXAMPLES = 3


class CleanSummary(BaseModel):
    """What cleaning removed and changed.

    Attributes:
        rows_before, rows_after: Rows of the table.
        removed: Reason to number of reviews removed; each review counts under its first reason.
        changed: Kind of change to number of kept reviews that the change touched.
        stop_words_removed, tokens_kept: Over all kept reviews.
        unmet_expectations: Soft expectations that are not met.
    """

    rows_before: int
    rows_after: int
    removed: dict[str, int]
    changed: dict[str, int]
    stop_words_removed: int
    tokens_kept: int
    unmet_expectations: list[str]


def clean_reviews(reviews: Path, labels: Sequence[str], language: str, cleaned: Path, checks: Path) -> CleanSummary:
    """Writes the reviews table of stage "clean", and a page that tells what was removed and checked.

    Removed are, in this order: reviews without a text, in another language, with fewer than MINIMUM_WORDS
    words, copies of a review with another label (all of them: nobody knows which label is right), and
    second copies of a review. Two reviews are copies if title and text read the same, upper case aside.

    Args:
        reviews: Table of stage "ingested".
        labels: Labels from worst to best.
        language: ISO 639-1 code of the reviews to keep.
        cleaned: The Parquet file to write.
        checks: The HTML file to write.

    Raises:
        UserError: The language is unknown, or the table breaks a critical expectation before or after.
    """
    check_language(language)
    before = read_reviews(reviews, "ingested")
    outcomes = expectations.check(before, expectations.expectations_before(labels), "before")
    expectations.require(outcomes, f"{reviews}: before cleaning")

    raw = pd.Series([join_title(*pair) for pair in zip(before["title"], before["text"], strict=True)], before.index)
    natural = raw.map({text: natural_text(text) for text in tqdm(raw.unique(), desc="clean texts", mininterval=1.0)})
    words = natural.map(tokenize)
    reasons = _reasons(before, natural, words, language)
    kept = reasons.isna()

    stop_words = frozenset(default_stop_words(language))
    content = words[kept].map(lambda tokens: without_stop_words(tokens, stop_words))
    after = before[kept].assign(natural=natural[kept], tokens=content.map(" ".join))
    outcomes += expectations.check(after, expectations.expectations_after(labels, len(before)), "after")
    expectations.require(outcomes, f"{reviews}: after cleaning")

    changes = raw[kept].map(changes_made).explode().dropna()
    tokens_kept = int(content.map(len).sum())
    summary = CleanSummary(
        rows_before=len(before),
        rows_after=len(after),
        removed={reason: int((reasons == reason).sum()) for reason in REASONS},
        changed={str(change): int(count) for change, count in changes.value_counts().items()},
        stop_words_removed=int(words[kept].map(len).sum()) - tokens_kept,
        tokens_kept=tokens_kept,
        unmet_expectations=[outcome.meaning for outcome in outcomes if not outcome.met],
    )
    write_reviews(after, cleaned, "clean")
    write_checks(checks, summary.model_dump(), _examples(changes, raw, natural), outcomes)
    _report(summary)
    return summary


NO_TEXT, FOREIGN, SHORT, CONTRADICTING, COPY = REASONS = (
    "no text",
    "another language",
    f"fewer than {MINIMUM_WORDS} words",
    "copies with different labels",
    "copy of another review",
)


def _reasons(table: pd.DataFrame, natural: pd.Series, words: pd.Series, language: str) -> pd.Series:
    """Returns why each review goes, missing where it stays."""
    reasons = pd.Series(pd.NA, index=table.index, dtype="object")
    text_only = table["text"].map(natural_text)
    reasons[text_only == ""] = NO_TEXT
    rest = reasons.isna()
    reasons[natural[rest].index[in_another_language(natural[rest].tolist(), language)]] = FOREIGN
    short = words.map(lambda tokens: sum(token.isalpha() for token in tokens)) < MINIMUM_WORDS
    reasons[reasons.isna() & short] = SHORT
    rest = reasons.isna()
    key = natural[rest].str.casefold()
    labels_of_key = table.loc[rest, "label"].groupby(key).transform("nunique")
    reasons[key.index[labels_of_key > 1]] = CONTRADICTING
    reasons[key.index[(labels_of_key == 1) & key.duplicated()]] = COPY
    return reasons


def _examples(changes: pd.Series, raw: pd.Series, natural: pd.Series) -> dict[str, list[tuple[str, str]]]:
    """Returns, for each kind of change, the first few reviews before and after."""
    return {
        str(change): [(raw[row], natural[row]) for row in rows.index[:_EXAMPLES]]
        for change, rows in changes.groupby(changes)
    }


def _report(summary: CleanSummary) -> None:
    removed = ", ".join(f"{count:,} {reason}" for reason, count in summary.removed.items() if count)
    print(f"cleaned: {summary.rows_after:,} of {summary.rows_before:,} reviews kept; removed: {removed or 'none'}")
    for meaning in summary.unmet_expectations:
        print(f"expected, but not so: {meaning}")
