"""JSON lines: one object a line, its keys the columns."""

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from components.ingest.delimited import text_stream
from components.ingest.encodings import Encoding
from components.ingest.repairs import Repairs
from components.ingest.source_table import shown
from components.ingest.table_file import Batch, column_names, string_array
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS

_JSON_START = re.compile(r"\ufeff?\s*(\{\s*[\"}]|\[\s*\{)")
_JSON_SUFFIXES = {".json", ".jsonl", ".ndjson"}
#: Integers beyond this are not exact as floating-point numbers.
_LARGEST_WHOLE = 2.0**53

Record = dict[str, Any]


def is_json(text: str, path: Path) -> bool:
    """Returns whether a file is meant to be JSON: by its first characters, or by its name."""
    return bool(_JSON_START.match(text)) or not _JSON_SUFFIXES.isdisjoint(path.suffixes)


class JsonLinesFile:
    """A file of JSON lines; see `TableFile`. The keys of the first partition are the columns."""

    def __init__(self, open_file: Callable[[], IO[bytes]], encoding: Encoding, label: str) -> None:
        """Reads the first partition to learn the columns.

        Raises:
            UserError: A line is no JSON object, a key stands twice in one, or there is no key.
        """
        self.label = label
        self.format = f"{label}: JSON lines, {encoding}"
        self._open, self._encoding = open_file, encoding
        first = [record for _, record in islice(self._records(), PARTITION_ROWS)]
        keys = list(dict.fromkeys(key for record in first for key in record))
        names = dict(zip(keys, column_names(keys, label), strict=True))
        nested = {key: _nesting(record[key]) for record in first for key in record if _nesting(record[key])}
        self.unreadable = {names[key]: f"holds {kind}" for key, kind in nested.items()}
        self._names = {key: name for key, name in names.items() if key not in nested}
        self._ignored = frozenset(nested)
        self.columns = list(self._names.values())
        if not self.columns:
            raise UserError(f"{label}: no object has a key with a plain value; expected one review a line")

    def batches(self, repairs: Repairs) -> Iterator[Batch]:
        """Yields the rows; see `TableFile`. Rows with a list or object where the first rows had none are left out."""
        records = enumerate(self._records(), start=1)
        while rows := list(islice(records, PARTITION_ROWS)):
            good = [(row, record) for row, (line, record) in rows if self._is_plain(row, line, record, repairs)]
            repairs.rows += len(rows)
            repairs.require_few_damaged("keep to one kind of value for each key")
            if good:
                numbers = np.array([row for row, _ in good], dtype=np.int64)
                yield Batch(numbers, {name: self._values(key, good, repairs) for key, name in self._names.items()})

    def _values(self, key: str, rows: list[tuple[int, Record]], repairs: Repairs) -> Any:
        return string_array([_text(record.get(key)) for _, record in rows], self.label, repairs)

    def _is_plain(self, row: int, line: int, record: Record, repairs: Repairs) -> bool:
        place = f"{self.label}: row {row} (line {line})"
        for key, value in record.items():
            if key in self._ignored:
                continue
            if key not in self._names:
                what = (
                    f"values left out of column '{shown(key)}', which the first {PARTITION_ROWS:,} rows do not have"
                )
                repairs.add(what, place)
            elif kind := _nesting(value):
                repairs.leave_out("rows with lists or objects for values", place, f"has {kind} in '{shown(key)}'")
                return False
        return True

    def _records(self) -> Iterator[tuple[int, Record]]:
        """Yields the number of the line and its object."""
        with self._open() as stream, text_stream(stream, self._encoding, newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, self._parsed(line, number)

    def _parsed(self, line: str, number: int) -> Record:
        try:
            record = _DECODER.decode(line)
        except json.JSONDecodeError as error:
            raise UserError(
                f"{self.label}: line {number} is not valid JSON ({error.msg} at character {error.pos + 1}); "
                "each line must be one whole object: correct or delete the line"
            ) from error
        except (RecursionError, _RepeatedKey) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else f"{error} stands twice"
            raise UserError(f"{self.label}: line {number}: {reason}; correct or delete the line") from error
        if not isinstance(record, dict):
            raise UserError(f"{self.label}: line {number} is no JSON object; write one object a line")
        return record


class _RepeatedKey(Exception):
    pass


def _record(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise _RepeatedKey(f"the key '{shown(twice)}'")
    return record


def _number(literal: str) -> str:
    """Returns a number as people write it: 5.0 as "5"; what is not a whole number as it stands in the file."""
    value = float(literal)
    return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_WHOLE else literal


def _constant(literal: str) -> str:
    return "" if math.isnan(float(literal)) else literal


# Numbers stay the text that they are in the file, so none loses digits.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_record, parse_int=str, parse_float=_number, parse_constant=_constant, strict=False
)


def _nesting(value: Any) -> str:
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
