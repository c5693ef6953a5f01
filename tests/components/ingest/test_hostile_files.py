"""Files as the world hands them over: each is refused in one line that says what to do, or mended and counted."""

import bz2
import csv
import gzip
import io
import json
import pickle
import re
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.ingest.ingestion import IngestSummary, SourceOptions, ingest_reviews
from components.shared.errors import UserError
from components.shared.reviews import read_reviews

HEADER = ("Title", "Text", "Stars")
ROWS = [(f"title {number}", f"review number {number}", str(number % 5 + 1)) for number in range(300)]
LABELS = ("1", "2", "3", "4", "5")

Content = bytes | Callable[[], bytes]


def _replaced(changes: dict[int, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Returns the usual rows, some of them, counted from 1, replaced."""
    return [changes.get(number, row) for number, row in enumerate(ROWS, start=1)]


def _csv(rows: Sequence[Sequence[str]] = ROWS, header: Sequence[str] = HEADER, **dialect: Any) -> str:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([header, *rows])
    return text.getvalue()


def _lines(changes: dict[int, str], lines: Sequence[str] = ()) -> bytes:
    """Returns the usual file with some rows, counted from 1 without the header, replaced by raw lines."""
    plain = [",".join(HEADER), *lines, *(",".join(row) for row in ROWS)]
    for row, line in changes.items():
        plain[row] = line
    return "\n".join([*plain, ""]).encode()


def _json(changes: dict[int, str] | None = None, **more: Any) -> bytes:
    lines = [json.dumps(dict(zip(HEADER, row, strict=True)) | more) for row in ROWS]
    for row, line in (changes or {}).items():
        lines[row - 1] = line
    return "\n".join(lines).encode()


def _parquet(**more: Any) -> bytes:
    columns: dict[str, Any] = dict(zip(HEADER, map(list, zip(*ROWS, strict=True)), strict=True)) | more
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="none")
    return stream.getvalue()


def _zip(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def _encrypted_zip() -> bytes:
    content = bytearray(_zip(("reviews.csv", _csv().encode())))
    content[6] |= 1  # the flag in the header of the member
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(content)


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("reviews.csv")
        entry.size = len(_csv())
        archive.addfile(entry, io.BytesIO(_csv().encode()))
    return stream.getvalue()


def _sqlite() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table reviews (text, stars)")
        return database.serialize()


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(30))
    return stream.getvalue()


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _bomb() -> bytes:
    return b"Title,Text,Stars\n" + b"a,b,5\n" * 30_000_000


def _long_line() -> bytes:
    return b"Title,Text,Stars\n" + b"long " * 10_000_000


@dataclass(frozen=True)
class Refused:
    """A file that stops the run; `says` is looked for in the message."""

    id: str
    name: str
    content: Content
    says: str
    options: dict[str, Any] = field(default_factory=dict)


REFUSED = [
    Refused("empty", "a.csv", b"", "the file is empty"),
    Refused("only a header", "a.csv", b"Title,Text,Stars\n", "has a header but no rows"),
    Refused("only blank lines", "a.csv", b"\n\n\n", "the file is empty; expected a header and reviews"),
    Refused("too few reviews", "a.csv", _csv(ROWS[:50]).encode(), "too few reviews"),
    # Encodings
    Refused(
        "latin-1 passed off as UTF-8",
        "a.csv",
        _csv(_replaced({17: ("caf\xe9", "good", "5")})).encode("latin-1"),
        "line 18 is not UTF-8.*pass another --encoding",
        {"encoding": "utf-8"},
    ),
    Refused("UTF-16 cut within a character", "a.csv", _csv().encode("utf-16")[:-1], "line 301 is not utf-16"),
    Refused("unknown encoding", "a.csv", _csv().encode(), "--encoding klingon: no such", {"encoding": "klingon"}),
    Refused("no text encoding", "a.csv", _csv().encode(), "--encoding hex: not an enc", {"encoding": "hex"}),
    Refused(
        "no encoding fits",
        "a.csv",
        _lines({}).replace(b"review", bytes(range(0x80, 0xA0)) + b"\xff\xfe\x81"),
        "line 2 is not UTF-8, and no other encoding fits; pass --encoding",
    ),
    # Quotes, rows and columns
    Refused("quote that is never closed", "a.csv", _lines({17: 'a,"good,5'}), "row 17: a quote opens in this row"),
    Refused(
        "quote that is never closed in a large file",
        "a.csv",
        lambda: _lines({17: 'a,"good,5'}) + b"title,a good review,5\n" * 60_000,
        "row 17: a quote opens in this row and is not closed within 1,048,576 characters",
    ),
    Refused("quote in the header", "a.csv", b'"Title"x,Text\na,b\n', "first line has misplaced quotes"),
    Refused(
        "many misplaced quotes",
        "a.csv",
        _lines({row: 'a,"good" indeed,5' for row in range(10, 40)}),
        "row 10 has text after a closing quote; 30 of 300 rows are damaged and at most 5%",
    ),
    Refused(
        "many ragged rows",
        "a.csv",
        _lines({row: "a,good,5,,," for row in range(10, 40)}),
        "row 10 has 6 values for 3 columns; 30 of 300 rows are damaged and at most 5% may be: check the delimiter",
    ),
    Refused("every row ragged", "a.csv", _lines({}).replace(b"Stars\n", b"Stars,More\n"), "row 1 has 3 values for 4"),
    Refused(
        "50 MB line",
        "a.csv",
        _long_line,
        r"line 2 is longer than 4,194,304 characters.*check the line ends and quotes",
    ),
    Refused(
        "50 MB line of JSON", "a.jsonl", lambda: b'{"Text": "' + b"a" * 50_000_000, "line 1 is longer than 4,194"
    ),
    Refused("two columns of one name", "a.csv", _csv(header=("Text", "Text", "Stars")).encode(), "called 'Text'"),
    Refused("one name but for spaces", "a.csv", _csv(header=("Text", " Text ", "Stars")).encode(), "called 'Text'"),
    Refused(
        "missing column", "a.csv", _csv(header=("A", "B", "C")).encode(), "no column '(Text|Stars)'.*'A', 'B', 'C'"
    ),
    Refused(
        "long delimiter", "a.csv", _csv().encode(), "--delimiter ::: expected one character", {"delimiter": "::"}
    ),
    Refused("another delimiter told", "a.csv", _csv().encode(), "no column", {"delimiter": ";"}),
    # Not a table
    Refused(
        "error page",
        "a.csv",
        b"\xef\xbb\xbf\n <!DOCTYPE html><html><body>404</body>",
        "a web page .HTML., not a table",
    ),
    Refused(
        "page without a doctype", "a.csv", b"<HTML><head><title>Sign in</title>", "a web page .HTML., not a table"
    ),
    Refused("XML", "a.csv", b'<?xml version="1.0"?><reviews/>', "XML, not a table"),
    Refused("PNG", "a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
    Refused("PDF", "a.csv", b"%PDF-1.7\n%\xe2\xe3", "a PDF document; export its table as CSV"),
    Refused("SQLite", "a.csv", _sqlite(), "an SQLite database; export the table"),
    Refused(
        "Excel",
        "a.xlsx",
        _zip(("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"<a/>")),
        "save the sheet as CSV",
    ),
    Refused("old Excel", "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save the sheet as CSV"),
    Refused("pickle", "a.csv", pickle.dumps({"a": [1]}, 4), "a Python pickle, which is not safe"),
    Refused("NumPy array", "a.csv", _npy(), "a NumPy array"),
    Refused("unknown binary", "a.csv", bytes(range(256)) * 20, "a binary file, not a table"),
    Refused("bzip2", "a.csv.bz2", bz2.compress(_csv().encode()), "packed with bzip2; unpack it"),
    Refused("tar", "a.tar.gz", _tar(), "a tar archive; unpack it"),
    # Archives
    Refused("zip bomb", "a.zip", lambda: _zip(("a.csv", _bomb())), "more than 200 times its size, the limit"),
    Refused("gzip bomb", "a.csv.gz", lambda: gzip.compress(_bomb(), 5), "more than 200 times its size, the limit"),
    Refused("zip that climbs out", "a.zip", _zip(("../../a.csv", b"a")), r"'../../a.csv', which leads out of it"),
    Refused("zip with an absolute path", "a.zip", _zip(("/etc/a.csv", b"a")), "'/etc/a.csv', which leads out of it"),
    Refused("zip with a Windows path", "a.zip", _zip((r"C:\a\b.csv", b"a")), "which leads out of it"),
    Refused("encrypted zip", "a.zip", _encrypted_zip(), "is encrypted; unpack it with its password"),
    Refused(
        "zip of two tables", "a.zip", _zip(("a.csv", b"a"), ("b.csv", b"b")), "exactly one table.*'a.csv', 'b.csv'"
    ),
    Refused("zip of no table", "a.zip", _zip(("a.md", b"a"), ("b.md", b"b")), "exactly one table.*'a.md', 'b.md'"),
    Refused("zip of nothing", "a.zip", _zip(), "exactly one table, this one holds nothing"),
    Refused("zip in a zip", "a.zip", _zip(("b.zip", _zip(("a.csv", b"a")))), "a zip file in another archive"),
    Refused("zip cut short", "a.zip", _zip(("a.csv", _csv().encode()))[:-30], "a damaged zip file"),
    Refused("zip with a wrong bit", "a.zip", _flipped(_zip(("a.csv", _csv().encode())), 500), "damaged or cut short"),
    Refused("gzip cut short", "a.csv.gz", gzip.compress(_csv().encode())[:-200], "damaged or cut short"),
    Refused("gzip with a wrong checksum", "a.csv.gz", _flipped(gzip.compress(_csv().encode()), -6), "damaged or cut"),
    # Parquet
    Refused("Parquet cut short", "a.parquet", _parquet()[:-100], "the Parquet file is damaged or cut short"),
    Refused("Parquet of four bytes", "a.parquet", b"PAR1", "the Parquet file is damaged or cut short"),
    Refused("Parquet with a broken page", "a.parquet", b"PAR1" + b"\xff" * 400 + _parquet()[404:], "damaged"),
    Refused("Parquet without rows", "a.parquet", _parquet(Title=[], Text=[], Stars=[]), "has a header but no rows"),
    Refused(
        "Parquet of lists", "a.parquet", _parquet(Text=[["a"]] * 300), "'Text'.*holds lists", {"text_column": "Text"}
    ),
    # JSON lines
    Refused(
        "broken line", "a.jsonl", _json({17: '{"Title": "a", "Te'}), "line 17 is not valid JSON .*correct or delete"
    ),
    Refused("cut line", "a.jsonl", _json()[:-5], "line 300 is not valid JSON"),
    Refused(
        "one JSON document", "a.json", json.dumps([{"Text": "a"}], indent=1).encode(), "line 1 is not valid JSON"
    ),
    Refused("printed JSON", "a.json", json.dumps({"Text": "a"}, indent=1).encode(), "line 1 .*one whole object"),
    Refused("numbers a line", "a.jsonl", b"1\n2\n", "line 1 is no JSON object"),
    Refused("key that stands twice", "a.jsonl", _json({17: '{"Text": "a", "Text": "b"}'}), "line 17: the key 'Text'"),
    Refused("nested too deeply", "a.jsonl", _json({17: '{"Text": ' + "[" * 100_000}), "line 17: nested too deeply"),
    Refused("texts in a list", "a.jsonl", _json(Text=["a"]), "'Text'.*holds a list", {"text_column": "Text"}),
    Refused(
        "many objects for texts",
        "a.jsonl",
        lambda: _json() + b"\n" + b'{"Title": "", "Text": "x", "Stars": "4"}\n' * 9_700 + b'{"Text": {}}\n' * 1_000,
        r"row 10001 \(line 10001\) has an object in 'Text'; 1,000 of 11,000 rows",
    ),
    # Labels and texts
    Refused("rating 0", "a.csv", _lines({17: "a,good,0"}), "row 17.*'0'"),
    Refused("rating 6", "a.csv", _lines({17: "a,good,6"}), "row 17.*'6'"),
    Refused("rating 3.5", "a.csv", _lines({17: "a,good,3.5"}), r"row 17.*'3\.5'"),
    Refused("rating in words", "a.csv", _lines({17: "a,good,five"}), "row 17.*'five'"),
    Refused("rating in words in Parquet", "a.parquet", _parquet(Stars=["4", "five"] * 150), "row 2.*'five'"),
    Refused("one label", "a.csv", _csv([("a", f"b {n}", "5") for n in range(300)]).encode(), "same label '5'"),
    Refused("no text at all", "a.csv", _csv([("a", " ", row[2]) for row in ROWS]).encode(), "texts are empty"),
]


def _write(directory: Path, name: str, content: Content) -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content())
    return path


def _ingest(data: Path | str, workspace: Path, **changes: Any) -> IngestSummary:
    options: dict[str, Any] = {"title_column": "Title", "text_column": "Text", "label_column": "Stars"}
    return ingest_reviews(
        SourceOptions(**({"data": str(data), "adapter": "auto", "labels": LABELS} | options | changes)),
        sample_rows=0,
        sampling="stratified",
        seed=1,
        destination=workspace / "out" / "reviews.parquet",
        reading=workspace / "out" / "reading.html",
    )


def _refuse(data: Path | str, workspace: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as error:
        _ingest(data, workspace, **changes)
    message = str(error.value)
    assert "\n" not in message
    assert message.isprintable()
    assert not list((workspace / "out").glob("*")), "something was left behind"
    return message


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_file_that_cannot_be_mended_is_refused_in_one_line(case: Refused, tmp_path: Path) -> None:
    path = _write(tmp_path, case.name, case.content)
    message = _refuse(path, tmp_path, **case.options)
    assert re.search(case.says, message), message
    assert case.name in message or message.startswith("--")


@dataclass(frozen=True)
class Mended:
    """A file that is read in spite of all; `repairs` maps the repairs, in words, to how many there are."""

    id: str
    name: str
    content: Content
    repairs: dict[str, int] = field(default_factory=dict)
    kept: int = 300
    options: dict[str, Any] = field(default_factory=dict)
    row: tuple[str, str, str] | None = None  # what row 17 must be: title, text, label


ACCENTS = ("café", "très bien, déjà vu", "5")
WITH_ACCENTS = _csv(_replaced({17: ACCENTS}))
CYRILLIC = ("платье", "Очень красивое платье, но размер маленький" * 50, "5")
QUOTED = ('a "title"', 'he said "good", twice', "5")

MENDED = [
    # Encodings
    Mended("byte order mark", "a.csv", WITH_ACCENTS.encode("utf-8-sig"), row=ACCENTS),
    Mended(
        "mark and told UTF-8", "a.csv", WITH_ACCENTS.encode("utf-8-sig"), options={"encoding": "utf8"}, row=ACCENTS
    ),
    Mended("UTF-16", "a.csv", WITH_ACCENTS.encode("utf-16"), row=ACCENTS),
    Mended("UTF-16, other end first", "a.csv", b"\xfe\xff" + WITH_ACCENTS.encode("utf-16-be"), row=ACCENTS),
    Mended("UTF-16 without a mark", "a.csv", WITH_ACCENTS.encode("utf-16-le"), row=ACCENTS),
    Mended("UTF-32", "a.csv", WITH_ACCENTS.encode("utf-32"), row=ACCENTS),
    Mended("UTF-16 in Cyrillic", "a.csv", _csv(_replaced({17: CYRILLIC})).encode("utf-16"), row=CYRILLIC),
    Mended("latin-1 told", "a.csv", WITH_ACCENTS.encode("latin-1"), options={"encoding": "latin-1"}, row=ACCENTS),
    Mended("latin-1 not told", "a.csv", WITH_ACCENTS.encode("latin-1"), {"decoded as cp1252": 1}, row=ACCENTS),
    Mended(
        "Cyrillic not told",
        "a.csv",
        _csv(
            _replaced({n: ("платье", "Очень красивое платье, но размер маленький", "5") for n in range(10, 40)})
        ).encode("cp1251"),
        {"decoded as cp1251": 30},
        row=("платье", "Очень красивое платье, но размер маленький", "5"),
    ),
    Mended(
        "stray bytes in UTF-8",
        "a.csv",
        _csv(_replaced({17: ACCENTS, 18: ACCENTS, 19: ACCENTS}))
        .encode()
        .replace(b"\r\ntitle 19,", b"\r\n\x93hm\x94 19,"),
        {"bytes that are not UTF-8, which were read as cp1252": 1},
        row=ACCENTS,
    ),
    Mended("NULs", "a.csv", _lines({17: "a\0,go\0od,5\0"}), {"NUL characters removed": 3}, row=("a", "good", "5")),
    Mended("NUL in the header", "a.csv", _lines({0: "Ti\0tle,Text,Stars"})),
    # Rows
    Mended("CR line ends", "a.csv", _csv(lineterminator="\r").encode()),
    Mended("no end of the last line", "a.csv", _csv().encode().rstrip()),
    Mended(
        "blank lines",
        "a.csv",
        _lines({17: "\n\n" + "café,good,5"}),
        row=("café", "good", "5"),
    ),
    Mended("rows too long", "a.csv", _lines({20: "a,b,5,6", 25: "a,b,c,d"}), {"too many or too few values": 2}, 298),
    Mended("rows too short", "a.csv", _lines({20: "a", 25: "a,b"}), {"too many or too few values": 2}, 298),
    Mended("misplaced quotes", "a.csv", _lines({20: 'a,"good" indeed,5'}), {"misplaced quotes": 1}, 299),
    Mended("quotes within a value", "a.csv", _lines({17: 'a,5" heels,5'}), row=("a", '5" heels', "5")),
    Mended(
        "lines within a value",
        "a.csv",
        _csv(_replaced({17: ("a", "one\ntwo", "5")})).encode(),
        row=("a", "one\ntwo", "5"),
    ),
    Mended(
        "quotes with backslashes",
        "a.csv",
        _csv(_replaced({17: QUOTED}), doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL).encode(),
        row=QUOTED,
    ),
    Mended("word of 100 kB", "a.csv", _lines({17: f"a,{'b' * 100_000},5"}), row=("a", "b" * 100_000, "5")),
    Mended(
        "column without a name", "a.csv", _csv([(str(n), *r) for n, r in enumerate(ROWS)], ("", *HEADER)).encode()
    ),
    Mended("spaces around names", "a.csv", _lines({0: " Title , Text,Stars "})),
    Mended("delimiter after each row", "a.csv", _lines({}).replace(b"\n", b",\n")),
    # Delimiters
    Mended("semicolons", "a.csv", _csv(_replaced({17: ACCENTS}), delimiter=";").encode(), row=ACCENTS),
    Mended("pipes", "a.csv", _csv(_replaced({17: ACCENTS}), delimiter="|").encode(), row=ACCENTS),
    Mended("tabs in a CSV file", "a.csv", _csv(_replaced({17: ACCENTS}), delimiter="\t").encode(), row=ACCENTS),
    Mended("tabs told", "a.tsv", _csv(delimiter="\t").encode(), options={"delimiter": "tab"}),
    Mended("another delimiter told", "a.csv", _csv(delimiter="~").encode(), options={"delimiter": "~"}),
    Mended(
        "quotes without a meaning between tabs",
        "a.tsv",
        "\n".join("\t".join(row) for row in [HEADER, *_replaced({17: ("a", '"good" indeed', "5")})]).encode(),
        row=("a", '"good" indeed', "5"),
    ),
    Mended("commas and semicolons", "a.csv", _csv([(f"{t}; {t}", x, y) for t, x, y in ROWS]).encode()),
    # JSON lines
    Mended("JSON lines", "a.jsonl", _json({17: json.dumps(dict(zip(HEADER, ACCENTS, strict=True)))}), row=ACCENTS),
    Mended("JSON lines by content", "a.csv", _json()),
    Mended("JSON lines in UTF-16", "a.jsonl", _json().decode().encode("utf-16")),
    Mended(
        "ratings as numbers", "a.jsonl", _json({17: '{"Title": null, "Text": "a", "Stars": 5.0}'}), row=("", "a", "5")
    ),
    Mended("blank lines of JSON", "a.jsonl", _json().replace(b"\n", b"\n\r\n")),
    Mended("unread list in JSON", "a.jsonl", _json(Photos=["a.png"])),
    Mended(
        "half of a surrogate pair",
        "a.jsonl",
        _json({17: r'{"Title": "a", "Text": "good \ud83d", "Stars": "5"}'}),
        {"surrogate pairs": 1},
        row=("a", "good \ufffd", "5"),
    ),
    Mended(
        "NUL in JSON", "a.jsonl", _json({17: r'{"Text": "a\u0000b", "Stars": 5}'}), {"NUL": 1}, row=("", "ab", "5")
    ),
    # Parquet
    Mended("numbers in Parquet", "a.parquet", _parquet(Stars=[float(row[2]) for row in ROWS]), row=ROWS[16]),
    Mended("dictionary in Parquet", "a.parquet", _parquet(Stars=pa.array([r[2] for r in ROWS]).dictionary_encode())),
    Mended("unread list in Parquet", "a.parquet", _parquet(Photos=[["a.png"]] * 300)),
    Mended("Parquet named CSV", "a.csv", _parquet()),
    # Archives
    Mended("gzip", "a.csv.gz", gzip.compress(WITH_ACCENTS.encode()), row=ACCENTS),
    Mended("gzip of Parquet", "a.parquet.gz", gzip.compress(_parquet())),
    Mended("gzip without a suffix", "reviews", gzip.compress(_json())),
    Mended("zip", "a.zip", _zip(("data/", b""), ("data/a.csv", _csv().encode()), ("README.md", b"read me"))),
    Mended("zip of a Mac", "a.zip", _zip(("a.csv", _csv().encode()), ("__MACOSX/._a.csv", b"\0\5\x16"))),
    # Labels
    Mended("numbers as text", "a.csv", _lines({17: "a,good, 5.0 "}), row=("a", "good", "5")),
]


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.id)
def test_a_file_that_can_be_mended_is_read_and_the_repairs_are_counted(case: Mended, tmp_path: Path) -> None:
    summary = _ingest(_write(tmp_path, case.name, case.content), tmp_path, **case.options)
    assert summary.rows_kept == case.kept
    counts = {words: sum(one.count for one in summary.repairs if words in one.what) for words in case.repairs}
    assert counts == case.repairs
    assert sum(case.repairs.values()) == sum(one.count for one in summary.repairs)
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested").set_index("review_id")
    if case.row:
        assert tuple(table.loc["17", ["title", "text", "label"]]) == case.row
    page = (tmp_path / "out" / "reading.html").read_text(encoding="utf-8")
    assert all(words in page for words in case.repairs)


def test_a_repair_names_the_first_place(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.csv", _lines({20: "a,b,5,6", 25: "a,b,c,d"}))
    (repair,) = _ingest(path, tmp_path).repairs
    assert repair.first == f"{path}: row 20, which has 4 values for 3 columns"


def test_row_numbers_count_the_rows_that_were_left_out(tmp_path: Path) -> None:
    _ingest(_write(tmp_path, "a.csv", _lines({20: "a,b,5,6"})), tmp_path)
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested").set_index("review_id")
    assert "20" not in table.index
    assert table.loc["21", "text"] == ROWS[20][1]


def test_missing_and_empty_texts_are_the_same(tmp_path: Path) -> None:
    texts = [None, "", " "] + [row[1] for row in ROWS[3:]]
    summary = _ingest(_write(tmp_path, "a.parquet", _parquet(Text=texts)), tmp_path)
    assert summary.rows_without_text == 3


@pytest.mark.parametrize("word", ["NA", "null", "nan", "None", "-"])
def test_words_that_mean_missing_elsewhere_are_texts(word: str, tmp_path: Path) -> None:
    _ingest(_write(tmp_path, "a.csv", _lines({17: f"a,{word},5"})), tmp_path)
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested").set_index("review_id")
    assert table.loc["17", "text"] == word


def test_a_table_of_nothing_but_duplicates_is_read_and_left_to_the_guard(tmp_path: Path) -> None:
    rows = [("title", "the same review", label) for _, _, label in ROWS]
    summary = _ingest(_write(tmp_path, "a.csv", _csv(rows).encode()), tmp_path)
    assert summary.rows_kept == 300


def test_the_files_of_a_folder_are_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    _write(folder, "b.csv", _csv([row[::-1] for row in ROWS[100:]], HEADER[::-1]).encode())
    _write(folder, "a.csv", _csv(ROWS[:100]).encode())
    _write(folder, ".hidden.csv", b"no table")
    _write(folder, "notes.md", b"no table")
    assert _ingest(folder, tmp_path).rows_kept == 300
    table = read_reviews(tmp_path / "out" / "reviews.parquet", "ingested")
    assert list(table["review_id"]) == [str(number) for number in range(1, 301)]
    assert list(zip(table["title"], table["text"], table["label"], strict=True)) == ROWS


def test_a_glob_takes_files_of_several_formats(tmp_path: Path) -> None:
    _write(tmp_path, "a.csv", _csv(ROWS).encode())
    _write(tmp_path, "b.jsonl", _json())
    assert _ingest(f"{tmp_path}/[ab].*", tmp_path).rows_kept == 600


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (_csv(header=("Title", "Text", "Rating")).encode(), r"b\.csv: other columns than .*a\.csv: it lacks 'Stars'"),
        (_csv([(*r, "1") for r in ROWS], (*HEADER, "More")).encode(), r"b\.csv: other columns .* it also has 'More'"),
        (b"", r"b\.csv: the file is empty"),
    ],
)
def test_files_of_different_tables_are_refused(second: bytes, says: str, tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    _write(folder, "a.csv", _csv().encode())
    _write(folder, "b.csv", second)
    assert re.search(says, _refuse(folder, tmp_path))


def test_a_folder_without_tables_and_a_pattern_without_files_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    assert "no table in this folder; expected files that end in .csv" in _refuse(folder, tmp_path)
    assert "no file fits to this pattern" in _refuse(f"{folder}/*.csv", tmp_path)
    assert "no such file; check the path" in _refuse(folder / "a.csv", tmp_path)


def test_one_checksum_for_several_files_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        _write(folder, name, _csv().encode())
    assert "2 files and one SHA-256" in _refuse(folder, tmp_path, sha256="1" * 64)


def test_a_table_that_pandas_wrote_in_any_format_is_the_same(tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS, columns=list(HEADER)).astype({"Stars": "int64"})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_csv(tmp_path / "a.csv.gz", index=False)
    table.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    table.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    table.to_parquet(tmp_path / "a.parquet")
    read = []
    for path in sorted(tmp_path.glob("a.*")):
        _ingest(path, tmp_path)
        read.append(read_reviews(tmp_path / "out" / "reviews.parquet", "ingested"))
    assert len(read) == 5
    assert all(one.equals(read[0]) for one in read)
