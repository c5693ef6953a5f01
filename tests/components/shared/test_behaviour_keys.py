import sys
from subprocess import run

import pytest
from pydantic import ValidationError

from components.shared.behaviour_keys import BEHAVIOURS, TOLD_APART, BehaviourCount, behaviour_rate


def test_the_keys_are_all_different_and_told_apart_is_none_of_the_tests():
    assert len(set(BEHAVIOURS)) == len(BEHAVIOURS) == 11
    assert TOLD_APART not in BEHAVIOURS


def test_a_rate_is_the_share_of_the_cases_that_are_passed():
    assert BehaviourCount(passed=87, cases=100).pass_rate == pytest.approx(0.87)
    assert behaviour_rate({"negated_praise": BehaviourCount(passed=1, cases=4)}, "negated_praise") == 0.25


def test_what_was_not_measured_has_no_rate():
    assert behaviour_rate({}, "plain_praise") is None
    assert behaviour_rate({"plain_praise": BehaviourCount(passed=1, cases=1)}, TOLD_APART) is None


def test_praise_and_complaints_count_alike_however_many_cases_each_has():
    measured = {
        "plain_praise": BehaviourCount(passed=10, cases=10),
        "plain_complaint": BehaviourCount(passed=20, cases=100),
    }
    assert behaviour_rate(measured, TOLD_APART) == pytest.approx(0.6)


def test_always_saying_the_same_label_tells_praise_and_complaints_apart_in_half_of_the_cases_at_most():
    everything_is_praise = {
        "plain_praise": BehaviourCount(passed=100, cases=100, opposite=0),
        "plain_complaint": BehaviourCount(passed=0, cases=100, opposite=100),
    }
    assert behaviour_rate(everything_is_praise, TOLD_APART) == 0.5


def test_a_test_that_nobody_knows_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError, match="plain_prays"):
        behaviour_rate({}, "plain_prays")


@pytest.mark.parametrize("values", [{"passed": 2, "cases": 1}, {"passed": 0, "cases": 0}, {"passed": -1, "cases": 3}])
def test_counts_that_cannot_be_are_refused(values):
    with pytest.raises(ValidationError):
        BehaviourCount(**values)


def test_the_keys_cost_who_reads_a_need_no_library_of_numbers():
    script = (
        "import sys, components.shared.behaviour_keys; print([m for m in ('numpy', 'sklearn') if m in sys.modules])"
    )
    assert run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"
