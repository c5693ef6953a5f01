"""The reviews table: its columns, where they come from, and the one way to read and write it.

Steps hand each other Parquet files. A row is one review. Every step adds columns, none renames any:

    ingested   review_id, title, text, label, and as far as the source has them group_key, time and
               attributes, named "source:" and the source's own column
    clean      + natural, tokens                    the two text views
    features   + group, split                       which split a review belongs to

What the labels and columns mean stands in the file's own metadata, see `TableDescription`. Tables of any size
are read and written partition by partition.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from components.shared.errors import UserError
from components.shared.files import atomic_path
from components.shared.records.task import Task

Stage = Literal["ingested", "clean", "features"]

#: train: fit; tune: early stopping, hyperparameters, calibration; select: choosing; test: reported once.
SPLITS = ("train", "tune", "select", "test")

#: Fewer reviews with a text, or fewer of one label, cannot be split into four parts that mean anything.
MINIMUM_ROWS, MINIMUM_ROWS_PER_LABEL = 200, 10
#: Rows that are in memory at once, for each process that works on a table.
PARTITION_ROWS = 10_000
#: A column of the source that is neither text nor label nor identifier keeps its name behind this prefix.
ATTRIBUTE_PREFIX = "source:"

_INGESTED = {"review_id": pa.string(), "title": pa.string(), "text": pa.string(), "label": pa.string()}
_OPTIONAL = {"group_key": pa.string(), "time": pa.timestamp("us")}
_ADDED_BY_CLEAN = {"natural": pa.string(), "tokens": pa.string()}
_ADDED_BY_FEATURES = {"group": pa.string(), "split": pa.string()}
_METADATA_KEY = b"reviews_table"

REQUIRED: dict[Stage, dict[str, pa.DataType]] = {
    "ingested": _INGESTED,
    "clean": _INGESTED | _ADDED_BY_CLEAN,
    "features": _INGESTED | _ADDED_BY_CLEAN | _ADDED_BY_FEATURES,
}


class TableDescription(BaseModel):
    """What the labels and columns of a reviews table mean; stands in the metadata of its Parquet file.

    Attributes:
        task: Labels, and the source columns of text and title.
        source: Where the reviews came from, as the user spelt it.
        adapter: How the source's columns were understood: "clothing", "sentiment140" or "auto".
        label_column: Source column of the label.
        group_column: Source column of `group_key`, whose rows must share a split; "" if there is none.
        time_column: Source column of `time`, by which the rows are split; "" if there is none.
        identifiers: Source columns that only name a row, and were left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    source: str = ""
    adapter: str = "clothing"
    label_column: str = ""
    group_column: str = ""
    time_column: str = ""
    identifiers: tuple[str, ...] = ()


def attribute(column: str) -> str:
    """Returns the name that a column of the source has in the reviews table."""
    return ATTRIBUTE_PREFIX + column


def attributes_of(columns: Iterable[str]) -> list[str]:
    """Returns those of the columns that are attributes, in their order."""
    return [column for column in columns if column.startswith(ATTRIBUTE_PREFIX)]


