import numpy as np

from components.engineer_features.sampling import class_shares_finding, contradictions_finding, sizes_finding
from components.engineer_features.splits import LEFT_OUT, Assignment
from components.shared.records.task import Task

_TASK = Task(labels=("bad", "good"), scores=(0, 1), text_column="text")
_FAIR = np.array([[210, 490], [24, 56], [36, 84], [30, 70]])


def _assigned(duplicates: list[int], splits: list[int]) -> Assignment:
    firsts = np.array(duplicates)
    return Assignment("text", firsts, firsts, np.array(splits, dtype=np.int8))


def test_splits_of_their_wanted_sizes_pass() -> None:
    assert sizes_finding(_FAIR).outcome == "passed"


def test_a_small_table_may_be_off_by_chance() -> None:
    assert sizes_finding(np.array([[70, 70], [5, 5], [13, 13], [12, 12]])).outcome == "passed"


def test_a_split_that_one_large_group_filled_is_a_warning() -> None:
    finding = sizes_finding(np.array([[1000, 1000], [24, 56], [36, 84], [30, 70]]))
    assert finding.outcome == "warning"
    assert "train 87.0%" in finding.message
    assert "tune should have 8%" in finding.message


def test_splits_that_are_alike_in_their_labels_pass() -> None:
    finding = class_shares_finding(_FAIR, _TASK)
    assert finding.outcome == "passed"


def test_labels_that_drift_over_the_splits_are_a_warning() -> None:
    finding = class_shares_finding(np.array([[210, 490], [24, 56], [36, 84], [70, 30]]), _TASK)
    assert finding.outcome == "warning"
    assert "label 'bad': 30.0% of train, 70.0% of test" in finding.message


def test_a_difference_that_chance_explains_passes() -> None:
    assert class_shares_finding(np.array([[70, 70], [4, 6], [13, 13], [6, 4]]), _TASK).outcome == "passed"


def test_a_certain_but_tiny_difference_passes() -> None:
    counts = np.array([[300_000, 700_000], [32_000, 68_000], [36_000, 84_000], [30_000, 70_000]])
    assert class_shares_finding(counts, _TASK).outcome == "passed"


def test_copies_with_different_labels_are_counted() -> None:
    finding = contradictions_finding(
        np.array([0, 1, 1, 1, 0, 0]), _assigned([0, 0, 0, 3, 3, 5], [0, 0, 0, 1, LEFT_OUT, 3])
    )
    assert finding.outcome == "warning"
    assert "another label: 4 (66.67%)" in finding.message


def test_copies_that_agree_pass() -> None:
    finding = contradictions_finding(np.array([0, 0, 1, 1]), _assigned([0, 0, 2, 2], [0, 0, 1, 1]))
    assert (finding.outcome, finding.message[-10:]) == ("passed", "0 (0.00%).")
