"""The average sentiment of test: how far it is off, plain and corrected."""

import numpy as np
import pytest

from components.compare.average_on_test import check_average
from components.shared.quantification import measure_responses
from components.shared.records.task import Task

_TASK = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")
#: A model that takes each label for the next one half of the time.
_ANSWERS = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])


def _check(checked: np.ndarray, tested: np.ndarray, task: Task = _TASK):
    return check_average(measure_responses(checked, _ANSWERS[checked]), tested, _ANSWERS[tested], task, seed=0)


def test_a_constant_bias_is_seen_in_the_plain_average_and_gone_from_the_corrected_one():
    average = _check(np.repeat([0, 1, 2], 50), np.repeat([0, 1, 2], [60, 30, 10]))
    assert average.reviews == 100
    assert average.truth == pytest.approx(1.5)
    assert average.plain_error == pytest.approx(0.45)
    error, low, high = average.corrected_error
    assert error == pytest.approx(0, abs=1e-6)
    assert low < 0 < high and average.objection == ""


def test_without_enough_reviews_of_a_label_there_is_no_corrected_average_but_a_reason():
    average = _check(np.repeat([0, 1, 2], [50, 50, 3]), np.array([0, 1, 2]))
    assert average.corrected is None and average.corrected_error is None
    assert "fewer than 10 reviews of a label" in average.objection
    assert average.plain_error == pytest.approx(1 / 3)


def test_labels_without_an_order_have_no_average():
    unordered = _TASK.model_copy(update={"ordered": False})
    assert _check(np.repeat([0, 1, 2], 50), np.array([0, 1, 2]), unordered) is None
