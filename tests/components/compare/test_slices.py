import numpy as np
import pandas as pd
import pytest

from components.compare.slices import (
    LEAST_REVIEWS,
    Estimate,
    slice_candidates,
    write_slices,
)
from components.compare.slicing import Slice
from components.shared.metrics import quality
from components.shared.records.task import Task

_TASK = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")
_SCORES = np.array(_TASK.scores)
_ROWS = 900
_SLICES = tuple(Slice("department", str(number), np.arange(_ROWS) % 6 == number) for number in range(6))
_WEAK = 2


def _truth(seed=0):
    return np.random.default_rng(seed).choice(3, _ROWS, p=(0.2, 0.3, 0.5))


def _predict(truth, wrong, seed=1):
    """Returns probabilities of a model that errs with the given probability, one for each review."""
    generator = np.random.default_rng(seed)
    labels = np.where(generator.random(_ROWS) < wrong, generator.integers(0, 3, _ROWS), truth)
    return np.eye(3)[labels]


def _slice(truth, predicted, parents, metric="macro_f1", slices=_SLICES, task=_TASK, resamples=500):
    return slice_candidates(truth, predicted, parents, slices, task, metric, seed=3, resamples=resamples)


@pytest.mark.parametrize("metric", ["macro_f1", "accuracy", "quadratic_kappa"])
def test_a_planted_weakness_is_found_and_nothing_else(metric):
    truth = _truth()
    wrong = np.where(_SLICES[_WEAK].reviews, 0.8, 0.3)
    (one,) = _slice(truth, {"a": _predict(truth, wrong)}, {"a": ""}, metric)
    assert [figures.weaker for figures in one.slices] == [number == _WEAK for number in range(6)]
    assert one.slices[_WEAK].difference.high < 0
    assert all(figures.change is None and figures.flips is None for figures in one.slices)


def test_slices_that_are_alike_are_hardly_ever_flagged():
    flagged = 0
    for seed in range(20):
        truth = _truth(seed)
        (one,) = _slice(truth, {"a": _predict(truth, np.full(_ROWS, 0.4), seed + 50)}, {"a": ""}, resamples=300)
        flagged += any(figures.weaker for figures in one.slices)
    assert flagged <= 2


def test_what_compression_did_to_one_slice_is_found_with_its_flips():
    truth = _truth()
    parent = _predict(truth, np.full(_ROWS, 0.3))
    harmed = np.where(
        _SLICES[_WEAK].reviews & (np.random.default_rng(9).random(_ROWS) < 0.4), 0, parent.argmax(axis=1)
    )
    compressed = np.eye(3)[harmed]
    (one,) = _slice(truth, {"a": parent, "a-int8": compressed}, {"a-int8": "a"})
    assert [figures.harmed for figures in one.slices] == [number == _WEAK for number in range(6)]
    assert [figures.flips for figures in one.slices] == [
        (harmed != parent.argmax(axis=1)).sum() if number == _WEAK else 0 for number in range(6)
    ]
    assert [figures.change for figures in one.slices if figures.value != str(_WEAK)] == [Estimate(0, 0, 0)] * 5


def test_figures_are_those_of_the_reviews_of_the_slice():
    truth = _truth()
    predicted = _predict(truth, np.full(_ROWS, 0.4)) * 0.9 + 0.1 / 3
    (one,) = _slice(truth, {"a": predicted}, {"a": ""})
    inside, outside = (
        quality(truth[rows], predicted[rows], _SCORES) for rows in (_SLICES[0].reviews, ~_SLICES[0].reviews)
    )
    figures = one.slices[0]
    assert figures.reviews == inside.rows
    assert figures.quality.value == pytest.approx(inside.macro_f1)
    assert figures.quality.low < inside.macro_f1 < figures.quality.high
    assert figures.difference.value == pytest.approx(inside.macro_f1 - outside.macro_f1)
    assert figures.average_error.value == pytest.approx(inside.average_error, abs=1e-6)
    assert one.quality == pytest.approx(quality(truth, predicted, _SCORES).macro_f1)


def test_a_slice_of_too_few_reviews_is_said_to_be_too_small():
    truth = _truth()
    small = Slice("department", "rare", np.arange(_ROWS) < LEAST_REVIEWS - 1)
    (one,) = _slice(truth, {"a": _predict(truth, np.full(_ROWS, 0.3))}, {"a": ""}, slices=(small,))
    figures = one.slices[0]
    assert figures.reviews == LEAST_REVIEWS - 1
    assert figures.quality is figures.difference is figures.average_error is None
    assert not figures.weaker


def test_a_slice_of_nearly_all_reviews_is_compared_with_nothing():
    truth = _truth()
    large = Slice("title", "with a title", np.arange(_ROWS) >= LEAST_REVIEWS - 1)
    (one,) = _slice(truth, {"a": _predict(truth, np.full(_ROWS, 0.3))}, {"a": ""}, slices=(large,))
    assert one.slices[0].quality is not None
    assert one.slices[0].difference is None


def test_a_label_that_a_slice_does_not_have_is_left_out_of_its_macro_average():
    truth = np.where(_SLICES[0].reviews & (_truth() == 0), 1, _truth())
    predicted = np.eye(3)[truth]
    (one,) = _slice(truth, {"a": predicted}, {"a": ""})
    assert [figures.labels for figures in one.slices] == [2, 3, 3, 3, 3, 3]
    assert one.slices[0].quality.value == 1
    assert one.slices[0].difference.value == 0


def test_slices_of_several_candidates_are_written_as_one_table(tmp_path):
    truth = _truth()
    parent = _predict(truth, np.full(_ROWS, 0.3))
    small = Slice("department", "rare", np.arange(_ROWS) < 3)
    sliced = _slice(truth, {"a": parent, "b": parent}, {"b": "a", "a": ""}, slices=(*_SLICES, small))
    write_slices(sliced, tmp_path / "slices.csv")
    table = pd.read_csv(tmp_path / "slices.csv")
    assert table["candidate"].tolist() == ["b"] * 7 + ["a"] * 7
    first = sliced[0].slices[0]
    assert table.loc[0, ["quality", "quality_low", "quality_high"]].tolist() == pytest.approx(
        [first.quality.value, first.quality.low, first.quality.high], rel=1e-5
    )
    assert table.loc[6, ["quality", "difference_low", "average_error"]].isna().all()
    assert table.loc[7, "flips":"flips"].isna().all()
    write_slices([], tmp_path / "none.csv")
    assert list(pd.read_csv(tmp_path / "none.csv").columns) == list(table.columns)
