"""The reviews table: the one schema between the steps, and how it is read and written.

Every step passes this table on as Parquet. A stage only adds columns:

    ingest             review_id, title, text, label and the optional columns the source has
    clean              + natural, tokens
    engineer_features  + group, split
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from components.shared.errors import UserError
from components.shared.files import atomic_path

Stage = Literal["ingested", "clean", "features"]

#: train: fit; tune: early stopping, hyperparameters, calibration; select: choosing; test: reported once.
SPLITS = ("train", "tune", "select", "test")

#: Fewer reviews with a text, or fewer of one label, cannot be split into four parts that mean anything.
MINIMUM_ROWS, MINIMUM_ROWS_PER_LABEL = 200, 10

_INGESTED = {"review_id": pa.string(), "title": pa.string(), "text": pa.string(), "label": pa.string()}
#: Columns a source may have; steps that describe or slice the data use those that are there.
OPTIONAL = {
    "clothing_id": pa.string(),
    "age": pa.float64(),
    "recommended": pa.float64(),
    "positive_feedback_count": pa.float64(),
    "division": pa.string(),
    "department": pa.string(),
    "class_name": pa.string(),
}
_ADDED_BY_CLEAN = {"natural": pa.string(), "tokens": pa.string()}
_ADDED_BY_FEATURES = {"group": pa.string(), "split": pa.string()}

REQUIRED: dict[Stage, dict[str, pa.DataType]] = {
    "ingested": _INGESTED,
    "clean": _INGESTED | _ADDED_BY_CLEAN,
    "features": _INGESTED | _ADDED_BY_CLEAN | _ADDED_BY_FEATURES,
}


def write_reviews(table: pd.DataFrame, path: Path, stage: Stage) -> None:
    """Writes a reviews table as Parquet, atomically, with exactly the schema of its stage.

    Args:
        table: Missing texts and titles are empty strings; columns outside the schema are an error.
        path: The Parquet file to write.
        stage: Which columns have to be there.

    Raises:
        ValueError: The table does not fit the schema: a programming error of the step, not of the user.
    """
    known = REQUIRED[stage] | OPTIONAL
    missing = sorted(set(REQUIRED[stage]) - set(table.columns))
    unknown = sorted(set(table.columns) - set(known))
    if missing or unknown:
        raise ValueError(f"reviews table ({stage}): missing columns {missing}, unknown columns {unknown}")
    if "split" in table and not set(table["split"]) <= set(SPLITS):
        raise ValueError(f"reviews table: split must be one of {SPLITS}")
    schema = pa.schema([(name, kind) for name, kind in known.items() if name in table.columns])
    with atomic_path(path) as staged:
        pq.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False), staged)


def read_reviews(
    path: Path, stage: Stage, split: str | None = None, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """Reads a reviews table that a step wrote.

    Args:
        path: The Parquet file.
        stage: The stage that the table must have reached.
        split: Only the rows of this split, if given (stage "features" only).
        columns: Only these columns, if given.

    Raises:
        UserError: The file is not a reviews table of that stage.
    """
    try:
        present = pq.read_schema(path).names
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(
            f"{path}: not a readable Parquet file; run the step that writes it again ({error})"
        ) from error
    missing = sorted(set(REQUIRED[stage]) - set(present))
    if missing:
        raise UserError(f"{path}: columns {missing} are missing for a table of stage '{stage}'")
    filters = None if split is None else [("split", "=", split)]
    return pq.read_table(path, columns=list(columns) if columns else None, filters=filters).to_pandas()
