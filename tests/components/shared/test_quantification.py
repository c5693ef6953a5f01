"""Quantification: exact where everything is known, near a library's, and honest about what it does not know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.shared.quantification import (
    MINIMUM_REVIEWS,
    AnswerSums,
    LabelResponses,
    correct_average,
    estimate_shares,
    measure_responses,
    object_to_correcting,
)

_SCORES = np.array([1.0, 2.0, 3.0])
_SEEDS = st.integers(0, 2**32 - 1)


def _table(seed: int, classes: int) -> np.ndarray:
    """Returns mean answers, rows true labels, of a model that errs but tells labels apart."""
    noise = np.random.default_rng(seed).dirichlet(np.ones(classes), classes)
    return 0.6 * np.eye(classes) + 0.4 * noise


def _shares(seed: int, classes: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.5))


def _answers(truth: np.ndarray, table: np.ndarray, seed: int) -> np.ndarray:
    """Returns noisy answers, shape (n, classes), whose mean for each true label is the table's row."""
    generator = np.random.default_rng(seed)
    return np.stack([generator.dirichlet(5 * table[label]) for label in truth]).astype(np.float32)


def _sums(probabilities: np.ndarray) -> AnswerSums:
    sums = AnswerSums(probabilities.shape[1])
    sums.add(probabilities)
    return sums


@given(seed=_SEEDS, classes=st.integers(2, 6))
def test_shares_are_exact_where_the_answers_are_a_mixture(seed: int, classes: int) -> None:
    table, shares = _table(seed, classes), _shares(seed + 1, classes)
    assert estimate_shares(shares @ table, table) == pytest.approx(shares, abs=1e-6)


@given(seed=_SEEDS, classes=st.integers(2, 6))
def test_shares_lie_on_the_simplex_whatever_the_answers_are(seed: int, classes: int) -> None:
    shares = estimate_shares(_shares(seed, classes), _table(seed + 1, classes))
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1)


@given(seed=_SEEDS, classes=st.integers(2, 5))
def test_shares_are_those_of_the_library(seed: int, classes: int) -> None:
    from quapy.functional import argmin_prevalence

    answer, table = _shares(seed, classes), _table(seed + 1, classes)

    def distance(shares: np.ndarray) -> float:
        return float(np.linalg.norm(shares @ table - answer))

    expected = argmin_prevalence(lambda shares: distance(shares) ** 2, classes, method="optim_minimize")
    ours = estimate_shares(answer, table)
    assert distance(ours) <= distance(expected) + 1e-6
    assert ours == pytest.approx(expected, abs=0.02)


@given(truth=st.lists(st.integers(0, 2), min_size=1, max_size=50))
def test_of_a_perfect_model_the_corrected_average_is_the_plain_one(truth: list[int]) -> None:
    checked = np.repeat([0, 1, 2], MINIMUM_REVIEWS)
    responses = measure_responses(checked, np.eye(3)[checked])
    answers = _sums(np.eye(3)[truth])
    corrected = correct_average(responses, answers, _SCORES)
    assert corrected.value == pytest.approx(float(answers.mean @ _SCORES), abs=1e-6)
    assert corrected.low - 1e-6 <= corrected.value <= corrected.high + 1e-6


def test_bias_is_removed_and_the_interval_holds_the_truth_when_shares_have_moved() -> None:
    table = np.array([[0.5, 0.4, 0.1], [0.1, 0.5, 0.4], [0.0, 0.2, 0.8]]) * 0.99 + 0.01 / 3
    generator = np.random.default_rng(0)
    checked = generator.choice(3, 2000, p=[0.1, 0.2, 0.7])
    responses = measure_responses(checked, _answers(checked, table, seed=1))
    scored = generator.choice(3, 2000, p=[0.6, 0.3, 0.1])
    answers = _sums(_answers(scored, table, seed=2))
    truth = _SCORES[scored].mean()
    corrected = correct_average(responses, answers, _SCORES)
    assert abs(float(answers.mean @ _SCORES) - truth) > 0.2
    assert abs(corrected.value - truth) < 0.05
    assert corrected.low < truth < corrected.high
    assert corrected.shares == pytest.approx(np.bincount(scored) / 2000, abs=0.06)


def _width(checked_reviews: int, scored_reviews: int) -> float:
    table = _table(3, 3)
    checked, scored = np.arange(checked_reviews) % 3, np.arange(scored_reviews) % 3
    responses = measure_responses(checked, _answers(checked, table, seed=4))
    corrected = correct_average(responses, _sums(_answers(scored, table, seed=5)), _SCORES)
    return corrected.high - corrected.low


def test_the_interval_widens_with_fewer_reviews_on_either_side() -> None:
    assert _width(3000, 30) > 2 * _width(3000, 3000)
    assert _width(60, 3000) > 2 * _width(3000, 3000)


def test_few_reviews_are_told() -> None:
    responses = measure_responses(np.repeat([0, 1, 2], 20), np.eye(3)[np.repeat([0, 1, 2], 20)])
    assert correct_average(responses, _sums(np.eye(3)), _SCORES).few_reviews
    assert not correct_average(responses, _sums(np.eye(3)[np.arange(300) % 3]), _SCORES).few_reviews


def test_the_same_seed_gives_the_same_interval() -> None:
    truth = np.arange(90) % 3
    responses = measure_responses(truth, _answers(truth, _table(0, 3), seed=0))
    answers = _sums(_answers(truth, _table(0, 3), seed=1))
    assert correct_average(responses, answers, _SCORES) == correct_average(responses, answers, _SCORES)


@settings(deadline=None)
@given(seed=_SEEDS, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_sums_do_not_depend_on_how_the_answers_come(seed: int, cuts: list[int]) -> None:
    answers = np.random.default_rng(seed).dirichlet(np.ones(4), 40)
    pieces = AnswerSums(4)
    for piece in np.split(answers, sorted(cuts)):
        pieces.add(piece)
    assert pieces.reviews == 40
    assert pieces.mean == pytest.approx(answers.mean(axis=0))
    assert pieces.covariance == pytest.approx(np.cov(answers.T, bias=True), abs=1e-9)


def test_responses_hold_means_of_each_true_label_and_survive_json() -> None:
    truth = np.array([0, 0, 2])
    answers = np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.1, 0.1, 0.8]])
    responses = measure_responses(truth, answers)
    assert responses.counts == (2, 0, 1)
    assert np.array(responses.means) == pytest.approx(np.array([[0.7, 0.3, 0], [0, 0, 0], [0.1, 0.1, 0.8]]))
    assert np.array(responses.covariances)[0, 0, 0] == pytest.approx(0.01)
    assert LabelResponses.model_validate_json(responses.model_dump_json()) == responses


@pytest.mark.parametrize(
    ("counts", "answers", "ordered", "reason"),
    [
        ((10, 10, 10), np.eye(3), True, ""),
        ((10, 10, 10), np.eye(3), False, "no order"),
        ((10, 9, 10), np.eye(3), True, "fewer than 10 reviews of a label"),
        ((10, 10, 10), np.tile([0.2, 0.2, 0.6], (3, 1)), True, "answers alike"),
    ],
)
def test_what_cannot_be_corrected_is_refused_with_a_reason(
    counts: tuple[int, ...], answers: np.ndarray, ordered: bool, reason: str
) -> None:
    truth = np.repeat([0, 1, 2], counts)
    said = object_to_correcting(measure_responses(truth, answers[truth]), ordered)
    assert reason in said and bool(said) == bool(reason)


def test_a_bundle_without_responses_is_not_corrected() -> None:
    assert "bundle does not say" in object_to_correcting(None, True)
