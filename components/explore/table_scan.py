"""One pass over a table of any size: what is counted, and the little that is remembered of every row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from components.shared.records.task import Task
from components.shared.reviews import attributes_of, count_reviews, iterate_reviews
from components.shared.texts.text import join_titles

#: Of longer titles and texts only the beginning is looked at closely.
_CHARACTERS = 10_000


@dataclass(frozen=True)
class Scan:
    """What one pass over the table found; about 30 bytes a row.

    Attributes:
        label: Index of each row's label, shape (rows,).
        words: Words of title and text together, shape (rows,).
        has_text: Whether the row has a text, shape (rows,).
        text_hash: Hash of title and text, upper case and white space aside, shape (rows,).
        group: Hash of the group key, shape (rows,), 0 where it is missing; None without such a column.
        time: When each review was written, shape (rows,), may hold NaT; None without such a column.
        missing: Column to number of rows without a value, in the table's order.
    """

    label: NDArray[np.int16]
    words: NDArray[np.int32]
    has_text: NDArray[np.bool_]
    text_hash: NDArray[np.uint64]
    group: NDArray[np.uint64] | None
    time: NDArray[np.datetime64] | None
    missing: dict[str, int]

    @property
    def rows(self) -> int:
        """The number of reviews."""
        return len(self.label)


def scan_reviews(reviews: Path, task: Task) -> Scan:
    """Returns what one pass over a table of stage "ingested" finds.

    Raises:
        UserError: The file is not a reviews table.
    """
    parts: list[Scan] = []
    with tqdm(total=count_reviews(reviews), desc="count reviews", unit=" rows", mininterval=1.0) as bar:
        for table in iterate_reviews(reviews, "ingested"):
            parts.append(scan_partition(table, task))
            bar.update(len(table))
    return _joined(parts)


def scan_partition(table: pd.DataFrame, task: Task) -> Scan:
    """Returns what a part of the table holds; raises KeyError for a label that is not of the task."""
    folded = [
        " ".join(f"{title} {text}".casefold().split())
        for title, text in zip(table["title"], table["text"], strict=True)
    ]
    return Scan(
        label=task.indices(table["label"].tolist()).astype(np.int16),
        words=np.array([text.count(" ") + 1 if text else 0 for text in folded], dtype=np.int32),
        has_text=(table["text"].str.strip() != "").to_numpy(dtype=bool),
        text_hash=_hashes(folded),
        group=_group_hashes(table["group_key"]) if "group_key" in table else None,
        time=table["time"].to_numpy(dtype="datetime64[us]") if "time" in table else None,
        missing=_missing(table),
    )


def rows_at(reviews: Path, positions: NDArray[np.int64], columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Returns the rows of a reviews table at the given positions, counted from 0, in the table's order.

    Of titles and texts of more than 10,000 characters it returns the beginning.

    Args:
        reviews: Table of stage "ingested".
        positions: Sorted.
        columns: Only these columns, if given; title and text among them.
    """
    found = []
    for table in iterate_reviews(reviews, "ingested", columns):
        first, last = np.searchsorted(positions, [table.index[0], table.index[-1] + 1])
        rows = table.loc[positions[first:last]]
        shortened = {name: rows[name].str.slice(stop=_CHARACTERS) for name in ("title", "text")}
        found.append(rows.assign(**shortened))
        if last == len(positions):
            break
    return pd.concat(found)


def sample_positions(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Returns sorted positions of at most `most` of so many rows, drawn at random if there are more."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def reviews_of(table: pd.DataFrame) -> list[str]:
    """Returns title and text of each row as the models read them."""
    return join_titles(table["title"], table["text"])


def _hashes(texts: Sequence[str]) -> NDArray[np.uint64]:
    return pd.util.hash_array(np.array(texts, dtype=object), categorize=False)


def _group_hashes(keys: pd.Series) -> NDArray[np.uint64]:
    hashes = _hashes(keys.fillna("").tolist())
    hashes[keys.isna().to_numpy(dtype=bool)] = 0
    return hashes


def _missing(table: pd.DataFrame) -> dict[str, int]:
    shown = ["title", "text", *attributes_of(table.columns), "group_key", "time"]
    columns = [column for column in shown if column in table]
    return {column: int((table[column].isna() | (table[column] == "")).sum()) for column in columns}


def _joined(parts: Sequence[Scan]) -> Scan:
    return Scan(
        label=np.concatenate([part.label for part in parts]),
        words=np.concatenate([part.words for part in parts]),
        has_text=np.concatenate([part.has_text for part in parts]),
        text_hash=np.concatenate([part.text_hash for part in parts]),
        group=_concatenated([part.group for part in parts]),
        time=_concatenated([part.time for part in parts]),
        missing={column: sum(part.missing[column] for part in parts) for column in parts[0].missing},
    )


def _concatenated(parts: Sequence[NDArray | None]) -> NDArray | None:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None
