from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score

from components.shared.deciding.bootstrap import (
    METRICS,
    bootstrap_metric,
    bootstrap_metrics,
    confusion_cells,
    figure_of,
    interval,
)
from components.shared.metrics import quality

_SCORES = {
    "macro_f1": partial(f1_score, labels=range(4), average="macro", zero_division=0),
    "weighted_f1": partial(f1_score, labels=range(4), average="weighted", zero_division=0),
    "accuracy": accuracy_score,
    "macro_recall": partial(recall_score, labels=range(4), average="macro", zero_division=0),
    "quadratic_kappa": partial(cohen_kappa_score, labels=range(4), weights="quadratic"),
}


def _labels(rows, wrong, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.choice(4, size=rows, p=(0.1, 0.2, 0.3, 0.4))
    return truth, np.where(generator.random(rows) < wrong, generator.integers(0, 4, rows), truth)


@pytest.mark.parametrize("metric", _SCORES)
def test_a_resample_has_the_metric_that_scikit_learn_gives_it(metric):
    truth, predicted = _labels(30, 0.3)
    values = bootstrap_metric(truth, {"a": predicted}, 4, metric, seed=5, resamples=20)["a"]
    counts = np.random.default_rng(5).multinomial(30, np.full(30, 1 / 30), size=20)
    for value, count in zip(values, counts, strict=True):
        rows = np.repeat(np.arange(30), count)
        assert value == pytest.approx(_SCORES[metric](truth[rows], predicted[rows]))


def test_every_metric_that_a_need_may_name_is_resampled():
    assert set(_SCORES) == set(METRICS)


def test_the_error_of_the_average_is_resampled_with_the_metrics():
    truth, predicted = _labels(50, 0.3)
    errors = np.random.default_rng(1).normal(0.2, 1, 50)
    resampled = bootstrap_metrics(truth, {"a": predicted}, 4, ["accuracy"], 5, 20, score_errors={"a": errors})
    counts = np.random.default_rng(5).multinomial(50, np.full(50, 1 / 50), size=20)
    assert resampled["average_error"]["a"] == pytest.approx(counts @ errors / 50, abs=1e-5)
    assert resampled["accuracy"]["a"] == pytest.approx(counts @ (truth == predicted) / 50)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_without_resampling_every_figure_is_that_of_the_metrics(rows, classes, seed):
    generator = np.random.default_rng(seed)
    truth, probabilities = generator.integers(0, classes, rows), generator.dirichlet(np.ones(classes), rows)
    scores = np.arange(classes).astype(float)
    figures = quality(truth, probabilities, scores)
    errors = probabilities @ scores - truth
    cells = confusion_cells(truth, probabilities.argmax(axis=1), classes, errors)
    for figure in (*METRICS, "average_error"):
        value = figure_of(cells.sum(axis=0, dtype=np.float64)[None], classes, figure)
        assert value == pytest.approx(getattr(figures, figure), abs=1e-5), figure


def test_macro_averages_may_be_taken_over_some_labels():
    truth, predicted = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 0, 1])
    sums = confusion_cells(truth, predicted, 3).sum(axis=0, dtype=np.float64)[None]
    kept = np.array([True, True, False])
    assert figure_of(sums, 3, "macro_recall", kept) == pytest.approx([(1 + 1 / 2) / 2])
    assert figure_of(sums, 3, "macro_f1", kept) == pytest.approx([(4 / 5 + 1 / 2) / 2])


def test_candidates_are_scored_on_the_same_resamples():
    truth, predicted = _labels(200, 0.3)
    samples = bootstrap_metric(truth, {"a": predicted, "b": predicted.copy()}, 4, "macro_f1", seed=0, resamples=600)
    assert samples["a"].shape == (600,)
    assert (samples["a"] == samples["b"]).all()


def test_the_seed_decides_the_resamples():
    truth, predicted = _labels(100, 0.3)
    first, again, other = (
        bootstrap_metric(truth, {"a": predicted}, 4, "accuracy", seed=seed, resamples=50)["a"] for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_the_spread_of_accuracy_is_that_of_a_binomial():
    truth, predicted = _labels(400, 0.4)
    values = bootstrap_metric(truth, {"a": predicted}, 4, "accuracy", seed=0)["a"]
    accuracy = (truth == predicted).mean()
    assert values.std() == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / 400), rel=0.1)


def test_the_interval_leaves_out_five_per_cent():
    assert interval(np.arange(1001.0)) == pytest.approx((25.0, 975.0))
