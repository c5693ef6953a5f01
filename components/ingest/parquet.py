"""Parquet files, their values written as people write them."""

from collections.abc import Callable, Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.ingest.repairs import Repairs
from components.ingest.source_table import shown
from components.ingest.table_file import Batch, column_names
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS

_DAMAGED = (pa.ArrowException, OSError, ValueError)
_ADVICE = "fetch or write the file again"


class ParquetFile:
    """A Parquet file; see `TableFile`."""

    def __init__(self, open_file: Callable[[], IO[bytes]], label: str) -> None:
        """Reads the schema.

        Args:
            open_file: Opens the file, which can be read from any place.
            label: What messages call the file.

        Raises:
            UserError: The file is damaged or cut short, or names a column twice.
        """
        self.label = label
        self.format = f"{label}: Parquet"
        self._open = open_file
        try:
            with self._open() as stream:
                schema = pq.ParquetFile(stream).schema_arrow
        except _DAMAGED as error:
            raise UserError(f"{label}: the Parquet file is damaged or cut short; {_ADVICE}") from error
        names = column_names(schema.names, label)
        kinds = dict(zip(names, schema.types, strict=True))
        self.unreadable = {name: f"holds {kind}" for name in names if (kind := _unreadable(kinds[name]))}
        self._places = [place for place, name in enumerate(names) if name not in self.unreadable]
        self._raw = [schema.names[place] for place in self._places]
        self.columns = [names[place] for place in self._places]
        if not self.columns:
            raise UserError(f"{label}: no column holds text, numbers or dates; expected a table of reviews")

    def batches(self, repairs: Repairs) -> Iterator[Batch]:
        """Yields the rows; see `TableFile`."""
        start = 0
        try:
            with self._open() as stream:
                for batch in pq.ParquetFile(stream).iter_batches(PARTITION_ROWS, columns=self._raw):
                    numbers = np.arange(start + 1, start + 1 + len(batch))
                    values = {name: _strings(array) for name, array in zip(self.columns, batch.columns, strict=True)}
                    start += len(batch)
                    repairs.rows += len(batch)
                    yield Batch(numbers, values)
        except _DAMAGED as error:
            raise UserError(f"{self.label}: damaged after row {start} ({shown(str(error))}); {_ADVICE}") from error


def _unreadable(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _unreadable(kind.value_type)
    if pa.types.is_nested(kind):
        return "objects" if pa.types.is_struct(kind) else "lists"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return "bytes"
    return ""


def _strings(array: pa.Array) -> pa.Array:
    """Returns values as text: 5.0 as "5", true as "true", midnight without a fraction; missing and NaN as ""."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _strings(array.dictionary_decode())
    if pa.types.is_float16(kind):
        array = array.cast(pa.float32())
    if pa.types.is_floating(kind):
        array = pc.if_else(pc.is_nan(array), None, array)
    text = array.cast(pa.string())
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        text = pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text.validate(full=True)  # a file may hold bytes that are not UTF-8
    return pc.fill_null(text, "")
