import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from components.shared.services.calibration import FILE, Calibration
from components.shared.services.interface import ServiceError

_SCORES = np.random.default_rng(5).uniform(-1, 1, (200, 3))


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_scikit_learns_logistic_regression_on_standardised_scores(classes):
    truth = np.digitize(_SCORES[:, 0] + 0.3 * _SCORES[:, 1], np.linspace(-1, 1, classes + 1)[1:-1])
    standard = (_SCORES - _SCORES.mean(axis=0)) / _SCORES.std(axis=0)
    expected = LogisticRegression(max_iter=1000).fit(standard, truth).predict_proba(standard)
    fitted = Calibration.fit(_SCORES, truth, None, classes)
    np.testing.assert_allclose(fitted.apply(_SCORES), expected, atol=1e-5)


def test_it_is_the_same_after_writing_and_reading_without_pickle(tmp_path):
    fitted = Calibration.fit(_SCORES, (_SCORES[:, 0] > 0).astype(int), (1.0, 2.0), 2)
    (tmp_path / FILE).write_bytes(fitted.content())
    np.testing.assert_array_equal(Calibration.read(tmp_path).apply(_SCORES), fitted.apply(_SCORES))


def test_class_weights_favour_the_rare_class():
    truth = (_SCORES[:, 0] > 0.8).astype(int)
    plain = Calibration.fit(_SCORES, truth, None, 2).apply(_SCORES)[:, 1].mean()
    assert Calibration.fit(_SCORES, truth, (1.0, 9.0), 2).apply(_SCORES)[:, 1].mean() > plain


def test_a_label_that_tune_does_not_have_is_never_predicted():
    truth = np.where(_SCORES[:, 0] > 0, 4, 1)
    probabilities = Calibration.fit(_SCORES, truth, (1.0,) * 5, 5).apply(_SCORES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert set(probabilities.argmax(axis=1)) == {1, 4}


def test_a_score_that_never_varies_does_no_harm():
    scores = np.column_stack([_SCORES[:, 0], np.zeros(200)])
    fitted = Calibration.fit(scores, (scores[:, 0] > 0).astype(int), None, 2)
    assert np.isfinite(fitted.apply(scores)).all()


def test_one_label_alone_cannot_be_calibrated():
    with pytest.raises(ServiceError, match="one label only"):
        Calibration.fit(_SCORES, np.zeros(200, dtype=int), None, 3)
