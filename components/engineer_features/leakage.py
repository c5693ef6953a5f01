"""Leaks between splits: copies, groups and time; each rule looks at the result, not at how it came about."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.engineer_features.row_keys import RowKeys
from components.engineer_features.splits import LEFT_OUT, TRAIN, Assignment, splits_by_hash
from components.shared.records.features import Finding
from components.shared.reviews import SPLITS
from components.shared.texts.near_duplicates import NEAR_DUPLICATE_ROWS, first_of


def straddling(groups: NDArray, splits: NDArray[np.int8]) -> int:
    """Returns how many groups stand in more than one split.

    Args:
        groups: The group of each review as a number, shape (n,).
        splits: Index into SPLITS, or LEFT_OUT, shape (n,).
    """
    kept = splits != LEFT_OUT
    pairs = pd.DataFrame({"group": groups[kept], "split": splits[kept]}).drop_duplicates()
    return int((pairs["group"].value_counts() > 1).sum())


def require_disjoint(groups: NDArray, splits: NDArray[np.int8], what: str) -> None:
    """Raises ValueError if a group stands in two splits: a programming error.

    Args:
        groups, splits: See `straddling`.
        what: What the groups are, for the message.
    """
    found = straddling(groups, splits)
    if found:
        raise ValueError(f"leakage: {found} {what} stand in several splits")


def duplicates_finding(rows: RowKeys, assigned: Assignment) -> Finding:
    """Reports copies: equal texts, case and punctuation aside, never sit in two splits, at any size."""
    require_disjoint(rows.texts, assigned.splits, "texts")
    copies = _copies(first_of(rows.texts))
    message = "No two reviews have the same text, case and punctuation aside."
    if copies:
        message = (
            f"Reviews that repeat another, case and punctuation aside: {copies:,}; all copies share their split."
        )
    return Finding(rule="duplicates across splits", outcome="passed", message=message)


def near_duplicates_finding(rows: RowKeys, assigned: Assignment, similarity: float) -> Finding:
    """Reports near-duplicates: whether they were looked for, and how many would have been torn apart."""
    rule, count = "near-duplicates", len(rows.texts)
    if similarity == 1:
        return Finding(
            rule=rule, outcome="skipped", message="They were not looked for, as --near-duplicate-similarity 1 asks."
        )
    if rows.natural is None:
        return Finding(
            rule=rule,
            outcome="skipped",
            message=f"They were not looked for: {count:,} reviews are more than {NEAR_DUPLICATE_ROWS:,}.",
        )
    require_disjoint(assigned.duplicates, assigned.splits, "near-duplicates")
    joined = assigned.duplicates != first_of(rows.texts)
    share = f"at least {similarity:.0%} of the words"
    if not joined.any():
        return Finding(rule=rule, outcome="passed", message=f"No two reviews have {share} in common.")
    return Finding(
        rule=rule,
        outcome="repaired",
        message=f"Reviews with {share} in common with an earlier one: {joined.sum():,}. "
        + _remedy(rows, assigned, joined),
    )


def _remedy(rows: RowKeys, assigned: Assignment, joined: NDArray[np.bool_]) -> str:
    if assigned.by == "time":
        return "Those that would be in a later split were left out."
    alone = splits_by_hash(rows.groups, first_of(rows.groups))
    torn = int((joined & (alone != alone[assigned.duplicates])).sum())
    return f"They share its split; without this rule {torn:,} of them would be in another."


def groups_finding(rows: RowKeys, assigned: Assignment, column: str) -> Finding:
    """Reports the group column: rows of one group never sit in two splits."""
    rule = "groups across splits"
    if rows.keys is None:
        return Finding(
            rule=rule, outcome="skipped", message="The table has no group column; --group-column names one."
        )
    require_disjoint(rows.keys, assigned.splits, "groups")
    groups = len(np.unique(rows.keys))
    return Finding(
        rule=rule,
        outcome="passed",
        message=f"The {groups:,} groups of column {column!r} stay whole: none has reviews in two splits.",
        columns=(column,),
    )


def time_finding(rows: RowKeys, assigned: Assignment, column: str) -> Finding:
    """Reports the time column: no split may hold a review that is older than one of the split before.

    Raises:
        ValueError: One does: a programming error.
    """
    rule = "time order"
    if rows.times is None:
        return Finding(
            rule=rule, outcome="skipped", message="The reviews are not split by time; --time-column does it."
        )
    spans: list[tuple[str, np.datetime64, np.datetime64]] = []
    for number, split in enumerate(SPLITS):
        times = rows.times[assigned.splits == number]
        if spans and times.min() <= spans[-1][2]:
            raise ValueError(f"leakage: split {split} holds reviews that are older than those of {spans[-1][0]}")
        spans.append((split, times.min(), times.max()))
    told = "; ".join(f"{split} from {_minute(first)} to {_minute(last)}" for split, first, last in spans)
    left_out = int((assigned.splits == LEFT_OUT).sum())
    more = f". Reviews left out because their older copy or their group began in an earlier split: {left_out:,}."
    return Finding(
        rule=rule,
        outcome="repaired" if left_out else "passed",
        message=f"By column {column!r}: {told}{more if left_out else '.'}",
        columns=(column,),
    )


def fitted_finding(rows: int, assigned: Assignment) -> Finding:
    """Reports what was fitted on how many reviews.

    Raises:
        ValueError: They are not the train split: a programming error.
    """
    train = int((assigned.splits == TRAIN).sum())
    if rows != train:
        raise ValueError(f"leakage: fitted on {rows} reviews, but train has {train}")
    return Finding(
        rule="fitted on train only",
        outcome="passed",
        message="Vocabulary, rare words, sequence length, class weights, word vectors and the reference profile were "
        f"made from the {rows:,} reviews of train and no others.",
    )


def _copies(first: NDArray[np.int64]) -> int:
    return int((first != np.arange(len(first))).sum())


def _minute(time: np.datetime64) -> str:
    return str(pd.Timestamp(time).floor("min"))[:16]
