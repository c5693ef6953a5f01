import csv
import datetime
import decimal
import gzip
import io
import json
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.ingest.reading import Source, open_source
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS

Rows = Sequence[Sequence[str]]


def _open(content: bytes, directory: Path, name: str = "table", **options: str) -> Source:
    path = directory / name
    path.write_bytes(content)
    return open_source([path], name, **options)


def _read(source: Source) -> pd.DataFrame:
    return pd.concat(source.partitions())


def _csv(rows: Rows, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def _json(rows: Rows) -> bytes:
    return "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:]).encode()


def _parquet(rows: Rows) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table([list(column) for column in zip(*rows[1:], strict=True)], list(rows[0])), stream)
    return stream.getvalue()


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    "csv": _csv,
    "tsv": lambda rows: _csv(rows, "\t"),
    "jsonl": _json,
    "parquet": _parquet,
}
# Many control characters make a binary file, and halves of surrogate pairs are no text in UTF-8.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
#: Commas, quotes, line ends and backslashes more often than chance has them.
CELLS = st.one_of(WORDS, st.text(",;\t|\"\\\r\n' ab5", max_size=12))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_unchanged_from_every_format(cells: list[tuple[str, str, str]]) -> None:
    header = ("text", "stars", "more words")
    for form, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as directory:
            source = _open(write([header, *cells]), Path(directory), f"table.{form}")
            table = _read(source)
        assert list(table.columns) == list(header)
        assert list(table.itertuples(index=False, name=None)) == cells, form
        assert list(table.index) == list(range(1, len(cells) + 1))
        assert not source.repairs


@given(st.binary(max_size=600), st.sampled_from(["a.csv", "a.jsonl", "a.parquet", "a.zip"]))
@example(b"{}", "a.csv")
@example(b"\xff\xfe", "a.csv")
@example(b'"', "a.csv")
@example(b"\0", "a.csv")
@example(b"PK\x05\x06" + bytes(18), "a.csv")
@settings(max_examples=250, deadline=None)
def test_no_bytes_crash_the_reading(content: bytes, name: str) -> None:
    _read_or_refuse(content, name)


@given(
    st.sampled_from(["csv", "tsv", "jsonl", "parquet", "gz"]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=5),
)
@settings(max_examples=200, deadline=None)
def test_no_damage_to_a_good_file_crashes_the_reading(form: str, damages: list[tuple[int, bytes]]) -> None:
    rows = [("text", "stars"), *((f'a "good" review, number {number}', str(number % 5)) for number in range(40))]
    content = bytearray(gzip.compress(_csv(rows)) if form == "gz" else WRITERS[form](rows))
    for place, damage in damages:
        start = place % len(content)
        content[start : start + len(damage)] = damage
    _read_or_refuse(bytes(content), f"a.{form}")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["text", "stars", "", "\ud800", "more"]),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
                lambda values: (
                    st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=2), values, max_size=2)
                ),
                max_leaves=3,
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_no_json_crashes_the_reading(records: list[dict[str, Any]]) -> None:
    _read_or_refuse("\n".join(map(json.dumps, records)).encode(), "a.jsonl")


