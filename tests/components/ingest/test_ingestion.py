import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ingest.ingestion import IngestSummary, ingest_reviews
from components.ingest.source_table import normalised_labels, shown
from components.shared.errors import UserError
from components.shared.reviews import read_reviews

LABELS = ["1", "2", "3", "4", "5"]


def _ingest(data: Path | str, destination: Path, **changes: Any) -> IngestSummary:
    arguments: dict[str, Any] = {
        "data": str(data),
        "sha256": "",
        "text_column": "Text",
        "title_column": "Title",
        "label_column": "Stars",
        "labels": LABELS,
        "sample_rows": 0,
        "seed": 7,
        "destination": destination / "out" / "reviews.parquet",
    }
    return ingest_reviews(**(arguments | changes))


def _refuse(data: Path | str, destination: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as error:
        _ingest(data, destination, **changes)
    assert not (destination / "out").exists()
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_file_becomes_the_reviews_table(write_csv: Any, tmp_path: Path) -> None:
    summary = _ingest(write_csv({7: ("  spaced ", " text with, comma\nand line ", "5.0")}), tmp_path)
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested")
    assert summary.rows_read == summary.rows_kept == len(table) == 300
    row = table[table["review_id"] == "7"].iloc[0]
    assert (row["title"], row["text"], row["label"]) == ("spaced", "text with, comma\nand line", "5")


def test_the_sample_has_the_optional_columns(tmp_path: Path) -> None:
    names = {"text_column": "Review Text", "title_column": "Title", "label_column": "Rating"}
    summary = _ingest("", tmp_path, sample_rows=600, **names)
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested")
    assert summary.rows_kept == 600
    assert summary.rows_without_text == (table["text"] == "").sum() > 0
    assert table["age"].between(18, 99).all()
    assert set(table["division"].dropna()) == {"General", "General Petite", "Initmates"}


def test_the_fingerprint_follows_the_content(write_csv: Any, tmp_path: Path) -> None:
    first = _ingest(write_csv(), tmp_path).fingerprint
    again = _ingest(write_csv(), tmp_path).fingerprint
    other = _ingest(write_csv({3: ("", "other words", "4")}), tmp_path).fingerprint
    assert first == again != other


def test_sampling_keeps_the_shares_and_is_seeded(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv()
    first = _ingest(path, tmp_path, sample_rows=250)
    again = _ingest(path, tmp_path, sample_rows=250)
    other = _ingest(path, tmp_path, sample_rows=250, seed=8)
    assert first.rows_per_label == dict.fromkeys(LABELS, 50)
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_nearly_all_rows_can_be_sampled(write_csv: Any, tmp_path: Path) -> None:
    assert _ingest(write_csv(), tmp_path, sample_rows=298).rows_kept == 298


def test_a_table_without_titles_is_fine(write_csv: Any, tmp_path: Path) -> None:
    _ingest(write_csv(), tmp_path, title_column="")
    assert set(read_reviews(tmp_path / "out" / "reviews.parquet", "ingested")["title"]) == {""}


def test_rows_without_a_label_are_left_out_and_counted(write_csv: Any, tmp_path: Path) -> None:
    summary = _ingest(write_csv({3: ("", "no label", ""), 9: ("", "no label", "  ")}), tmp_path)
    assert (summary.rows_without_label, summary.rows_kept) == (2, 298)
    assert "3" not in set(read_reviews(tmp_path / "out" / "reviews.parquet", "ingested")["review_id"])


def test_many_rows_without_a_label_are_refused(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv({row: ("", "words", "") for row in range(1, 40)}), tmp_path)
    assert "39 of 300 rows have nothing in column 'Stars'" in message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "nowhere.csv: no such file" in _refuse(tmp_path / "nowhere.csv", tmp_path)


def test_a_wrong_checksum_is_refused(write_csv: Any, tmp_path: Path) -> None:
    assert "wrong checksum" in _refuse(write_csv(), tmp_path, sha256="0" * 64)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(content)
    assert "the file is empty" in _refuse(tmp_path / "empty.csv", tmp_path)


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "header.csv").write_text("Title,Text,Stars\n")
    assert "no rows" in _refuse(tmp_path / "header.csv", tmp_path)


def test_another_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("Title,Text,Stars\nx,café,5\n".encode("latin-1"))
    assert "not UTF-8: byte 22 (line 2)" in _refuse(tmp_path / "latin.csv", tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_column(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert _ingest(path, tmp_path).rows_kept == 300


@pytest.mark.parametrize("line", ["a,b,5,surplus", '"never closed,b,5'], ids=["too many fields", "an open quote"])
def test_malformed_csv_is_refused(line: str, write_csv: Any, tmp_path: Path) -> None:
    path = write_csv()
    with path.open("a") as stream:
        stream.write(line + "\n")
    assert "not well-formed CSV" in _refuse(path, tmp_path)


def test_rows_longer_than_the_header_are_refused(write_csv: Any, tmp_path: Path) -> None:
    assert "more fields than the header" in _refuse(write_csv(header=("Text", "Stars")), tmp_path)


def test_a_missing_column_is_refused_naming_those_present(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv(), tmp_path, label_column="Rating")
    assert "no column 'Rating'; the columns are 'Title', 'Text', 'Stars'" in message


def test_a_label_outside_the_labels_is_refused_with_its_row(write_csv: Any, tmp_path: Path) -> None:
    message = _refuse(write_csv({42: ("", "words", "6\x1b[31m"), 43: ("", "words", "7")}), tmp_path)
    assert r"row 42: '6\x1b[31m' in column 'Stars' is not one of the labels 1, 2, 3, 4, 5" in message


def test_one_class_only_is_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words {row}", "5") for row in range(1, 301)})
    assert "all reviews have the same label '5'" in _refuse(path, tmp_path)


def test_too_few_rows_are_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", "", str(row % 5 + 1)) for row in range(1, 150)})
    assert "too few reviews: 151 have a label and a text; at least 200" in _refuse(path, tmp_path)
    assert "at least 200" in _refuse(write_csv(), tmp_path, sample_rows=100)


def test_a_label_with_few_or_no_rows_is_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("", f"words {row}", "4") for row in range(1, 301) if (row - 1) % 5 + 1 == 1})
    message = _refuse(path, tmp_path)
    assert "label '1' has 0 reviews" in message and "--labels 2,3,4,5" in message


def test_empty_texts_are_refused(write_csv: Any, tmp_path: Path) -> None:
    path = write_csv({row: ("title", "  ", str(row % 5 + 1)) for row in range(1, 301)})
    assert "all texts are empty in column 'Text'" in _refuse(path, tmp_path)


@given(st.text())
def test_foreign_text_is_shown_in_one_short_printable_line(value: str) -> None:
    assert shown(value).isprintable() and shown(value).isascii() and len(shown(value)) <= 43


@given(st.integers(1, 5), st.sampled_from(["{}", "{}.0", " {} ", "{}.00", "{}e0"]))
def test_numbers_are_labels_however_they_are_written(value: int, spelling: str) -> None:
    raw = pd.Series([spelling.format(value)], name="Stars")
    assert normalised_labels(raw, LABELS, "file").tolist() == [str(value)]


def test_labels_need_not_be_numbers(write_csv: Any, tmp_path: Path) -> None:
    generator = random.Random(7)
    path = write_csv({row: ("", f"words {row}", generator.choice(("bad", "good"))) for row in range(1, 301)})
    summary = _ingest(path, tmp_path, labels=["bad", "good"])
    assert sum(summary.rows_per_label.values()) == 300
