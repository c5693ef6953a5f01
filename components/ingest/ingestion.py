"""From a table of reviews somewhere to the reviews table."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import BaseModel
from sklearn.model_selection import train_test_split

from components.ingest.fetching import fetch
from components.ingest.sample import DEFAULT_ROWS, generate_sample
from components.ingest.source_table import normalised_labels, read_csv, require_columns
from components.shared.errors import UserError
from components.shared.fingerprints import table_fingerprint
from components.shared.reviews import MINIMUM_ROWS, MINIMUM_ROWS_PER_LABEL, OPTIONAL, write_reviews

#: More rows without a label than this share look like a wrong column rather than like gaps.
_LARGEST_UNLABELLED_SHARE = 0.05
_OPTIONAL_SOURCE = {
    "Clothing ID": "clothing_id",
    "Age": "age",
    "Recommended IND": "recommended",
    "Positive Feedback Count": "positive_feedback_count",
    "Division Name": "division",
    "Department Name": "department",
    "Class Name": "class_name",
}


class IngestSummary(BaseModel):
    """What was read and what was kept.

    Attributes:
        source: Where the reviews came from.
        rows_read: Rows of the source.
        rows_without_label: Rows left out because they have no label.
        rows_kept: Rows of the reviews table.
        rows_without_text: Rows kept although they have no text; clean removes and counts them.
        rows_per_label: Label to rows kept.
        fingerprint: Of the table's content.
    """

    source: str
    rows_read: int
    rows_without_label: int
    rows_kept: int
    rows_without_text: int
    rows_per_label: dict[str, int]
    fingerprint: str


def ingest_reviews(
    data: str,
    sha256: str,
    text_column: str,
    title_column: str,
    label_column: str,
    labels: Sequence[str],
    sample_rows: int,
    seed: int,
    destination: Path,
) -> IngestSummary:
    """Fetches a table of reviews, checks it, and writes the reviews table (stage "ingested").

    A row's `review_id` is its number in the source, counted from 1 without the header. Rows without a label
    are left out and counted; rows without a text stay for `clean` to count.

    Args:
        data: A local path, an https:// or a gs:// URI of a CSV file; empty means the generated sample.
        sha256: Expected SHA-256 of the file; required for https://.
        text_column, title_column, label_column: Columns of the source; the title's may be empty.
        labels: Allowed labels, worst to best.
        sample_rows: Keep this many rows, stratified by label; 0 keeps all. For the generated sample: how
            many to generate, 0 meaning the usual number.
        seed: Seed of sampling and of the generated sample.
        destination: The Parquet file to write.

    Raises:
        UserError: The source cannot be read or is no usable table of reviews.
    """
    name = data or "built-in sample"
    source = _read_source(data, sha256, sample_rows, seed)
    wanted = [column for column in (text_column, title_column, label_column) if column]
    require_columns(source, wanted, name)
    source.index = pd.RangeIndex(1, len(source) + 1)
    reviews = _reviews(source, text_column, title_column, normalised_labels(source[label_column], labels, name))
    labelled = reviews[reviews["label"] != ""]
    _check_labelled(len(reviews) - len(labelled), len(reviews), label_column, name)
    check_usable(labelled, labels, text_column, name)
    if 0 < sample_rows < len(labelled):
        labelled = _stratified(labelled, sample_rows, seed)
        check_usable(labelled, labels, text_column, f"{name}: --sample-rows {sample_rows}")
    write_reviews(labelled, destination, "ingested")
    return IngestSummary(
        source=name,
        rows_read=len(source),
        rows_without_label=len(reviews) - int((reviews["label"] != "").sum()),
        rows_kept=len(labelled),
        rows_without_text=int((labelled["text"] == "").sum()),
        rows_per_label={label: int((labelled["label"] == label).sum()) for label in labels},
        fingerprint=table_fingerprint(labelled),
    )


def _read_source(data: str, sha256: str, sample_rows: int, seed: int) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as workspace:
        if data:
            return read_csv(fetch(data, sha256, Path(workspace)), data)
        # Through a file like any other source, so that the sample exercises the same reading.
        path = Path(workspace) / "sample.csv"
        generate_sample(sample_rows or DEFAULT_ROWS, seed).to_csv(path, index=False)
        return read_csv(path, "built-in sample")


def _reviews(source: pd.DataFrame, text_column: str, title_column: str, labels: pd.Series) -> pd.DataFrame:
    reviews = pd.DataFrame(
        {
            "review_id": source.index.astype(str),
            "title": source[title_column].str.strip() if title_column else "",
            "text": source[text_column].str.strip(),
            "label": labels,
        },
        index=source.index,
    )
    for column, name in _OPTIONAL_SOURCE.items():
        if column in source.columns and column not in (text_column, title_column):
            reviews[name] = _optional(source[column], name)
    return reviews


def _optional(values: pd.Series, name: str) -> pd.Series:
    if OPTIONAL[name] == "double":
        return pd.to_numeric(values, errors="coerce").astype("float64")
    return values.where(values != "", None)


def _check_labelled(unlabelled: int, rows: int, column: str, name: str) -> None:
    if unlabelled > _LARGEST_UNLABELLED_SHARE * rows:
        raise UserError(
            f"{name}: {unlabelled} of {rows} rows have nothing in column '{column}'; at most "
            f"{_LARGEST_UNLABELLED_SHARE:.0%} may lack a label: fill the column or pass another --label-column"
        )


def check_usable(reviews: pd.DataFrame, labels: Sequence[str], text_column: str, name: str) -> None:
    """Raises UserError unless there are enough labelled reviews with a text, of every label."""
    with_text = reviews[reviews["text"] != ""]
    if with_text.empty:
        raise UserError(f"{name}: all texts are empty in column '{text_column}'; pass another --text-column")
    counts = with_text["label"].value_counts().reindex(list(labels), fill_value=0)
    present = [label for label in labels if counts[label]]
    if len(present) < 2:
        raise UserError(f"{name}: all reviews have the same label '{present[0]}'; at least two labels are needed")
    if len(with_text) < MINIMUM_ROWS:
        raise UserError(
            f"{name}: too few reviews: {len(with_text)} have a label and a text; at least {MINIMUM_ROWS} are needed"
        )
    rare = [label for label in labels if counts[label] < MINIMUM_ROWS_PER_LABEL]
    if rare:
        enough = [label for label in labels if label not in rare]
        raise UserError(
            f"{name}: label '{rare[0]}' has {counts[rare[0]]} reviews with a text and needs at least "
            f"{MINIMUM_ROWS_PER_LABEL}; use more rows, or only the reviews of --labels {','.join(enough)}"
        )


def _stratified(reviews: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Returns that many rows, the labels in their shares, in the order of the source."""
    if rows < MINIMUM_ROWS:
        raise UserError(f"--sample-rows {rows} is too few; at least {MINIMUM_ROWS} are needed")
    if len(reviews) - rows < reviews["label"].nunique():  # too few are left out to stratify those
        return reviews.sample(rows, random_state=seed).sort_index()
    kept, _ = train_test_split(reviews, train_size=rows, stratify=reviews["label"], random_state=seed)
    return kept.sort_index()
