"""CSV and TSV files: values between delimiters, quoted where they need it (RFC 4180)."""

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Literal

import clevercsv
import numpy as np

from components.ingest.encodings import Encoding
from components.ingest.repairs import Repairs
from components.ingest.signatures import SAMPLE_BYTES
from components.ingest.source_table import shown
from components.ingest.table_file import Batch, column_names, string_array
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS

#: A longer value comes from a quote that is never closed.
LARGEST_VALUE = 1 << 20

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SPELT = {name: delimiter for delimiter, name in _DELIMITERS.items()} | {"\\t": "\t"}
#: clevercsv takes time that grows with the sample and learns little from more.
_SAMPLE_CHARACTERS = 16_000
#: What csv.Error says where the file ends within quotes.
_END_OF_DATA = "unexpected end of data"
_ADVICE = "check the delimiter (--delimiter), the quotes and the line ends"


@dataclass(frozen=True)
class Dialect:
    """How the values of a row are told apart.

    Attributes:
        delimiter: Stands between values.
        escape: May stand before a quote inside of a quoted value; "" if such a quote is always doubled.
        quoting: csv.QUOTE_MINIMAL, or csv.QUOTE_NONE if quotes have no meaning.
    """

    delimiter: str
    escape: str = ""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL

    def reader(self, lines: Iterator[str]) -> Any:
        """Returns a reader of rows, which raises csv.Error where quotes are not as they must be."""
        csv.field_size_limit(LARGEST_VALUE)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar=self.escape or None,
            quoting=self.quoting,
            strict=True,
        )

    def __str__(self) -> str:
        return _DELIMITERS.get(self.delimiter, repr(self.delimiter))


class DelimitedFile:
    """A CSV or TSV file; see `TableFile`."""

    unreadable: dict[str, str]

    def __init__(
        self,
        open_file: Callable[[], IO[bytes]],
        encoding: Encoding,
        dialect: Dialect,
        label: str,
        header: Sequence[str] | None = None,
    ) -> None:
        """Reads the header, or takes the one that is given: then the first line is data.

        Raises:
            UserError: There is no header, it names a column twice, or the first row does not fit to `header`.
        """
        self.label = label
        self.unreadable = {}
        kind = "TSV" if dialect.delimiter == "\t" else "CSV"
        self.format = f"{label}: {kind}, {encoding}, {dialect}"
        self._open, self._encoding, self._dialect = open_file, encoding, dialect
        self._has_header = header is None
        first = self._first_row()
        if header is not None and len(header) != len(first):
            raise UserError(f"{label}: row 1 has {len(first)} values for {len(header)} columns: {_ADVICE}")
        self.columns = column_names(first, label) if header is None else list(header)

    def without_header(self, columns: Sequence[str]) -> "DelimitedFile":
        """Returns the same file, its first line taken for data; raises UserError if it has not as many columns."""
        return DelimitedFile(self._open, self._encoding, self._dialect, self.label, columns)

    def batches(self, repairs: Repairs) -> Iterator[Batch]:
        """Yields the rows; see `TableFile`. Rows with more or fewer values than columns are left out."""
        with self._rows() as reader:
            if self._has_header:
                next(_filled(reader))
            start = 0
            while True:
                rows, numbers, seen = self._next_rows(reader, start, repairs)
                repairs.rows += seen - start
                repairs.require_few_damaged(_ADVICE)
                if seen == start:
                    return
                start = seen
                if rows:
                    values = zip(*rows, strict=True)
                    columns = zip(self.columns, values, strict=True)
                    yield Batch(numbers, {name: string_array(one, self.label, repairs) for name, one in columns})

    def _next_rows(self, reader: Any, start: int, repairs: Repairs) -> tuple[list[list[str]], Any, int]:
        """Returns good rows, their numbers and the number of the last row, good or not."""
        rows: list[list[str]] = []
        broken: dict[int, str] = {}
        while len(rows) < PARTITION_ROWS:
            try:
                rows.extend(islice(reader, PARTITION_ROWS - len(rows)))
                break
            except csv.Error as error:  # the rows before it are in the list
                self._refuse_open_quote(error, start, rows)
                broken[len(rows)] = "has text after a closing quote"
                rows.append([])
        if not broken and set(map(len, rows)) <= {len(self.columns)}:
            return rows, np.arange(start + 1, start + 1 + len(rows)), start + len(rows)
        return self._without_damaged(rows, broken, start, repairs)

    def _refuse_open_quote(self, error: csv.Error, start: int, rows: list[list[str]]) -> None:
        if _END_OF_DATA in str(error) or "field limit" in str(error):
            number = start + 1 + sum(1 for row in rows if row)
            raise UserError(
                f"{self.label}: row {number}: a quote opens in this row and is not closed within "
                f"{LARGEST_VALUE:,} characters or the file; close it, or double it if it is part of the text"
            ) from error

    def _without_damaged(
        self, rows: list[list[str]], broken: dict[int, str], start: int, repairs: Repairs
    ) -> tuple[list[list[str]], Any, int]:
        good, numbers, number = [], [], start
        for place, row in enumerate(rows):
            if not row and place not in broken:
                continue  # a blank line
            number += 1
            if len(row) == len(self.columns):
                good.append(row)
                numbers.append(number)
            elif row:
                reason = f"has {len(row)} values for {len(self.columns)} columns"
                repairs.leave_out("rows with too many or too few values", f"{self.label}: row {number}", reason)
            else:
                repairs.leave_out("rows with misplaced quotes", f"{self.label}: row {number}", broken[place])
        return good, np.array(numbers, dtype=np.int64), number

    def _first_row(self) -> list[str]:
        with self._rows() as reader:
            try:
                return next(_filled(reader))
            except csv.Error as error:
                raise UserError(f"{self.label}: the first line has misplaced quotes: {_ADVICE}") from error
            except StopIteration:
                raise UserError(f"{self.label}: the file is empty; expected a header and reviews") from None

    @contextlib.contextmanager
    def _rows(self) -> Iterator[Any]:
        with self._open() as stream, text_stream(stream, self._encoding, newline="") as lines:
            yield self._dialect.reader(lines)


