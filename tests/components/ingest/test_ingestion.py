import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from components.ingest import ingestion
from components.ingest.ingestion import IngestSummary, SourceOptions, ingest_reviews
from components.ingest.mapping import Mapper
from components.shared.errors import UserError
from components.shared.notes import MARK
from components.shared.reviews import read_description, read_reviews

LABELS = ("1", "2", "3", "4", "5")


def _ingest(data: Path | str, destination: Path, **changes: Any) -> IngestSummary:
    options: dict[str, Any] = {
        "data": str(data),
        "text_column": "Text",
        "title_column": "Title",
        "label_column": "Stars",
        "labels": LABELS,
    }
    arguments: dict[str, Any] = {
        "sample_rows": 0,
        "sampling": "stratified",
        "seed": 7,
        "destination": destination / "out" / "reviews.parquet",
        "reading": destination / "out" / "reading.html",
    }
    arguments |= {name: changes.pop(name) for name in list(changes) if name in arguments}
    return ingest_reviews(SourceOptions(**(options | changes)), **arguments)


def _refuse(data: Path | str, destination: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as error:
        _ingest(data, destination, **changes)
    left = [path for path in (destination / "out").rglob("*")] if (destination / "out").exists() else []
    assert left == []
    message = str(error.value)
    assert "\n" not in message
    return message


def _table(destination: Path) -> pd.DataFrame:
    return read_reviews(destination / "out" / "reviews.parquet", "ingested")


def test_a_file_becomes_the_reviews_table(write_csv: Any, tmp_path: Path) -> None:
    summary = _ingest(write_csv({7: ("  spaced ", " text with, comma\nand line ", "5.0")}), tmp_path)
    table = _table(tmp_path)
    assert summary.rows_read == summary.rows_kept == len(table) == 300
    row = table[table["review_id"] == "7"].iloc[0]
    assert (row["title"], row["text"], row["label"]) == ("spaced", "text with, comma\nand line", "5")


def test_the_sample_has_the_attributes_of_clothing_reviews(tmp_path: Path) -> None:
    summary = _ingest("", tmp_path, sample_rows=600, text_column="", title_column="", label_column="", labels=())
    table = _table(tmp_path)
    assert (summary.rows_kept, summary.adapter) == (600, "clothing")
    assert summary.rows_without_text == (table["text"] == "").sum() > 0
    assert table["source:Age"].between(18, 99).all()
    assert set(table["source:Division Name"].dropna()) == {"General", "General Petite", "Initmates"}
    assert "source:Unnamed: 0" not in table and "group_key" not in table
    description = read_description(tmp_path / "out" / "reviews.parquet")
    assert description.task.labels == LABELS and description.task.title_column == "Title"
    assert description.identifiers == ("Unnamed: 0",)


def test_the_table_describes_itself(write_table: Any, tmp_path: Path) -> None:
    path = write_table(
        {
            "user": [f"user {number % 40}" for number in range(400)],
            "posted": [f"{1 + number % 28}.03.2024" for number in range(400)],
            "said": [f"this is what customer number {number} said" for number in range(400)],
            "verdict": ["bad" if number % 3 else "good" for number in range(400)],
        }
    )
    named = {"text_column": "said", "title_column": "", "label_column": "verdict", "labels": ()}
    _ingest(path, tmp_path, **named, group_column="user", time_column="posted")
    description = read_description(tmp_path / "out" / "reviews.parquet")
    assert description.task.labels == ("bad", "good") and description.task.ordered
    assert description.task.scores == (0.0, 1.0)
    assert (description.label_column, description.group_column, description.time_column) == (
        "verdict",
        "user",
        "posted",
    )
    table = _table(tmp_path)
    assert table["group_key"].tolist()[:2] == ["user 0", "user 1"]
    assert table["time"].iloc[13] == pd.Timestamp("2024-03-14")


def test_the_fingerprint_follows_content_and_meaning(write_csv: Any, tmp_path: Path) -> None:
    first = _ingest(write_csv(), tmp_path).fingerprint
    again = _ingest(write_csv(), tmp_path).fingerprint
    meaning = _ingest(write_csv(), tmp_path, labels=LABELS[::-1]).fingerprint
    other = _ingest(write_csv({3: ("", "other words", "4")}), tmp_path).fingerprint
    assert first == again
    assert len({first, meaning, other}) == 3


def test_a_stratified_sample_keeps_the_shares_and_is_seeded(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv()
    first = _ingest(path, tmp_path, sample_rows=250)
    again = _ingest(path, tmp_path, sample_rows=250)
    other = _ingest(path, tmp_path, sample_rows=250, seed=8)
    assert first.rows_per_label == dict.fromkeys(LABELS, 50)
    assert (first.rows_kept, first.rows_sampled_out) == (250, 50)
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_a_reservoir_sample_is_in_the_order_of_the_source(write_csv: Any, tmp_path: Path) -> None:
    assert _ingest(write_csv(), tmp_path, sample_rows=201, sampling="reservoir").rows_kept == 201
    numbers = _table(tmp_path)["review_id"].astype(int)
    assert numbers.is_monotonic_increasing and numbers.is_unique


@pytest.mark.parametrize("rows", [298, 300, 5000])
def test_nearly_all_or_all_rows_can_be_sampled(rows: int, write_csv: Any, tmp_path: Path) -> None:
    assert _ingest(write_csv(), tmp_path, sample_rows=rows).rows_kept == min(rows, 300)


def test_a_table_without_titles_is_fine(write_csv: Any, tmp_path: Path) -> None:
    _ingest(write_csv(), tmp_path, title_column="none")
    assert set(_table(tmp_path)["title"]) == {""}


def test_rows_without_a_label_are_left_out_and_counted(write_csv: Any, tmp_path: Path) -> None:
    summary = _ingest(write_csv({3: ("", "no label", ""), 9: ("", "no label", "  ")}), tmp_path)
    assert (summary.rows_without_label, summary.rows_kept) == (2, 298)
    assert "3" not in set(_table(tmp_path)["review_id"])


def test_many_rows_without_a_label_are_refused(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv({row: ("", "words", "") for row in range(1, 40)}), tmp_path)
    assert "39 of 300 rows have nothing in column 'Stars'" in message
    assert "300 of 300 rows" in _refuse(write_csv({row: ("", "words", "") for row in range(1, 301)}), tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "nowhere.csv" in _refuse(tmp_path / "nowhere.csv", tmp_path)


def test_a_missing_column_is_refused_naming_those_present(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv(), tmp_path, label_column="Rating")
    assert "no column 'Rating'; the columns are 'Title', 'Text', 'Stars'" in message


def test_a_column_named_twice_is_refused(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv(), tmp_path, title_column="Text")
    assert "column 'Text' is named for --text-column and for --title-column" in message


def test_a_label_outside_the_labels_is_refused_with_its_row(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv({42: ("", "words", "6\x1b[31m"), 43: ("", "words", "7")}), tmp_path)
    assert r"row 42: '6\x1b[31m' in column 'Stars' is not one of the labels 1, 2, 3, 4, 5" in message


@pytest.mark.parametrize("labels", [LABELS, ()])
def test_one_class_only_is_refused(labels: tuple[str, ...], write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words of review {row}", "5") for row in range(1, 301)})
    assert "all reviews have the same label '5'" in _refuse(path, tmp_path, labels=labels)


def test_too_few_rows_are_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", "", str(row % 5 + 1)) for row in range(1, 150)})
    assert "too few reviews: 151 have a label and a text; at least 200" in _refuse(path, tmp_path)
    assert "at least 200" in _refuse(write_csv(), tmp_path, sample_rows=100)


def test_a_label_with_few_or_no_rows_is_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words {row}", "4") for row in range(1, 301) if (row - 1) % 5 + 1 == 1})
    message = _refuse(path, tmp_path)
    assert "label '1' has 0 reviews" in message and "--labels 2,3,4,5" in message


def test_a_sample_that_leaves_a_label_too_few_rows_is_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words {row}", "1" if row % 25 == 0 else "5") for row in range(1, 301)})
    assert _ingest(path, tmp_path, labels=("1", "5")).rows_per_label == {"1": 12, "5": 288}
    message = _refuse(path, tmp_path / "sampled", labels=("1", "5"), sample_rows=210)
    assert "--sample-rows 210: label '1' has 8 reviews" in message


def test_empty_texts_are_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("title", "  ", str(row % 5 + 1)) for row in range(1, 301)})
    assert "all texts are empty in column 'Text'" in _refuse(path, tmp_path)


def test_labels_need_not_be_numbers(write_csv: Any, tmp_path: Path) -> None:
    generator = random.Random(7)
    path = write_csv({row: ("", f"words {row}", generator.choice(("bad", "good"))) for row in range(1, 301)})
    summary = _ingest(path, tmp_path, labels=("bad", "good"))
    assert sum(summary.rows_per_label.values()) == 300


def test_labels_that_the_user_orders_keep_that_order(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words {row}", ("meh", "yay")[row % 2]) for row in range(1, 301)})
    assert list(_ingest(path, tmp_path, labels=("yay", "meh")).rows_per_label) == ["yay", "meh"]
    assert read_description(tmp_path / "out" / "reviews.parquet").task.ordered
    assert not _ingest(path, tmp_path, labels=()).ordered


def test_numbers_that_are_none_become_missing_and_are_counted(write_table: Any, tmp_path: Path) -> None:
    ages: list[object] = [20 + number % 50 for number in range(300)]
    ages[16], ages[99], ages[100] = "unknown", "inf", ""
    path = write_table(
        {
            "age": ages,
            "text": [f"this is what person number {number} said" for number in range(300)],
            "stars": [1 + number % 2 for number in range(300)],
        }
    )
    names = {"text_column": "", "title_column": "", "label_column": "stars", "labels": ()}
    summary = _ingest(path, tmp_path, **names)
    assert [(repair.count, repair.first) for repair in summary.repairs] == [(2, "row 17")]
    assert "'age'" in summary.repairs[0].what
    assert _table(tmp_path)["source:age"].isna().sum() == 3


def test_the_type_of_an_attribute_is_that_of_the_first_rows(write_table: Any, tmp_path: Path) -> None:
    rows = 12_000
    path = write_table(
        {
            "votes": [str(number % 9) if number < 11_000 else "many" for number in range(rows)],
            "text": [f"this is what person number {number} said" for number in range(rows)],
            "stars": [1 + number % 2 for number in range(rows)],
        }
    )
    names = {"text_column": "", "title_column": "", "label_column": "stars", "labels": ()}
    summary = _ingest(path, tmp_path, **names)
    assert [(repair.count, repair.first) for repair in summary.repairs] == [(1000, "row 11001")]
    assert _table(tmp_path)["source:votes"].count() == 11_000


def test_an_unknown_way_of_sampling_is_refused(write_csv: Any, tmp_path: Path) -> None:
    assert "known are stratified, reservoir" in _refuse(write_csv(), tmp_path, sampling="random", sample_rows=200)


def test_the_summary_can_be_metadata_of_an_artifact(write_csv: Any, tmp_path: Path) -> None:
    summary = _ingest(write_csv({3: ("", "no label", "")}), tmp_path)
    assert json.loads(json.dumps(summary.model_dump()))["rows_without_label"] == 1


def test_the_console_gets_a_few_lines(write_csv: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _ingest(write_csv({3: ("", "no label", "")}), tmp_path, sample_rows=250, adapter="clothing")
    printed = capsys.readouterr().out.splitlines()
    assert 2 <= len(printed) <= 6
    assert any("Kept 250 of 300 rows; labels from worst to best: 1: 50" in line for line in printed)
    assert any("Left out: 1 without a label, 49 not sampled" in line for line in printed)


def test_an_inferred_plan_is_shown_line_by_line(
    write_csv: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _ingest(write_csv(), tmp_path, adapter="auto", title_column="", text_column="")
    printed = [line.removeprefix(MARK) for line in capsys.readouterr().out.splitlines()]
    lines = [line.split() for line in printed[printed.index("3 columns, inferred:") + 1 :]]
    assert [line[:2] for line in lines[:3]] == [["Title", "title"], ["Text", "text"], ["Stars", "label"]]
    assert [line[-1] for line in lines[:3]] == ["(--title-column)", "(--text-column)", "(--label-column)"]


def test_a_parquet_table_with_a_column_of_lists_is_read_without_it(tmp_path: Path) -> None:
    rows = range(300)
    table = {
        "stars": [1 + number % 2 for number in rows],
        "price": [number / 8 for number in rows],
        "when": [pd.Timestamp("2024-05-01") + pd.Timedelta(hours=number) for number in rows],
        "tags": [["a", "b"] for _ in rows],
        "comment": [f"this is what person number {number} said" for number in rows],
    }
    pd.DataFrame(table).to_parquet(tmp_path / "reviews.parquet")
    named = {"text_column": "", "title_column": "", "label_column": "stars", "labels": (), "time_column": "when"}
    summary = _ingest(tmp_path / "reviews.parquet", tmp_path, **named)
    kept = _table(tmp_path)
    assert (summary.rows_per_label, summary.adapter) == ({"1": 150, "2": 150}, "auto")
    assert kept["source:price"].tolist() == table["price"]
    assert kept["time"].tolist() == table["when"]
    assert "source:tags" not in kept
    assert "tags" in (tmp_path / "out" / "reading.html").read_text(encoding="utf-8")


def test_a_time_column_without_dates_is_refused(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv(), tmp_path, title_column="none", time_column="Title")
    assert "column 'Title', such as 'title 0' in row 1, are no dates of one format" in message


def test_the_console_stays_short_where_there_are_many_columns(
    write_table: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {f"c{number}": [str(row % 3) for row in range(300)] for number in range(60)}
    texts = {"comment": [f"this is what person number {row} said" for row in range(300)]}
    named = {"text_column": "", "title_column": "", "label_column": "c0", "labels": ()}
    _ingest(write_table(texts | columns), tmp_path, **named)
    printed = capsys.readouterr().out
    assert "and 21 columns more, see the page of the reading" in printed
    assert "c59" not in printed and "c59" in (tmp_path / "out" / "reading.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("sample_rows", [0, 300])
def test_memory_does_not_grow_with_the_table(
    sample_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.csv"
    lines = (f"{'lorem ipsum dolor sit amet ' * 4}{number},{number % 2}" for number in range(80_000))
    path.write_text("Text,Stars\n" + "\n".join(lines), encoding="utf-8")
    allocated: list[int] = []

    class WatchedMapper(Mapper):
        def map(self, partition: pd.DataFrame) -> pd.DataFrame:
            allocated.append(pa.total_allocated_bytes())
            return super().map(partition)

    monkeypatch.setattr(ingestion, "Mapper", WatchedMapper)
    _ingest(path, tmp_path, title_column="none", labels=("0", "1"), sample_rows=sample_rows)
    assert len(allocated) == 8
    assert max(allocated[4:]) < 1.25 * max(allocated[:4])
