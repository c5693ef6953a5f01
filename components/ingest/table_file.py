"""What a file of any format looks like to those who read it: columns, and batches of rows as strings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.ingest.repairs import Repairs
from components.ingest.source_table import shown
from components.shared.errors import UserError

_NUL = "\0"


@dataclass(frozen=True)
class Batch:
    """Some rows of a file.

    Attributes:
        rows: Number of each row in the file, counted from 1 without the header, shape (n,).
        values: Column to n strings, in the order of the file's columns.
    """

    rows: NDArray[np.int64]
    values: dict[str, pa.Array]


class TableFile(Protocol):
    """A file that was opened: its columns are known, its rows are yet to be read.

    Attributes:
        label: What messages call the file.
        columns: Those that can be read.
        unreadable: Column that is left out to the reason.
        format: Name of the file, format, encoding and delimiter in one line.
    """

    label: str
    columns: list[str]
    unreadable: dict[str, str]
    format: str

    def batches(self, repairs: Repairs) -> Iterator[Batch]:
        """Yields the rows, at most PARTITION_ROWS at a time, adding to `repairs` what was put right.

        Raises:
            UserError: The file cannot be read on; names the row.
        """


def column_names(raw: Sequence[str], label: str) -> list[str]:
    """Returns the names of columns: without outer spaces and NULs; one without a name becomes "Unnamed: <place>".

    Raises:
        UserError: Two columns have the same name.
    """
    # Halves of surrogate pairs, which JSON may hold, become question marks.
    stripped = [name.encode("utf-8", "replace").decode().replace(_NUL, "").strip() for name in raw]
    names = [name or f"Unnamed: {place}" for place, name in enumerate(stripped)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise UserError(f"{label}: two columns are called '{shown(twice)}'; rename one of them in the header")
    return names


def string_array(values: Sequence[str], label: str, repairs: Repairs) -> pa.Array:
    """Returns strings as an array; halves of surrogate pairs, which are no characters, become U+FFFD."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        mended = [value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for value in values]
        count = sum(one != other for one, other in zip(values, mended, strict=True))
        repairs.add("halves of surrogate pairs replaced by U+FFFD", label, count)
        return pa.array(mended, pa.string())


def to_table(batch: Batch, label: str, repairs: Repairs) -> pd.DataFrame:
    """Returns a batch as strings with the number of the row in the file as index; NUL characters are removed."""
    values = {name: _without_nuls(array, batch.rows, label, repairs) for name, array in batch.values.items()}
    return pd.DataFrame({name: pd.array(array, dtype="str") for name, array in values.items()}, index=batch.rows)


def _without_nuls(array: pa.Array, rows: NDArray[np.int64], label: str, repairs: Repairs) -> pa.Array:
    found = pc.match_substring(array, _NUL).to_numpy(zero_copy_only=False)
    if not found.any():
        return array
    repairs.add("NUL characters removed from values", f"{label}: row {rows[found.argmax()]}", int(found.sum()))
    return pc.replace_substring(array, _NUL, "")
