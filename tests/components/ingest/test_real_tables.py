from pathlib import Path

import pandas as pd
import pytest

from components.ingest.ingestion import IngestSummary, SourceOptions, ingest_reviews
from components.shared.reviews import TableDescription, read_description, read_reviews

pytestmark = pytest.mark.realdata

_DATA = Path(__file__).parents[4] / "shared" / "data"
_CLOTHING, _TWEETS = _DATA / "womens_clothing_reviews.csv", _DATA / "sentiment140_90k.csv"
_NAMELESS = "Unnamed: 0"
_ATTRIBUTES = [
    *("Age", "Recommended IND", "Positive Feedback Count"),
    *("Division Name", "Department Name", "Class Name"),
]


def _ingest(
    path: Path, directory: Path, sample_rows: int = 0, sampling: str = "stratified", **options: str
) -> tuple[IngestSummary, TableDescription, pd.DataFrame]:
    destination = directory / "reviews.parquet"
    source = SourceOptions(data=str(path), **options)  # type: ignore[arg-type]
    summary = ingest_reviews(source, sample_rows, sampling, 7, destination, directory / "reading.html")
    return summary, read_description(destination), read_reviews(destination, "ingested")


def _attributes(table: pd.DataFrame) -> list[str]:
    return [column.removeprefix("source:") for column in table if column.startswith("source:")]


def test_auto_understands_the_clothing_reviews_from_the_rating(tmp_path: Path) -> None:
    summary, description, table = _ingest(_CLOTHING, tmp_path, adapter="auto", label_column="Rating")
    task = description.task
    assert (task.text_column, task.title_column) == ("Review Text", "Title")
    assert (task.labels, task.scores, task.ordered) == (("1", "2", "3", "4", "5"), (1.0, 2.0, 3.0, 4.0, 5.0), True)
    assert (description.identifiers, description.group_column) == ((_NAMELESS,), "Clothing ID")
    assert description.time_column == ""
    assert _attributes(table) == _ATTRIBUTES
    numbers = [name for name in _ATTRIBUTES if table[f"source:{name}"].dtype.kind == "f"]
    assert numbers == ["Age", "Recommended IND", "Positive Feedback Count"]
    assert (summary.rows_kept, summary.rows_without_text, summary.repairs) == (20_090, 845, [])


def test_auto_understands_the_clothing_reviews_from_the_recommendation(tmp_path: Path) -> None:
    _, description, table = _ingest(_CLOTHING, tmp_path, adapter="auto", label_column="Recommended IND")
    task = description.task
    assert (task.text_column, task.title_column, task.labels, task.ordered) == (
        "Review Text",
        "Title",
        ("0", "1"),
        True,
    )
    assert "Rating" in _attributes(table) and "Recommended IND" not in _attributes(table)


def test_auto_understands_the_tweets(tmp_path: Path) -> None:
    summary, description, table = _ingest(_TWEETS, tmp_path, adapter="auto", label_column="target")
    task = description.task
    assert (task.text_column, task.title_column, task.labels, task.ordered) == ("text", "", ("0", "4"), True)
    assert (description.identifiers, description.group_column, _attributes(table)) == ((), "", [])
    assert (summary.rows_read, summary.rows_kept) == (89_363, 89_363)


def test_clothing_reviews_are_known_by_their_columns(tmp_path: Path) -> None:
    summary, description, table = _ingest(_CLOTHING, tmp_path)
    assert (summary.adapter, description.group_column, description.identifiers) == ("clothing", "", (_NAMELESS,))
    assert _attributes(table) == ["Clothing ID", *_ATTRIBUTES]


def test_tweets_are_known_by_their_columns_and_contradictions_go(tmp_path: Path) -> None:
    summary, _, table = _ingest(_TWEETS, tmp_path)
    labels_of_text = table.groupby("text")["label"].nunique()
    assert (summary.adapter, labels_of_text.max()) == ("sentiment140", 1)
    assert summary.rows_contradicting == 89_363 - len(table) > 0


def test_a_quick_run_keeps_the_shares(tmp_path: Path) -> None:
    whole, _, _ = _ingest(_CLOTHING, tmp_path)
    summary, _, _ = _ingest(_CLOTHING, tmp_path, sample_rows=2000)
    assert summary.rows_kept == 2000
    for label, rows in whole.rows_per_label.items():
        assert abs(summary.rows_per_label[label] - 2000 * rows / whole.rows_kept) < 1
