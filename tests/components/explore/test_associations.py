import numpy as np
import pandas as pd
import pytest

from components.explore.associations import associations

_LABEL = np.arange(3000) % 3
_NOISE = np.random.default_rng(0)


def _one(values, label=_LABEL, ordered=True):
    return associations(pd.DataFrame({"x": values}), label, ordered, seed=1)[0]


def test_a_copy_of_the_label_tells_all_about_it():
    number = _one(_LABEL * 10.0)
    assert number.measure == "Spearman"
    assert number.strength == pytest.approx(1)
    assert number.information == pytest.approx(1)
    text = _one(np.array(["low", "middle", "high"], dtype=object)[_LABEL])
    assert text.measure == "Cramér's V"
    assert text.strength == pytest.approx(1)
    assert text.information == pytest.approx(1)


def test_rank_correlation_has_a_sign():
    assert _one(-(_LABEL**3.0)).strength == pytest.approx(-1)


def test_labels_without_an_order_are_not_correlated_by_rank():
    found = _one((_LABEL == 1) * 1.0, ordered=False)
    assert found.measure == "Cramér's V"
    assert found.strength == pytest.approx(1, abs=1e-3)
    # Spearman would have seen nothing: the middle label stands out.
    assert abs(_one((_LABEL == 1) * 1.0).strength) < 0.01


def test_mutual_information_is_a_share_of_the_labels_entropy():
    found = _one((_LABEL == 0) * 1.0)
    expected = (np.log(3) - 2 / 3 * np.log(2)) / np.log(3)
    assert found.information == pytest.approx(expected, abs=0.002)


def test_a_thousand_categories_of_noise_tell_nothing():
    found = _one(_NOISE.integers(0, 1000, 3000).astype(str).astype(object))
    assert found.information < 0.03
    assert found.strength < 0.1


def test_a_name_of_each_row_tells_nothing():
    found = _one(np.array([f"row {row}" for row in range(3000)], dtype=object))
    assert (found.information, found.strength) == (0, 0)


@pytest.mark.parametrize("values", [[None] * 3000, [5.0] * 3000, ["same"] * 3000, [np.nan] * 3000])
def test_columns_that_never_vary_tell_nothing(values):
    found = _one(values)
    assert (found.information, found.strength) == (0, 0)


def test_infinite_and_missing_numbers_are_ranked_or_left_out():
    values = np.where(_LABEL == 2, np.inf, _NOISE.normal(size=3000) + _LABEL)
    values[::7] = np.nan
    found = _one(values)
    assert 0.5 < found.strength <= 1
    assert found.information > 0.3


def test_that_a_value_is_missing_may_tell_the_label():
    assert _one(np.where(_LABEL == 0, np.nan, 1.0)).information > 0.5


def test_the_closest_column_comes_first():
    columns = pd.DataFrame({"noise": _NOISE.normal(size=3000), "copy": _LABEL * 1.0})
    assert [one.column for one in associations(columns, _LABEL, True, seed=1)] == ["copy", "noise"]
    assert associations(pd.DataFrame(index=range(3000)), _LABEL, True, seed=1) == []


def test_a_single_label_leaves_nothing_to_tell():
    found = _one(np.arange(3000) * 1.0, label=np.zeros(3000, dtype=int))
    assert (found.information, found.strength) == (0, 0)
