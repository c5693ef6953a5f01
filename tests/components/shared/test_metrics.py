import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.shared.errors import UserError
from components.shared.metrics import (
    check_need,
    quality,
    reliability,
    roc_of_label,
    score_errors,
    score_labels,
)
from components.shared.need import parse_need
from components.shared.records.task import Task

_SCORES = np.array([1.0, 2.0, 3.0])
#: Truth 0 0 0 1 1 2, predicted 0 0 1 1 2 2.
_TRUTH = np.array([0, 0, 0, 1, 1, 2])
_PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.2, 0.5, 0.3],
        [0.1, 0.6, 0.3],
        [0.0, 0.1, 0.9],
        [0.1, 0.2, 0.7],
    ]
)


@pytest.fixture
def figures():
    return quality(_TRUTH, _PROBABILITIES, _SCORES)


def test_labels_count_alike_in_macro_averages(figures):
    # Precision 2/2, 1/2, 1/2; recall 2/3, 1/2, 1/1; F1 4/5, 1/2, 2/3.
    assert figures.accuracy == pytest.approx(4 / 6)
    assert figures.macro_precision == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    assert figures.macro_recall == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert figures.macro_f1 == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_labels_count_by_their_reviews_in_weighted_averages(figures):
    assert figures.weighted_precision == pytest.approx((3 * 1 + 2 * 1 / 2 + 1 * 1 / 2) / 6)
    assert figures.weighted_recall == pytest.approx(figures.accuracy)
    assert figures.weighted_f1 == pytest.approx((3 * 4 / 5 + 2 * 1 / 2 + 1 * 2 / 3) / 6)


def test_the_quadratic_kappa_weighs_errors_by_their_squared_distance(figures):
    # Two errors of one label each. By chance, with 3, 2, 1 true and 2, 2, 2 predicted reviews of 6: squared
    # distances of 3·(0+2+8)/6 + 2·(2+0+2)/6 + 1·(8+2+0)/6 = 8.
    assert figures.quadratic_kappa == pytest.approx(1 - 2 / 8)


def test_absolute_error_and_the_error_of_the_average_are_in_label_units(figures):
    expected = _PROBABILITIES @ _SCORES - _SCORES[_TRUTH]
    assert figures.mean_absolute_error == pytest.approx(2 / 6)
    assert figures.average_error == pytest.approx(expected.mean())
    assert score_errors(_TRUTH, _PROBABILITIES, _SCORES) == pytest.approx(expected)


def test_labels_without_an_order_have_neither_kappa_nor_absolute_error():
    figures = quality(_TRUTH, _PROBABILITIES, _SCORES, ordered=False)
    assert (figures.quadratic_kappa, figures.mean_absolute_error) == (None, None)


def test_the_confusion_has_true_labels_as_rows(figures):
    assert figures.confusion == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]


def test_the_calibration_error_is_the_distance_of_confidence_and_accuracy_by_bin():
    # Bins of a fifteenth: 0.51 and 0.53 share one, half of it right; 0.9 is alone and right.
    probabilities = np.array([[0.51, 0.49], [0.53, 0.47], [0.1, 0.9]])
    figures = quality(np.array([0, 1, 1]), probabilities, np.array([0.0, 1.0]))
    assert [(one.rows, one.accuracy) for one in figures.reliability] == [(2, 0.5), (1, 1.0)]
    assert [one.confidence for one in figures.reliability] == pytest.approx([0.52, 0.9])
    assert figures.calibration_error == pytest.approx((2 * 0.02 + 1 * 0.1) / 3)


def test_a_bin_holds_its_upper_edge():
    probabilities = np.array([[0.6, 0.4], [0.6 + 1e-9, 0.4 - 1e-9]])
    assert [one.rows for one in reliability(np.array([0, 0]), probabilities)] == [1, 1]


def test_a_model_that_is_as_sure_as_it_is_right_has_no_calibration_error():
    probabilities = np.tile([0.75, 0.25], (400, 1))
    truth = np.repeat([0, 0, 0, 1], 100)
    assert quality(truth, probabilities, np.array([0.0, 1.0])).calibration_error == pytest.approx(0)


