from dataclasses import replace

import numpy as np
import pytest

from components.engineer_features.leakage import (
    duplicates_finding,
    fitted_finding,
    groups_finding,
    near_duplicates_finding,
    straddling,
    time_finding,
)
from components.engineer_features.row_keys import RowKeys, group_of
from components.engineer_features.splits import LEFT_OUT, Assignment, assign_splits

_REVIEW = "love this dress so much it fits and flatters in every way says customer number"
_ROWS = 400


def _rows(texts: list[str], **changes: object) -> RowKeys:
    numbers = np.array([int(group_of(text), 16) for text in texts], dtype=np.uint64)
    return replace(RowKeys(labels=np.zeros(len(texts), dtype=np.int64), texts=numbers, natural=texts), **changes)


@pytest.fixture
def honest() -> RowKeys:
    """Reviews that share nothing."""
    return _rows([f"review {number} word{number} other{number} third{number}" for number in range(_ROWS)])


def _with_splits(assigned: Assignment, rows: list[int], split: int) -> Assignment:
    splits = assigned.splits.copy()
    splits[rows] = split
    return replace(assigned, splits=splits)


def test_straddling_counts_groups_in_two_splits() -> None:
    groups, splits = np.array([7, 7, 8, 8, 9]), np.array([0, 3, 1, 1, 2], dtype=np.int8)
    assert straddling(groups, splits) == 1
    splits[0] = LEFT_OUT
    assert straddling(groups, splits) == 0


def test_copies_in_two_splits_are_caught() -> None:
    rows = _rows([_REVIEW, f"{_REVIEW}!!", "another"])
    assigned = assign_splits(rows, 1)
    assert "Reviews that repeat another, case and punctuation aside: 1;" in duplicates_finding(rows, assigned).message
    torn = _with_splits(_with_splits(assigned, [0], 0), [1], 3)
    with pytest.raises(ValueError, match="leakage: 1 texts stand in several splits"):
        duplicates_finding(rows, torn)


def test_no_copies_is_told(honest: RowKeys) -> None:
    finding = duplicates_finding(honest, assign_splits(honest, 0.8))
    assert (finding.outcome, finding.message[:14]) == ("passed", "No two reviews")


def test_near_duplicates_are_repaired_and_counted() -> None:
    texts = [f"{_REVIEW} {number} {number % 20} {'x' * (number % 20)} w{number % 20}" for number in range(_ROWS)]
    rows = _rows(texts)
    assigned = assign_splits(rows, 0.8)
    finding = near_duplicates_finding(rows, assigned, 0.8)
    assert finding.outcome == "repaired"
    joined = int((assigned.duplicates != np.arange(_ROWS)).sum())
    assert joined > 300
    assert (
        f"at least 80% of the words in common with an earlier one: {joined}. They share its split" in finding.message
    )


def test_near_duplicates_that_are_younger_than_their_split_are_left_out() -> None:
    days = np.datetime64("2026-01-01", "us") + np.arange(_ROWS) * np.timedelta64(1, "D")
    texts = [f"word{number} other{number} third{number} fourth{number} fifth{number}" for number in range(_ROWS - 1)]
    rows = _rows([*texts, f"{texts[0]} sixth"], times=days)
    assigned = assign_splits(rows, 0.8)
    assert assigned.splits[-1] == LEFT_OUT
    finding = near_duplicates_finding(rows, assigned, 0.8)
    assert "with an earlier one: 1. Those that would be in a later split were left out." in finding.message


def test_near_duplicates_in_two_splits_are_caught() -> None:
    rows = _rows([f"{_REVIEW} one", f"{_REVIEW} two"])
    torn = _with_splits(_with_splits(assign_splits(rows, 0.8), [0], 0), [1], 3)
    with pytest.raises(ValueError, match="leakage: 1 near-duplicates stand in several splits"):
        near_duplicates_finding(rows, torn, 0.8)


def test_near_duplicates_pass_and_are_skipped_where_they_should(honest: RowKeys) -> None:
    assert near_duplicates_finding(honest, assign_splits(honest, 0.8), 0.8).outcome == "passed"
    assert near_duplicates_finding(honest, assign_splits(honest, 1), 1).outcome == "skipped"
    uncompared = replace(honest, natural=None)
    finding = near_duplicates_finding(uncompared, assign_splits(uncompared, 0.8), 0.8)
    assert finding.outcome == "skipped"
    assert "They were not looked for: 400 reviews are more than 200,000" in finding.message


def test_a_group_in_two_splits_is_caught(honest: RowKeys) -> None:
    rows = replace(honest, keys=np.arange(_ROWS, dtype=np.uint64) // 4)
    assigned = assign_splits(rows, 0.8)
    finding = groups_finding(rows, assigned, "Customer")
    assert (finding.outcome, finding.columns) == ("passed", ("Customer",))
    assert "The 100 groups of column 'Customer' stay whole" in finding.message
    with pytest.raises(ValueError, match="leakage: 1 groups stand in several splits"):
        groups_finding(rows, _with_splits(assigned, [0], (assigned.splits[0] + 1) % 4), "Customer")
    assert groups_finding(honest, assign_splits(honest, 0.8), "").outcome == "skipped"


def test_a_split_that_looks_into_the_future_is_caught(honest: RowKeys) -> None:
    rows = replace(honest, times=np.datetime64("2026-01-01", "us") + np.arange(_ROWS) * np.timedelta64(1, "h"))
    assigned = assign_splits(rows, 0.8)
    finding = time_finding(rows, assigned, "Date")
    assert (finding.outcome, finding.columns) == ("passed", ("Date",))
    assert "train from 2026-01-01 00:00 to 2026-01-12 15:00" in finding.message
    with pytest.raises(ValueError, match="leakage: split tune holds reviews that are older than those of train"):
        time_finding(rows, _with_splits(assigned, [3], 1), "Date")
    assert time_finding(honest, assign_splits(honest, 0.8), "").outcome == "skipped"


def test_what_was_left_out_for_the_sake_of_time_is_counted(honest: RowKeys) -> None:
    rows = replace(honest, times=np.datetime64("2026-01-01", "us") + np.arange(_ROWS) * np.timedelta64(1, "h"))
    finding = time_finding(rows, _with_splits(assign_splits(rows, 0.8), [398, 399], LEFT_OUT), "Date")
    assert finding.outcome == "repaired"
    assert "their older copy or their group began in an earlier split: 2." in finding.message


def test_fitting_on_more_than_train_is_caught(honest: RowKeys) -> None:
    assigned = assign_splits(honest, 0.8)
    train = int((assigned.splits == 0).sum())
    assert fitted_finding(train, assigned).outcome == "passed"
    with pytest.raises(ValueError, match=f"leakage: fitted on {_ROWS} reviews, but train has {train}"):
        fitted_finding(_ROWS, assigned)
