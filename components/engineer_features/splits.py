"""Which split a review belongs to.

By its text alone, so that it never changes from run to run; or by its group, if the table has a group column; or
by its time, if it has a time column. Whatever decides, copies and near-duplicates of a review share its split.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from components.engineer_features.row_keys import RowKeys, name_of
from components.shared.errors import UserError
from components.shared.records.task import Task
from components.shared.reviews import SPLITS
from components.shared.texts.near_duplicates import first_of, near_duplicate_groups

#: Changing the salt or a share moves reviews between splits: a champion would then be tested on what it learnt.
SALT = "frugal-sentiment/1"
SHARES = {"train": 0.70, "tune": 0.08, "select": 0.12, "test": 0.10}
#: The number of a split is its index in SPLITS; that of a review that is in none is LEFT_OUT.
TRAIN, LEFT_OUT = SPLITS.index("train"), -1
SplitBy = Literal["text", "group", "time"]

_HASH_RANGE = 1 << 64


@dataclass(frozen=True)
class Assignment:
    """The splits of a table, one entry a review, in the order of the table.

    Attributes:
        by: What decided.
        duplicates: The first review of its duplicate group: equal or, if looked for, nearly equal ones; shape (n,).
        together: The first review of those that must share a split: duplicates, and rows of one group; shape (n,).
        splits: Index into SPLITS, or LEFT_OUT; shape (n,).
    """

    by: SplitBy
    duplicates: NDArray[np.int64]
    together: NDArray[np.int64]
    splits: NDArray[np.int8]

    def counts(self, labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
        """Returns the number of reviews of each split and label, shape (splits, classes)."""
        table = np.zeros((len(SPLITS), classes), dtype=np.int64)
        kept = self.splits != LEFT_OUT
        np.add.at(table, (self.splits[kept], labels[kept]), 1)
        return table


def split_of(group: str) -> str:
    """Returns the split of a duplicate group, by a salted hash: each split gets its share of the groups."""
    number = int.from_bytes(hashlib.sha256(f"{SALT}:{group}".encode()).digest()[:8], "big") / _HASH_RANGE
    for split, share in SHARES.items():
        if number < share:
            return split
        number -= share
    return SPLITS[-1]


def assign_splits(rows: RowKeys, similarity: float) -> Assignment:
    """Returns the splits of a table.

    Args:
        rows: What decides; near-duplicates are looked for if it holds the texts.
        similarity: See `near_duplicate_groups`.
    """
    duplicates = first_of(rows.texts) if rows.natural is None else near_duplicate_groups(rows.natural, similarity)
    together = duplicates if rows.keys is None else _merged(duplicates, first_of(rows.keys))
    if rows.times is not None:
        return Assignment("time", duplicates, together, _splits_by_time(rows.times, together))
    return Assignment(
        "text" if rows.keys is None else "group", duplicates, together, splits_by_hash(rows.groups, together)
    )


def _merged(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the first row of each row's connected component, where a row is linked to its firsts."""
    rows = np.arange(len(one))
    ends = np.concatenate([one, other])
    links = coo_array((np.ones(len(ends), dtype=bool), (np.concatenate([rows, rows]), ends)), shape=(len(one),) * 2)
    return first_of(connected_components(links, directed=False)[1])


def splits_by_hash(groups: NDArray[np.uint64], together: NDArray[np.int64]) -> NDArray[np.int8]:
    """Returns the split of each review: that of its company's first review, shape (n,).

    Args:
        groups: The group of each review, shape (n,).
        together: The first of the reviews that must share a split, shape (n,).
    """
    splits = np.empty(len(groups), dtype=np.int8)
    firsts = np.unique(together)
    splits[firsts] = [SPLITS.index(split_of(name_of(group))) for group in groups[firsts].tolist()]
    return splits[together]


def _splits_by_time(times: NDArray[np.datetime64], together: NDArray[np.int64]) -> NDArray[np.int8]:
    """Cuts the table at quantiles of time; reviews of one moment stay on one side.

    A review whose companions began in an earlier split is in none: it would tell that split's future.
    """
    last = np.ceil(np.cumsum(list(SHARES.values()))[:-1] * len(times)).astype(int) - 1
    own = np.searchsorted(np.sort(times)[last], times, side="left").astype(np.int8)
    earliest = np.full(len(times), len(SPLITS), dtype=np.int8)
    np.minimum.at(earliest, together, own)
    return np.where(own > earliest[together], LEFT_OUT, own).astype(np.int8)


def require_labels(counts: NDArray[np.int64], task: Task, by: SplitBy) -> None:
    """Raises UserError if a split has no review of a label, naming both.

    Args:
        counts: Reviews of each split and label, shape (splits, labels).
        task: Names the labels.
        by: What decided the splits.
    """
    ways_out = {"text": "", "group": ", or --group-column none", "time": ", or --time-column none"}
    missing = np.argwhere(counts == 0)
    if len(missing):
        split, label = missing[0]
        name = SPLITS[split]
        raise UserError(
            f"the {name} split ({SHARES[name]:.0%} of the reviews) has none with label '{task.labels[label]}'; "
            f"use more rows (--sample-rows) or fewer --labels{ways_out[by]}"
        )
