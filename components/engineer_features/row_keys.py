"""What decides the splits: a few numbers a review, so that tables of any size fit in memory."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS, TableDescription, columns_of, count_reviews, iterate_reviews
from components.shared.texts.near_duplicates import words_of


@dataclass(frozen=True)
class RowKeys:
    """One entry a review, in the order of the table.

    Attributes:
        labels: Index of the label, shape (n,).
        texts: Duplicate group of the natural text as a number, shape (n,).
        keys: The group column's value as a number, shape (n,); where a review has none, its `texts`. Missing
            if the table has no group column.
        times: shape (n,), or missing if the table is not split by time.
        natural: The natural texts, or missing if they are too many to be compared.
    """

    labels: NDArray[np.int64]
    texts: NDArray[np.uint64]
    keys: NDArray[np.uint64] | None = None
    times: NDArray[np.datetime64] | None = None
    natural: Sequence[str] | None = None

    @property
    def groups(self) -> NDArray[np.uint64]:
        """What decides the split of each review if it is not the time, shape (n,)."""
        return self.texts if self.keys is None else self.keys


def group_of(natural: str) -> str:
    """Returns the duplicate group of a natural text: 16 hexadecimal digits.

    Texts that differ in nothing but case, punctuation and white space share a group.
    """
    words = " ".join(words_of(natural))
    return hashlib.sha256((words or natural).encode()).hexdigest()[:16]


def name_of(group: int | np.uint64) -> str:
    """Returns the 16 hexadecimal digits of a group that is kept as a number."""
    return f"{group:016x}"


def read_row_keys(reviews: Path, description: TableDescription, with_texts: bool) -> RowKeys:
    """Reads the keys of a table of stage "clean", partition by partition.

    Args:
        reviews: The table.
        description: Its description.
        with_texts: Whether to keep the natural texts.

    Raises:
        UserError: A review has no time although the table is to be split by time.
    """
    present = columns_of(reviews)
    columns = ["natural", "label", *(column for column in ("group_key", "time") if column in present)]
    labels, texts, keys, times, natural = [], [], [], [], []
    for partition in partitions(reviews, columns, "read reviews"):
        labels.append(description.task.indices(partition["label"].tolist()).astype(np.int16))
        texts.append(_numbers(partition["natural"].map(group_of)))
        if "group_key" in partition:
            keys.append(_keys(partition["group_key"], texts[-1]))
        if "time" in partition:
            times.append(partition["time"].to_numpy("datetime64[us]"))
        if with_texts:
            natural += partition["natural"].tolist()
    if times:
        _require_times(np.concatenate(times), description.time_column)
    return RowKeys(
        labels=np.concatenate(labels),
        texts=np.concatenate(texts),
        keys=np.concatenate(keys) if keys else None,
        times=np.concatenate(times) if times else None,
        natural=natural if with_texts else None,
    )


def partitions(reviews: Path, columns: Sequence[str] | None, doing: str) -> Iterator[pd.DataFrame]:
    """Yields the partitions of a table of stage "clean" behind a progress bar."""
    total = -(-count_reviews(reviews) // PARTITION_ROWS)
    yield from tqdm(iterate_reviews(reviews, "clean", columns), desc=doing, total=total, mininterval=1.0)


def _keys(values: pd.Series, texts: NDArray[np.uint64]) -> NDArray[np.uint64]:
    numbers = texts.copy()
    given = values.fillna("").to_numpy() != ""
    numbers[given] = _numbers(values[given].map(_group_of_key))
    return numbers


def _group_of_key(key: str) -> str:
    return hashlib.sha256(f"key:{key}".encode()).hexdigest()[:16]


def _numbers(groups: pd.Series) -> NDArray[np.uint64]:
    return np.array([int(group, 16) for group in groups], dtype=np.uint64)


def _require_times(times: NDArray[np.datetime64], column: str) -> None:
    missing = int(np.isnat(times).sum())
    if missing:
        raise UserError(
            f"column {column!r}: {missing:,} of {len(times):,} reviews have no readable time, so the table cannot be "
            "split by time; fill the column or pass --time-column none"
        )
