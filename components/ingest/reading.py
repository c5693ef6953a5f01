"""Reads a source of one or several files, of any known format, as a stream of tables of strings."""

import copy
import io
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

import pandas as pd
from tqdm import tqdm

from components.ingest.compression import is_packed, opener
from components.ingest.delimited import DelimitedFile, find_dialect, text_stream
from components.ingest.encodings import Encoding, find_encoding, marked_encoding
from components.ingest.json_lines import JsonLinesFile, is_json
from components.ingest.parquet import ParquetFile
from components.ingest.repairs import Repairs
from components.ingest.signatures import (
    SAMPLE_BYTES,
    is_parquet,
    require_few_controls,
    require_known_content,
    require_no_markup,
)
from components.ingest.source_table import listed, shown
from components.ingest.table_file import TableFile, to_table
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS


class Source:
    """A table of strings that is read partition by partition, as often as needed.

    Attributes:
        name: What the user called it.
        columns: Those that can be read, in the order of the first file.
        unreadable: Column that cannot be read, such as one of lists, to the reason.
        formats: What each file was taken for, a line each.
        repairs: What was put right when the files were opened and in the last pass over the partitions.
    """

    def __init__(self, files: Sequence[TableFile], name: str, opening: Repairs) -> None:
        self.name = name
        self.columns = list(files[0].columns)
        self.unreadable = {column: reason for file in files for column, reason in file.unreadable.items()}
        self.formats = [file.format for file in files]
        self._files = files
        self._opening = opening
        self.repairs = self._new_repairs()

    def head(self) -> pd.DataFrame:
        """Returns the first PARTITION_ROWS rows, as `partitions` does; leaves `repairs` alone.

        Raises:
            UserError: As `partitions`.
        """
        tables: list[pd.DataFrame] = []
        with closing(self._read(self._new_repairs())) as partitions:
            for table in partitions:
                tables.append(table)
                if sum(map(len, tables)) >= PARTITION_ROWS:
                    break
        return pd.concat(tables).head(PARTITION_ROWS)

    def partitions(self) -> Iterator[pd.DataFrame]:
        """Yields all rows in order, at most PARTITION_ROWS at a time; starts `repairs` anew.

        Returns:
            Tables of strings, "" where a value is missing; the index is the number of the row in the source,
            counted from 1 without headers. Rows that were left out have a number, too.

        Raises:
            UserError: A file is damaged, has other columns than the first, or has too many damaged rows; or
                there are no rows.
        """
        self.repairs = self._new_repairs()
        with (
            closing(self._read(self.repairs)) as partitions,
            tqdm(unit=" rows", unit_scale=True, desc="read", mininterval=1.0) as progress,
        ):
            for table in partitions:
                progress.update(len(table))
                yield table

    def without_header(self, columns: Sequence[str]) -> "Source":
        """Returns the same source, the first line of each file taken for data.

        Args:
            columns: Names of the columns.

        Raises:
            UserError: A file has another number of columns, or is no CSV or TSV.
        """
        files = [_without_header(file, columns) for file in self._files]
        return Source(files, self.name, self._opening)

    def _new_repairs(self) -> Repairs:
        return copy.deepcopy(self._opening)

    def _read(self, repairs: Repairs) -> Generator[pd.DataFrame]:
        self._require_same_columns()
        for file in self._files:
            before = repairs.rows
            for batch in file.batches(repairs):
                table = to_table(batch, file.label, repairs)[self.columns]
                table.index += before
                yield table
        if repairs.rows == repairs.damaged:
            raise UserError(f"{self.name}: the table has a header but no rows")

    def _require_same_columns(self) -> None:
        first = self._files[0]
        for file in self._files[1:]:
            missing = [column for column in first.columns if column not in file.columns]
            added = [column for column in file.columns if column not in first.columns]
            if missing or added:
                difference = f"lacks {listed(missing)}" if missing else f"also has {listed(added)}"
                raise UserError(
                    f"{file.label}: other columns than {first.label}: it {difference}; pass only files of one table"
                )


def open_source(paths: Sequence[Path], name: str, encoding: str = "", delimiter: str = "") -> Source:
    """Opens files as one table, finding out their formats, and for text their encodings and delimiters.

    Every text file is read once to learn that all of it fits to its encoding.

    Args:
        paths: Local files, at least one.
        name: What the user called the source, for messages.
        encoding: Of CSV, TSV and JSON lines; empty means detected.
        delimiter: Of CSV: a character, "tab" or "\\t"; empty means detected.

    Raises:
        UserError: A file cannot be read or is no table; names the file and what to do.
    """
    repairs = Repairs()
    files = []
    for path in paths:
        label = name if len(paths) == 1 else f"{name}: {shown(path.name)}"
        files.append(_open_file(path, label, encoding, delimiter, repairs))
    return Source(files, name, repairs)


def _open_file(path: Path, label: str, encoding: str, delimiter: str, repairs: Repairs) -> TableFile:
    open_content = opener(path, label)
    with open_content() as stream:
        sample = stream.read(SAMPLE_BYTES)
    require_known_content(sample, label)
    if is_parquet(sample):
        return ParquetFile(_unpacked(open_content) if is_packed(path, label) else open_content, label)
    if not encoding and not marked_encoding(sample):
        require_few_controls(sample, label)
    found = find_encoding(open_content, encoding, label, repairs)
    text = text_stream(io.BytesIO(sample), Encoding(found.codec, "ignore"), newline="").read()
    require_no_markup(text, label)
    if is_json(text, path):
        return JsonLinesFile(open_content, found, label)
    return DelimitedFile(open_content, found, find_dialect(open_content, found, delimiter), label)


def _unpacked(open_content: Callable[[], IO[bytes]]) -> Callable[[], IO[bytes]]:
    """Returns a function that opens a copy which can be read from any place; it goes when the function goes."""
    unpacked = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it must outlive this function
    with open_content() as stream:
        shutil.copyfileobj(stream, unpacked)
    unpacked.flush()
    return lambda: Path(unpacked.name).open("rb")


def _without_header(file: TableFile, columns: Sequence[str]) -> TableFile:
    if not isinstance(file, DelimitedFile):
        raise UserError(f"{file.label}: its columns have names, so it is not a table without a header")
    return file.without_header(columns)