def _read_or_refuse(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        try:
            source = _open(content, Path(directory), name)
            for table in source.partitions():
                assert list(table.columns) == source.columns
                assert all(isinstance(value, str) for value in table.to_numpy().ravel())
        except UserError as error:
            assert str(error).startswith(name)


def test_large_tables_come_in_partitions_whose_index_counts_on(tmp_path: Path) -> None:
    rows = [(f"review {number}", "5") for number in range(2 * PARTITION_ROWS + 7)]
    source = _open(_csv([("text", "stars"), *rows]), tmp_path)
    partitions = list(source.partitions())
    assert [len(table) for table in partitions] == [PARTITION_ROWS, PARTITION_ROWS, 7]
    assert [table.index[0] for table in partitions] == [1, PARTITION_ROWS + 1, 2 * PARTITION_ROWS + 1]
    assert source.head().equals(partitions[0])


def test_the_head_goes_over_several_files(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(_csv([("text", "stars"), *[("good", "5")] * 6000]))
    source = open_source([tmp_path / "a.csv", tmp_path / "b.csv"], "folder")
    assert list(source.head().index) == list(range(1, PARTITION_ROWS + 1))
    assert [len(table) for table in source.partitions()] == [6000, 6000]


def test_a_second_pass_counts_the_repairs_anew(tmp_path: Path) -> None:
    source = _open(_csv([("text", "stars"), *[("caf\xe9", "5")] * 50, ("a",)]).decode().encode("latin-1"), tmp_path)
    assert [repair.count for repair in source.repairs] == [50]
    for _ in range(2):
        list(source.partitions())
        assert [repair.count for repair in source.repairs] == [50, 1]


def test_reading_holds_one_partition_at_a_time(tmp_path: Path) -> None:
    row = ("a review of a hundred letters or so, which is about as much as people write about a dress, ", "5")
    (tmp_path / "small.csv").write_bytes(_csv([("text", "stars"), *[row] * 20_000]))
    (tmp_path / "large.csv").write_bytes(_csv([("text", "stars"), *[row] * 80_000]))
    assert _peak(tmp_path / "large.csv") < 1.2 * _peak(tmp_path / "small.csv")


def _peak(path: Path) -> int:
    tracemalloc.start()
    for _ in open_source([path], "table").partitions():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_first_line_of_data_can_be_kept(tmp_path: Path) -> None:
    rows = [("0", "first, of all", ""), ("4", "second", "")]
    source = _open(_csv(rows), tmp_path).without_header(["target", "text", "more"])
    assert source.columns == ["target", "text", "more"]
    assert list(_read(source).itertuples(name=None)) == [(1, *rows[0]), (2, *rows[1])]


def test_a_first_line_of_data_must_have_as_many_values_as_columns(tmp_path: Path) -> None:
    source = _open(_csv([("0", "text")]), tmp_path)
    with pytest.raises(UserError, match="table: row 1 has 2 values for 3 columns"):
        source.without_header(["a", "b", "c"])
    with pytest.raises(UserError, match="its columns have names"):
        _open(_json([("text",), ("a",)]), tmp_path).without_header(["text"])


def test_files_without_header_need_no_common_first_line(tmp_path: Path) -> None:
    for name, label in (("a.csv", "0"), ("b.csv", "4")):
        (tmp_path / name).write_bytes(_csv([(label, f"text of {name}")]))
    source = open_source([tmp_path / "a.csv", tmp_path / "b.csv"], "folder").without_header(["target", "text"])
    assert _read(source)["text"].tolist() == ["text of a.csv", "text of b.csv"]


@pytest.mark.parametrize(
    ("content", "name", "form"),
    [
        (_csv([("a", "b"), ("1", "2")]), "a.csv", "a.csv: CSV, UTF-8, comma"),
        (b"\xef\xbb\xbf" + _csv([("a", "b")] * 2, ";"), "a.csv", "a.csv: CSV, UTF-8 with byte order mark, semicolon"),
        (_csv([("a", "b"), ("1", "2")], "\t").decode().encode("utf-16"), "a.txt", "a.txt: TSV, utf-16, tab"),
        (_json([("a",), ("1",)]), "a.jsonl", "a.jsonl: JSON lines, UTF-8"),
        (_parquet([("a",), ("1",)]), "a", "a: Parquet"),
    ],
)
def test_the_format_is_told_in_one_line(content: bytes, name: str, form: str, tmp_path: Path) -> None:
    assert _open(content, tmp_path, name).formats == [form]


def test_parquet_values_are_written_as_people_write_them(tmp_path: Path) -> None:
    noon = datetime.datetime(2024, 2, 29, 12)
    expected: dict[str, tuple[pa.Array, str]] = {
        "whole": (pa.array([5.0, None]), "5"),
        "fraction": (pa.array([0.1, float("nan")]), "0.1"),
        "half": (pa.array([np.float16(2.5), None], pa.float16()), "2.5"),
        "integer": (pa.array([-7, None]), "-7"),
        "truth": (pa.array([True, None]), "true"),
        "decimal": (pa.array([decimal.Decimal("4.50"), None]), "4.50"),
        "whole decimal": (pa.array([decimal.Decimal("4.00"), None]), "4"),
        "day": (pa.array([noon.date(), None]), "2024-02-29"),
        "moment": (pa.array([noon, None]), "2024-02-29 12:00:00"),
        "moment somewhere": (pa.array([noon.replace(tzinfo=datetime.UTC), None]), "2024-02-29 12:00:00Z"),
        "time": (pa.array([noon.time(), None]), "12:00:00"),
        "category": (pa.array(["good", None]).dictionary_encode(), "good"),
        "number category": (pa.array([5.0, None]).dictionary_encode(), "5"),
        "large": (pa.array(["text", None], pa.large_string()), "text"),
        "nothing": (pa.nulls(2), ""),
    }
    stream = io.BytesIO()
    pq.write_table(pa.table({name: array for name, (array, _) in expected.items()}), stream)
    table = _read(_open(stream.getvalue(), tmp_path))
    assert table.iloc[0].to_dict() == {name: text for name, (_, text) in expected.items()}
    assert set(table.iloc[1]) == {""}


def test_columns_that_are_no_text_are_left_out_with_a_reason(tmp_path: Path) -> None:
    columns = {"text": ["a"], "photos": [["b"]], "place": [{"x": 1}], "picture": [b"\xff"]}
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    source = _open(stream.getvalue(), tmp_path)
    assert source.columns == ["text"]
    assert source.unreadable == {"photos": "holds lists", "place": "holds objects", "picture": "holds bytes"}
    line = json.dumps({"text": "a", "photos": ["b"], "place": {"x": 1}}).encode()
    assert _open(line, tmp_path).unreadable == {"photos": "holds a list", "place": "holds an object"}


def test_text_in_parquet_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    broken = pa.array([b"good", b"caf\xe9"]).view(pa.string())
    stream = io.BytesIO()
    pq.write_table(pa.table({"text": broken}), stream, use_dictionary=False)
    with pytest.raises(UserError, match=r"table: damaged after row 0 .*UTF8"):
        _read(_open(stream.getvalue(), tmp_path))


@pytest.mark.parametrize(
    ("literal", "text"),
    [("5", "5"), ("5.0", "5"), ("-0.50", "-0.50"), ("1e400", "1e400"), ("NaN", ""), ("Infinity", "Infinity")],
)
def test_json_numbers_keep_their_digits(literal: str, text: str, tmp_path: Path) -> None:
    assert _read(_open(f'{{"a": {literal}}}'.encode(), tmp_path))["a"].item() == text


def test_whole_json_numbers_of_any_length_are_read(tmp_path: Path) -> None:
    assert _read(_open(b'{"a": ' + b"9" * 5000 + b"}", tmp_path))["a"].item() == "9" * 5000


def test_keys_that_come_late_are_counted_and_left_out(tmp_path: Path) -> None:
    lines = [b'{"text": "a"}'] * (PARTITION_ROWS + 1) + [b'{"text": "a", "late": 1}'] * 3
    source = _open(b"\n".join(lines), tmp_path)
    assert len(_read(source)) == PARTITION_ROWS + 4
    (repair,) = source.repairs
    assert (repair.count, repair.first) == (3, f"table: row {PARTITION_ROWS + 2} (line {PARTITION_ROWS + 2})")
    assert "'late'" in repair.what


def test_a_byte_that_does_not_fit_is_named_far_into_the_file(tmp_path: Path) -> None:
    good = _csv([("text", "stars"), *[("a good review", "5")] * 100_000])
    content = good + b"caf\xe9,5\n"
    with pytest.raises(UserError, match="table: line 100002 is not UTF-8"):
        _open(content, tmp_path, encoding="utf-8")
    assert _open(content, tmp_path).repairs.all()[0].first == "table: line 100002"


def test_the_original_tweets_are_read_though_some_bytes_are_not_utf_8(tmp_path: Path) -> None:
    row = '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","someone","{}"\n'
    lines = [row.format(text) for text in ("plain", "KakÃ¡", "déjà", "♥", "naïve")]
    source = _open("".join(lines).encode() + row.format("pÃ?").encode("latin-1"), tmp_path)
    table = _read(source.without_header(["target", "ids", "date", "flag", "user", "text"]))
    assert table["text"].tolist()[3] == "♥"
    assert len(table) == 6
    assert [repair.count for repair in source.repairs] == [1]