class ReviewsWriter:
    """Writes a reviews table partition by partition; the file appears, whole, when the block ends.

    Every partition has the columns of the first one. `description` may be set until the block ends, because
    the labels are known only when the whole source was read.
    """

    def __init__(self, path: Path, stage: Stage, description: TableDescription | None = None) -> None:
        self.description = description
        self._stage: Stage = stage
        self._stack = contextlib.ExitStack()
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        self._staged = self._stack.enter_context(atomic_path(self._path))
        return self

    def write(self, table: pd.DataFrame) -> None:
        """Adds a partition.

        Args:
            table: Missing texts and titles are empty strings; attributes are float64 or strings.

        Raises:
            ValueError: The table does not fit the schema: a programming error of the step, not of the user.
        """
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._staged, _schema(table, self._stage))
        if "split" in table and not set(table["split"]) <= set(SPLITS):
            raise ValueError(f"reviews table: split must be one of {SPLITS}")
        rows = pa.Table.from_pandas(table, schema=self._writer.schema, preserve_index=False)
        self._writer.write_table(rows, row_group_size=PARTITION_ROWS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        else:
            self._stack.__exit__(kind, error, trace)

    def _finish(self) -> None:
        if self._writer is None:
            raise ValueError("reviews table: nothing was written")
        if self.description is not None:
            self._writer.add_key_value_metadata({_METADATA_KEY: self.description.model_dump_json()})
        self._writer.close()


def _schema(table: pd.DataFrame, stage: Stage) -> pa.Schema:
    known = REQUIRED[stage] | _OPTIONAL
    attributes = attributes_of(table.columns)
    missing = sorted(set(REQUIRED[stage]) - set(table.columns))
    unknown = sorted(set(table.columns) - set(known) - set(attributes))
    if missing or unknown:
        raise ValueError(f"reviews table ({stage}): missing columns {missing}, unknown columns {unknown}")
    fields = [(name, kind) for name, kind in known.items() if name in table.columns]
    fields += [(name, pa.float64() if table[name].dtype.kind == "f" else pa.string()) for name in attributes]
    return pa.schema(fields)


def write_reviews(table: pd.DataFrame, path: Path, stage: Stage, description: TableDescription | None = None) -> None:
    """Writes a reviews table that is in memory as a whole, atomically; see `ReviewsWriter`."""
    with ReviewsWriter(path, stage, description) as writer:
        writer.write(table)


def read_description(path: Path) -> TableDescription:
    """Returns what the labels and columns of a reviews table mean.

    Raises:
        UserError: The file is not a reviews table.
    """
    recorded = (_open(path).metadata.metadata or {}).get(_METADATA_KEY)
    try:
        return TableDescription.model_validate_json(recorded or b"")
    except ValidationError as error:
        raise UserError(f"{path}: not a reviews table; run the step that writes it again") from error


def count_reviews(path: Path) -> int:
    """Returns the number of rows without reading them; raises UserError if the file is no Parquet file."""
    return _open(path).metadata.num_rows


def columns_of(path: Path) -> list[str]:
    """Returns the names of the columns; raises UserError if the file is no Parquet file."""
    return list(_open(path).schema_arrow.names)


def read_reviews(
    path: Path, stage: Stage, split: str | None = None, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """Reads a reviews table that a step wrote, as a whole.

    Args:
        path: The Parquet file.
        stage: The stage that the table must have reached.
        split: Only the rows of this split, if given (stage "features" only).
        columns: Only these columns, if given.

    Raises:
        UserError: The file is not a reviews table of that stage.
    """
    _require_stage(path, stage)
    filters = None if split is None else [("split", "=", split)]
    return pq.read_table(path, columns=list(columns) if columns else None, filters=filters).to_pandas()


def iterate_reviews(path: Path, stage: Stage, columns: Iterable[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yields a reviews table in order, at most PARTITION_ROWS rows at a time; the index counts its rows from 0.

    Args:
        path: The Parquet file.
        stage: The stage that the table must have reached.
        columns: Only these columns, if given.

    Raises:
        UserError: The file is not a reviews table of that stage.
    """
    _require_stage(path, stage)
    first = 0
    with _open(path) as file:
        for batch in file.iter_batches(PARTITION_ROWS, columns=list(columns) if columns else None):
            table = batch.to_pandas()
            table.index = pd.RangeIndex(first, first + len(table))
            first += len(table)
            yield table


def _require_stage(path: Path, stage: Stage) -> None:
    missing = sorted(set(REQUIRED[stage]) - set(columns_of(path)))
    if missing:
        raise UserError(f"{path}: columns {missing} are missing for a table of stage '{stage}'")


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(
            f"{path}: not a readable Parquet file; run the step that writes it again ({error})"
        ) from error