def test_the_auc_of_a_label_is_the_share_of_pairs_in_the_right_order(figures):
    # Label 0: 0.8, 0.6, 0.2 against 0.1, 0.0, 0.1: all nine pairs. Label 1: 0.6, 0.1 against 0.1, 0.3, 0.5, 0.2.
    assert figures.roc_auc[0] == 1
    assert figures.roc_auc[1] == pytest.approx((4 + 0.5) / 8)


def test_a_label_that_nobody_has_has_neither_auc_nor_curve():
    truth = np.array([0, 1, 1, 0, 1, 0])
    assert quality(truth, _PROBABILITIES, _SCORES).roc_auc[2] is None
    assert roc_of_label(truth, _PROBABILITIES, 2) is None


def test_a_roc_curve_goes_from_corner_to_corner_with_finite_thresholds():
    curve = roc_of_label(_TRUTH, _PROBABILITIES, 1)
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert np.isfinite(curve.threshold).all()
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(quality(_TRUTH, _PROBABILITIES, _SCORES).roc_auc[1])


def test_a_thinned_roc_curve_keeps_its_ends():
    generator = np.random.default_rng(0)
    curve = roc_of_label(generator.integers(0, 2, 2000), generator.dirichlet((1, 1), 2000), 1)
    false_positive_rate, true_positive_rate, threshold = curve.thinned(50)
    assert len(curve.threshold) > 50 >= len(threshold) == len(true_positive_rate)
    assert (false_positive_rate[0], true_positive_rate[0]) == (0, 0)
    assert (false_positive_rate[-1], true_positive_rate[-1]) == (1, 1)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "weighted_f1", "macro_recall", "quadratic_kappa"])
def test_predicted_labels_score_as_their_probabilities_do(figures, metric):
    assert score_labels(_TRUTH, _PROBABILITIES.argmax(axis=1), metric) == pytest.approx(getattr(figures, metric))


def _need(metric, recalls="{}"):
    return parse_need(
        f"use_case: x\nreviews_per_day: 1\nquality: {{metric: {metric}}}\n"
        f"constraints: {{minimum_recall: {recalls}}}\nprices: {{cpu_hour_eur: 1, gpu_hour_eur: 1}}\n"
    )


def test_a_metric_that_goes_by_order_is_refused_for_labels_without_one():
    task = Task(labels=("blue", "green"), scores=(0, 1), text_column="text", ordered=False)
    check_need(_need("macro_f1"), task)
    check_need(_need("quadratic_kappa"), task.model_copy(update={"ordered": True}))
    with pytest.raises(UserError, match=r"quadratic_kappa.*blue, green have no order.*--labels"):
        check_need(_need("quadratic_kappa"), task)


def test_a_limit_on_a_label_that_there_is_not_is_refused():
    task = Task(labels=("bad", "good"), scores=(0, 1), text_column="text")
    check_need(_need("macro_f1", "{bad: 0.5}"), task)
    with pytest.raises(UserError, match=r"minimum_recall names the label 'worst', but the labels are bad, good"):
        check_need(_need("macro_f1", "{worst: 0.5}"), task)


@st.composite
def _predictions(draw):
    rows, classes = draw(st.integers(1, 30)), draw(st.integers(2, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probabilities = generator.dirichlet(np.full(classes, draw(st.sampled_from([0.01, 1.0]))), rows)
    return generator.integers(0, classes, rows), probabilities, generator.permutation(rows)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(_predictions())
@settings(max_examples=60, deadline=None)
def test_figures_stay_in_their_ranges_and_do_not_depend_on_the_order_of_reviews(predictions):
    truth, probabilities, order = predictions
    scores = np.arange(probabilities.shape[1]).astype(float)
    figures = quality(truth, probabilities, scores)
    again = quality(truth[order], probabilities[order], scores)
    shares = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "calibration_error")
    assert all(0 <= getattr(figures, name) <= 1 + 1e-9 for name in shares)
    assert -1 <= figures.quadratic_kappa <= 1
    assert 0 <= figures.mean_absolute_error <= scores[-1]
    assert abs(figures.average_error) <= scores[-1]
    assert sum(one.rows for one in figures.reliability) == sum(map(sum, figures.confusion)) == len(truth)
    assert again.confusion == figures.confusion
    for name, value in figures.model_dump(exclude={"confusion", "reliability", "roc_auc"}).items():
        assert getattr(again, name) == pytest.approx(value), name
    assert again.roc_auc == [value if value is None else pytest.approx(value) for value in figures.roc_auc]
