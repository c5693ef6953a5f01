"""Reads the source file as a table of strings, and checks that it can become a table of reviews."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from components.shared.errors import UserError

_SHOWN_CHARACTERS = 40


def read_csv(path: Path, name: str) -> pd.DataFrame:
    """Returns a CSV file in UTF-8 (a byte order mark is fine) as strings; nothing is taken for missing.

    Args:
        path: The file.
        name: What the user called it, for error messages.

    Raises:
        UserError: The file is empty, not UTF-8, or not well-formed CSV.
    """
    _check_encoding(path, name)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise UserError(f"{name}: the file is empty; expected a CSV file with a header and reviews") from error
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ")
        raise UserError(f"{name}: not well-formed CSV: {reason}; check the quotes and separators there") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(f"{name}: not well-formed CSV: the rows have more fields than the header; check the header")
    if table.empty:
        raise UserError(f"{name}: the file has a header but no rows")
    # A row that ends early has NaN in its last columns even so.
    return table.fillna("")


def _check_encoding(path: Path, name: str) -> None:
    offset = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{name}: not UTF-8: byte {offset + error.start} (line {number}) cannot be decoded; "
                    "save the file in UTF-8"
                ) from error
            offset += len(line)
    if offset == 0:
        raise UserError(f"{name}: the file is empty; expected a CSV file with a header and reviews")


def require_columns(table: pd.DataFrame, wanted: Sequence[str], name: str) -> None:
    """Raises UserError if a wanted column is missing, naming those that are there."""
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        present = ", ".join(f"'{shown(column)}'" for column in table.columns)
        raise UserError(f"{name}: there is no column '{missing[0]}'; the columns are {present}")


def normalised_labels(raw: pd.Series, labels: Sequence[str], name: str) -> pd.Series:
    """Returns labels spelt as in `labels`: "5.0" and " 5 " become "5"; a missing one stays "".

    Args:
        raw: The label column, with the row numbers of the source as index.
        labels: The allowed labels.
        name: Name of the file, for the error message.

    Raises:
        UserError: A value is no label; names the first such row.
    """
    spelling = {value: _spelling(value, labels) for value in raw.unique()}
    found = raw.map(spelling)
    if found.isna().any():
        row = found.index[found.isna()][0]
        raise UserError(
            f"{name}: row {row}: '{shown(raw[row])}' in column '{raw.name}' is not one of the labels "
            f"{', '.join(labels)}; correct the row or pass --labels"
        )
    return found


def _spelling(value: str, labels: Sequence[str]) -> str | None:
    stripped = value.strip()
    if not stripped or stripped in labels:
        return stripped
    return next((label for label in labels if _same_number(stripped, label)), None)


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def shown(value: str) -> str:
    """Returns foreign text fit for a one-line message: ASCII, without control characters, cut if long."""
    escaped = value.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= _SHOWN_CHARACTERS else escaped[:_SHOWN_CHARACTERS] + "..."
