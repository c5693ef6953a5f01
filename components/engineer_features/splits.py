"""Which split a review belongs to: decided by its text alone, so that it never changes from run to run."""

import hashlib
import re
from collections.abc import Sequence

import pandas as pd

from components.shared.errors import UserError
from components.shared.reviews import SPLITS

#: Changing the salt or a share moves reviews between splits: a champion would then be tested on what it learnt.
SALT = "frugal-sentiment/1"
SHARES = {"train": 0.70, "tune": 0.08, "select": 0.12, "test": 0.10}

_WORD = re.compile(r"\w+")
_HASH_RANGE = 1 << 64


def group_of(natural: str) -> str:
    """Returns the duplicate group of a natural text: 16 hexadecimal digits.

    Texts that differ in nothing but case, punctuation and white space share a group.
    """
    words = " ".join(_WORD.findall(natural.casefold()))
    return hashlib.sha256((words or natural).encode()).hexdigest()[:16]


def split_of(group: str) -> str:
    """Returns the split of a duplicate group, by a salted hash: each split gets its share of the groups."""
    number = int.from_bytes(hashlib.sha256(f"{SALT}:{group}".encode()).digest()[:8], "big") / _HASH_RANGE
    for split, share in SHARES.items():
        if number < share:
            return split
        number -= share
    return SPLITS[-1]


def add_splits(reviews: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with its columns `group` and `split`.

    Args:
        reviews: Table of stage "clean".
    """
    groups = reviews["natural"].map(group_of)
    return reviews.assign(group=groups, split=groups.map(split_of))


def require_labels(reviews: pd.DataFrame, labels: Sequence[str]) -> None:
    """Raises UserError if a split has no review of a label, naming both."""
    counts = pd.crosstab(reviews["split"], reviews["label"]).reindex(SPLITS, fill_value=0)
    for split in SPLITS:
        for label in labels:
            if not counts.loc[split].get(label, 0):
                raise UserError(
                    f"the {split} split ({SHARES[split]:.0%} of the reviews) has none with label '{label}'; "
                    "use more rows (--sample-rows) or fewer --labels"
                )