def text_stream(stream: IO[bytes], encoding: Encoding, newline: str) -> io.TextIOWrapper:
    """Returns the text of a stream of bytes."""
    return io.TextIOWrapper(stream, encoding.codec, encoding.errors, newline=newline)


def _filled(reader: Any) -> Iterator[list[str]]:
    return (row for row in reader if row)


def find_dialect(open_file: Callable[[], IO[bytes]], encoding: Encoding, delimiter: str) -> Dialect:
    """Returns how values are told apart, as the beginning of the file suggests.

    The delimiter is the one that the user tells, or that clevercsv finds among those in the first line. Quotes
    are doubled inside of values (RFC 4180) unless fewer rows are damaged with backslashes before them or, between
    tabs, without a meaning.

    Raises:
        UserError: The delimiter is not a single character that can stand between values.
    """
    told = _told(delimiter)
    sample, is_whole = _sample(open_file, encoding)
    found = told or _detected_delimiter(sample)
    dialects = [Dialect(found)]
    if '\\"' in sample:
        dialects.append(Dialect(found, escape="\\"))
    if found == "\t":
        dialects.append(Dialect(found, quoting=csv.QUOTE_NONE))
    return min(dialects, key=lambda dialect: _damaged(dialect, sample, is_whole))


def _told(delimiter: str) -> str:
    told = _SPELT.get(delimiter, delimiter)
    if len(told) > 1 or (told and told in '"\r\n\0\\ '):
        raise UserError(f"--delimiter {shown(delimiter)}: expected one character, such as , or ; or | or tab")
    return told


def _sample(open_file: Callable[[], IO[bytes]], encoding: Encoding) -> tuple[str, bool]:
    """Returns the beginning of the file, and whether that is all of it."""
    with open_file() as stream:
        start = stream.read(SAMPLE_BYTES)
    # The sample may end within a character.
    text = text_stream(io.BytesIO(start), Encoding(encoding.codec, "ignore"), newline="").read()
    return text[:_SAMPLE_CHARACTERS], len(start) < SAMPLE_BYTES and len(text) <= _SAMPLE_CHARACTERS


def _detected_delimiter(sample: str) -> str:
    first = next((line for line in sample.splitlines() if line.strip()), "")
    candidates = [delimiter for delimiter in _DELIMITERS if delimiter in first] or [","]
    if len(candidates) == 1:
        return candidates[0]
    try:
        found = clevercsv.Detector().detect(sample, delimiters=candidates)
    except clevercsv.Error:
        found = None
    return found.delimiter if found and found.delimiter in candidates else candidates[0]


def _damaged(dialect: Dialect, sample: str, is_whole: bool) -> int:
    """Returns how many rows of the sample cannot be read or are not like the first; a cut last row is none."""
    lines = sample.splitlines(keepends=True)
    reader = dialect.reader(iter(lines if is_whole else lines[:-1]))
    widths: list[int] = []
    broken = 0
    while True:
        try:
            widths.extend(len(row) for row in reader if row)
            break
        except csv.Error as error:
            broken += is_whole or _END_OF_DATA not in str(error)
    return broken + sum(width != widths[0] for width in widths)
