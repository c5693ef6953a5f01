from functools import partial

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from components.compare.deciding.bootstrap import bootstrap_metric, interval

_SCORES = {
    "macro_f1": partial(f1_score, labels=range(4), average="macro", zero_division=0),
    "weighted_f1": partial(f1_score, labels=range(4), average="weighted", zero_division=0),
    "accuracy": accuracy_score,
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
