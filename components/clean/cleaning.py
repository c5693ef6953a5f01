"""Removes what a model should not see, makes the two text views, and counts both. Fits nothing.

Two passes over the table, partition by partition. The first cleans every review and keeps what decides whether it
goes; the second writes those that stay.
"""

import tempfile
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel
from tqdm import tqdm

from components.clean.checks_page import write_checks
from components.clean.copies import find_copies
from components.clean.examples import Examples
from components.clean.expectations import (
    FIGURES_AFTER,
    FIGURES_BEFORE,
    Outcome,
    Thresholds,
    Validation,
    expectations_after,
    expectations_before,
    require,
)
from components.clean.partition import CONTRADICTING, COPY, KEPT, REASONS, Cleaning, clean_partition
from components.shared import reviews as reviews_table
from components.shared.errors import UserError
from components.shared.notes import note
from components.shared.partitions import map_partitions
from components.shared.reviews import ReviewsWriter, count_reviews, iterate_reviews, read_description
from components.shared.texts.languages import check_language
from components.shared.texts.text import CLEAN_STEPS, TextPreprocessing

_READ = ("review_id", "title", "text", "label")
_VIEWS = ["natural", "tokens"]


class Change(BaseModel):
    """How many reviews a step changed or a rule removed, and how many of their words.

    Attributes:
        rows: Reviews.
        tokens: Words separated by white space: of a removed review all; of a changed one those that are not among
            its words after the step, see `partition.words_changed`. For the steps of the token view: its words.
    """

    rows: int
    tokens: int


class CleanSummary(BaseModel):
    """What cleaning removed and changed.

    Attributes:
        rows_before, rows_after: Rows of the table.
        removed: Reason to what it removed; each review counts under its first reason.
        changed: Step to what it changed in the reviews that stay; steps that were not taken are left out.
        tokens_kept: Words of the token view, over all reviews that stay.
        unmet_expectations: Soft expectations that are not met.
    """

    rows_before: int
    rows_after: int
    removed: dict[str, Change]
    changed: dict[str, Change]
    tokens_kept: int
    unmet_expectations: list[str]


def clean_reviews(
    reviews: Path,
    language: str,
    steps: Collection[str],
    thresholds: Thresholds,
    cleaned: Path,
    checks: Path,
    data_docs: Path,
) -> CleanSummary:
    """Writes the reviews table of stage "clean", and what was removed, changed and checked.

    Removed are, in this order: reviews without a text, in another language, with fewer than MINIMUM_WORDS
    words, copies of a review with another label (all of them: nobody knows which label is right), and
    second copies of a review. Two reviews are copies if title and text read the same, upper case aside.

    Args:
        reviews: Table of stage "ingested", with its description.
        language: ISO 639-1 code of the reviews to keep.
        steps: Which of text.CLEAN_STEPS to take; their order is fixed.
        thresholds: What is expected of the reviews.
        cleaned: The Parquet file to write.
        checks: The HTML file to write.
        data_docs: The folder of Great Expectations' Data Docs to write.

    Raises:
        UserError: The language is unknown or has no lemmas, the file is not an ingested table, or the table
            breaks a critical expectation before or after.
    """
    check_language(language)
    taken = tuple(step for step in CLEAN_STEPS if step in steps)
    cleaning = Cleaning(language, taken, TextPreprocessing.of_steps(language, taken))
    labels = read_description(reviews).task.labels
    cleaned.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cleaned.parent, prefix=".clean.") as workspace, Validation() as validation:
        views = Path(workspace) / "views.parquet"
        figures = _clean_partitions(reviews, cleaning, views)
        outcomes = validation.check(figures[list(FIGURES_BEFORE)], expectations_before(labels, thresholds), "before")
        require(outcomes, f"{reviews}: before cleaning")
        _mark_copies(figures)
        expected = expectations_after(labels, taken, thresholds, len(figures))
        outcomes += validation.check(_of_kept(figures), expected, "after")
        require(outcomes, f"{reviews}: after cleaning")

        examples = Examples(cleaning)
        changed = _write_kept(reviews, views, figures["reason"].to_numpy(), cleaned, examples)
        validation.write_data_docs(data_docs)
    summary = _summary(figures, changed, outcomes)
    write_checks(checks, summary.model_dump(), examples.found, outcomes)
    _report(summary)
    return summary


