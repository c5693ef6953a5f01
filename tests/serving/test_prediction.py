from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.shared.bundle import load_bundle
from serving.prediction import Review, predict_reviews


def test_a_prediction_has_label_expected_score_and_probabilities(logistic_bundle: Path) -> None:
    good, bad = predict_reviews(load_bundle(logistic_bundle), [Review("love, perfect, soft"), Review("awful, itchy")])
    assert good is not None and bad is not None
    assert (good.label, bad.label) == ("3", "1")
    assert good.score == pytest.approx(sum(p * score for p, score in zip(good.probabilities, (1, 2, 3), strict=True)))
    assert sum(good.probabilities) == pytest.approx(1)


def test_the_title_counts_where_there_is_a_text(logistic_bundle: Path) -> None:
    predictor = load_bundle(logistic_bundle)
    plain, titled = predict_reviews(predictor, [Review("okay dress"), Review("okay dress", title="Awful and itchy")])
    assert plain is not None and titled is not None
    assert titled.probabilities[0] > plain.probabilities[0]


@pytest.mark.parametrize("text", ["", "  \n", "<br/>", "https://example.org/x", "\u200b"])
def test_a_review_without_text_has_no_prediction_even_with_a_title(logistic_bundle: Path, text: str) -> None:
    predictions = predict_reviews(load_bundle(logistic_bundle), [Review("love"), Review(text, title="Lovely")])
    assert [prediction is None for prediction in predictions] == [False, True]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_any_text_gets_the_same_prediction_alone_and_in_company(logistic_bundle: Path, texts: list[str]) -> None:
    predictor = load_bundle(logistic_bundle)
    together = predict_reviews(predictor, [Review(text) for text in texts])
    assert together == [predict_reviews(predictor, [Review(text)])[0] for text in texts]


def test_labels_without_an_order_give_no_score(unordered_bundle: Path) -> None:
    (prediction,) = predict_reviews(load_bundle(unordered_bundle), [Review("love, perfect, soft")])
    assert prediction is not None
    assert (prediction.label, prediction.score) == ("3", None)
    assert sum(prediction.probabilities) == pytest.approx(1)
