import csv
from pathlib import Path

import pandas as pd
import pytest

from components.ingest.ingestion import IngestSummary, SourceOptions, ingest_reviews
from components.ingest.sentiment140 import is_original
from components.shared.errors import UserError
from components.shared.reviews import read_description, read_reviews

Row = tuple[str, str, str, str, str, str]


def _row(number: int, label: str, text: str) -> Row:
    return (
        label,
        str(1467810000 + number),
        f"Mon Apr 06 22:{number % 60:02d}:45 PDT 2009",
        "NO_QUERY",
        f"user{number % 70}",
        text,
    )


@pytest.fixture
def rows() -> list[Row]:
    return [_row(number, "04"[number % 2], f"a tweet about thing {number}, isn't it") for number in range(400)]


def _write(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="", encoding="latin-1") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def _ingest(path: Path, **options: str) -> tuple[IngestSummary, pd.DataFrame]:
    destination = path.parent / "reviews.parquet"
    source = SourceOptions(data=str(path), **options)  # type: ignore[arg-type]
    summary = ingest_reviews(source, 0, "stratified", 7, destination, path.parent / "reading.html")
    return summary, read_reviews(destination, "ingested")


def test_the_original_form_is_known_by_its_first_row(rows: list[Row]) -> None:
    assert is_original(rows[0])
    assert not is_original(("target", "id", "date", "flag", "user", "text"))
    assert not is_original(rows[0][:5])
    assert not is_original(("5", *rows[0][1:]))


def test_the_original_form_is_read_whole(rows: list[Row], tmp_path: Path) -> None:
    rows[3] = _row(3, "4", "caf\xe9 cr\xe8me, \xa3 5, na\xefve")
    summary, table = _ingest(_write(tmp_path / "training.csv", rows))
    assert (summary.adapter, summary.rows_read, summary.rows_kept) == ("sentiment140", 400, 400)
    assert table["text"][3] == "caf\xe9 cr\xe8me, \xa3 5, na\xefve"
    assert summary.repairs == []
    assert table["review_id"].tolist()[:2] == ["1", "2"]
    assert summary.rows_per_label == {"0": 200, "4": 200}
    assert table["group_key"].tolist()[:2] == ["user0", "user1"]
    assert [column for column in table if column.startswith("source:")] == []
    description = read_description(tmp_path / "reviews.parquet")
    assert (description.group_column, description.time_column) == ("user", "")
    assert description.identifiers == ("id", "flag")
    assert description.task.scores == (0.0, 4.0) and description.task.title_column == ""


def test_a_copy_in_utf_8_stays_utf_8(rows: list[Row], tmp_path: Path) -> None:
    rows[3] = _row(3, "4", "caf\xe9 \U0001f600")
    path = tmp_path / "training.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    assert _ingest(path)[1]["text"][3] == "caf\xe9 \U0001f600"


def test_the_date_is_used_only_if_it_is_named(rows: list[Row], tmp_path: Path) -> None:
    path = _write(tmp_path / "training.csv", rows)
    assert "time" not in _ingest(path)[1]
    assert _ingest(path, time_column="date")[1]["time"][0] == pd.Timestamp("2009-04-07 05:00:45")


def test_the_users_need_not_be_groups(rows: list[Row], tmp_path: Path) -> None:
    assert "group_key" not in _ingest(_write(tmp_path / "training.csv", rows), group_column="none")[1]


def test_neutral_tweets_are_a_label_where_there_are_some(rows: list[Row], tmp_path: Path) -> None:
    neutral = [_row(1000 + number, "2", f"a fact, number {number}") for number in range(30)]
    assert _ingest(_write(tmp_path / "test.csv", rows + neutral))[0].rows_per_label == {"0": 200, "2": 30, "4": 200}


def test_contradicting_duplicates_are_dropped_and_counted(rows: list[Row], tmp_path: Path) -> None:
    same = "the very same words"
    rows[5], rows[8], rows[11] = _row(5, "4", same), _row(8, "0", same), _row(11, "4", same)
    rows[20], rows[22] = _row(20, "0", "said twice, the same"), _row(22, "0", "said twice, the same")
    summary, table = _ingest(_write(tmp_path / "training.csv", rows))
    assert (summary.rows_contradicting, summary.rows_kept) == (3, 397)
    assert same not in set(table["text"])
    assert (table["text"] == "said twice, the same").sum() == 2


def test_contradictions_are_found_across_partitions(tmp_path: Path) -> None:
    rows = [_row(number, "04"[number % 2], f"tweet {number}") for number in range(21_000)]
    rows[10], rows[20_999] = _row(10, "0", "once and again"), _row(20_999, "4", "once and again")
    assert _ingest(_write(tmp_path / "training.csv", rows))[0].rows_contradicting == 2


def test_the_short_form_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    lines = [f"{'04'[number % 2]},a tweet number {number}" for number in range(300)]
    path.write_text("\n".join(["target,text", *lines]), encoding="utf-8")
    summary, table = _ingest(path)
    assert (summary.adapter, summary.rows_kept) == ("sentiment140", 300)
    assert "group_key" not in table


def test_another_label_is_refused(rows: list[Row], tmp_path: Path) -> None:
    rows[6] = _row(6, "3", "so so")
    with pytest.raises(UserError, match="row 7: '3' in column 'target' is not one of the labels 0, 2, 4"):
        _ingest(_write(tmp_path / "training.csv", rows))