def _clean_partitions(reviews: Path, cleaning: Cleaning, views: Path) -> pd.DataFrame:
    """Writes the text views and changes of all reviews, a row group a partition, and returns their figures."""
    rows = count_reviews(reviews)
    if not rows:
        raise UserError(f"{reviews}: the table holds no review; give another source")
    cleaned = map_partitions(
        partial(clean_partition, cleaning=cleaning),
        iterate_reviews(reviews, "ingested", _READ),
        -(-rows // reviews_table.PARTITION_ROWS),
    )
    schema = pa.schema([(name, pa.string()) for name in _VIEWS] + [(step, pa.int32()) for step in cleaning.steps])
    figures = []
    with pq.ParquetWriter(views, schema) as writer, tqdm(total=rows, desc="clean", mininterval=1.0) as progress:
        for partition in cleaned:
            writer.write_table(pa.Table.from_pandas(partition.views, schema=schema, preserve_index=False))
            figures.append(partition.figures)
            progress.update(len(partition.figures))
    table = pd.concat(figures, ignore_index=True)
    return table.assign(label=table["label"].astype("category"))


def _mark_copies(figures: pd.DataFrame) -> None:
    """Sets the reason of copies among the reviews that have stayed so far."""
    rows = np.flatnonzero(figures["reason"] == KEPT)
    contradicting, copies = find_copies(figures.iloc[rows])
    reasons = figures["reason"].to_numpy(copy=True)
    reasons[rows[contradicting]] = REASONS.index(CONTRADICTING)
    reasons[rows[copies]] = REASONS.index(COPY)
    figures["reason"] = reasons


def _of_kept(figures: pd.DataFrame) -> pd.DataFrame:
    """Returns the figures of the reviews that stay; a label of which none stays is no category any more."""
    kept = figures.loc[figures["reason"] == KEPT, list(FIGURES_AFTER)]
    return kept.assign(label=kept["label"].cat.remove_unused_categories())


def _write_kept(
    reviews: Path, views: Path, reasons: NDArray[np.int8], cleaned: Path, examples: Examples
) -> dict[str, Change]:
    """Writes the reviews that stay, gathers examples, and returns what each step changed in them."""
    rows, tokens = pd.Series(dtype=np.int64), pd.Series(dtype=np.int64)
    file = pq.ParquetFile(views)
    with ReviewsWriter(cleaned, "clean", read_description(reviews)) as writer:
        for number, table in enumerate(iterate_reviews(reviews, "ingested")):
            made = file.read_row_group(number).to_pandas().set_index(table.index)
            reason = reasons[table.index]
            kept = reason == KEPT
            writer.write(table[kept].assign(**made.loc[kept, _VIEWS]))
            examples.add(table, made, reason)
            changes = made.loc[kept].drop(columns=_VIEWS)
            rows = rows.add((changes > 0).sum(), fill_value=0)
            tokens = tokens.add(changes.sum(), fill_value=0)
    steps = file.schema_arrow.names[len(_VIEWS) :]
    return {step: Change(rows=int(rows[step]), tokens=int(tokens[step])) for step in steps}


def _summary(figures: pd.DataFrame, changed: dict[str, Change], outcomes: Sequence[Outcome]) -> CleanSummary:
    words = figures.groupby("reason")["natural_words"].agg(["size", "sum"])
    removed = words.reindex(range(len(REASONS)), fill_value=0)
    kept = figures["reason"] == KEPT
    return CleanSummary(
        rows_before=len(figures),
        rows_after=int(kept.sum()),
        removed={
            reason: Change(rows=int(row["size"]), tokens=int(row["sum"]))
            for reason, (_, row) in zip(REASONS, removed.iterrows(), strict=True)
        },
        changed=changed,
        tokens_kept=int(figures.loc[kept, "tokens"].sum()),
        unmet_expectations=[outcome.meaning for outcome in outcomes if not outcome.met],
    )


def _report(summary: CleanSummary) -> None:
    removed = ", ".join(f"{change.rows:,} {reason}" for reason, change in summary.removed.items() if change.rows)
    note(f"cleaned: {summary.rows_after:,} of {summary.rows_before:,} reviews kept; removed: {removed or 'none'}")
    for meaning in summary.unmet_expectations:
        note(f"expected, but not so: {meaning}")
