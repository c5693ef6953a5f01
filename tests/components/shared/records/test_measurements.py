import json

import numpy as np
import pytest

from components.shared.errors import UserError
from components.shared.records.measurements import Spread, predictions_path, read_measurements, read_predictions


@pytest.mark.parametrize("content", [None, "", "{}", json.dumps({"candidates": 1})])
def test_unreadable_measurements_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "measurements.json").write_text(content)
    with pytest.raises(UserError, match=r"measurements\.json.*run evaluate again"):
        read_measurements(tmp_path)


def test_predictions_are_read_by_candidate_and_split(tmp_path):
    path = predictions_path(tmp_path, "lstm")
    path.parent.mkdir()
    np.savez(path, select=np.zeros((3, 5)), test=np.ones((2, 5)))
    assert read_predictions(tmp_path, "lstm", "select").shape == (3, 5)
    assert (read_predictions(tmp_path, "lstm", "test") == 1).all()


def test_a_spread_is_the_middle_and_both_ends_of_its_values():
    assert Spread.of([1.0]) == Spread(median=1.0, low=1.0, high=1.0, repetitions=1)
    spread = Spread.of([float(value) for value in range(101)])
    assert (spread.low, spread.median, spread.high) == pytest.approx((5.0, 50.0, 95.0))
