import warnings
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from components.shared.need import Metric
from components.train_floor.linear import STRENGTHS, Kind, choose_settings, fit_linear, vectorise

_KINDS: list[Kind] = ["logistic", "hashing"]


def _reviews(rows: int, seed: int = 1) -> tuple[pd.DataFrame, Any]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, rows)
    words = [["bad", "poor", "dress", "it"], ["good", "fine", "dress", "it"]]
    texts = [" ".join(generator.choice(words[label], 5)) for label in labels]
    return pd.DataFrame({"natural": texts, "group": [str(row) for row in range(rows)]}), labels


@pytest.mark.parametrize("kind", _KINDS)
def test_training_and_other_texts_are_vectorised_alike(kind: Kind) -> None:
    texts = ["Love it !!!", "love THE dress", "the dress , the dress :-(", "it"]
    inputs = vectorise(kind, texts, 2)
    assert inputs.matrix.dtype == np.float32
    np.testing.assert_allclose(inputs.of(texts).toarray(), inputs.matrix.toarray(), atol=1e-7)


@pytest.mark.parametrize("kind", _KINDS)
def test_terms_of_a_single_review_are_left_out(kind: Kind) -> None:
    assert vectorise(kind, ["dress once", "dress", "dress"], 1).matrix.shape == (3, 1)


def test_signs_are_terms() -> None:
    terms = vectorise("logistic", ["great !!!", "bad :-(", "great !!!", "bad :-("], 1).vectorizer
    assert set(terms.get_feature_names_out()) == {"great", "bad", "!!!", ":-("}


@pytest.mark.parametrize("kind", _KINDS)
@settings(deadline=None, max_examples=30)
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_any_text_is_vectorised(kind: Kind, texts: list[str]) -> None:
    inputs = vectorise(kind, ["a good dress", "a good dress", *texts], 2)
    assert inputs.of(texts).shape == (len(texts), inputs.matrix.shape[1])


@pytest.mark.parametrize("kind", _KINDS)
def test_a_label_with_fewer_reviews_than_folds_is_no_obstacle(kind: Kind) -> None:
    reviews, labels = _reviews(60)
    labels[0] = 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choices = choose_settings(kind, reviews, labels, [(None, "accuracy"), ("balanced", "macro_f1")], 1)
    assert len(choices) == 2 and all(choice.settings.strength in STRENGTHS[kind] for choice in choices)
    chosen = choices[0].settings
    inputs = vectorise(kind, reviews["natural"].tolist(), chosen.longest_ngram)
    fitted = fit_linear(inputs, labels, chosen.strength, None, 1)
    assert fitted.predict(["bad poor bad", "good fine good"]).tolist() == [0, 1]


def test_reviews_of_one_group_share_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    reviews, labels = _reviews(60)
    reviews["group"] = [str(row // 4) for row in range(60)]
    seen: list[Any] = []

    def record(self: Any, X: Any, y: Any, groups: Any) -> Any:
        seen.append(list(original(self, X, y, groups)))
        return iter(seen[-1])

    original = StratifiedGroupKFold.split
    monkeypatch.setattr(StratifiedGroupKFold, "split", record)
    choose_settings("hashing", reviews, labels, [(None, "accuracy")], 1)
    groups = reviews["group"].to_numpy()
    assert len(seen) == 1
    for train, held_out in seen[0]:
        assert not set(groups[train]) & set(groups[held_out])


def test_copies_across_folds_would_flatter_and_do_not() -> None:
    generator = np.random.default_rng(3)
    texts = [f"w{row // 2} common" for row in range(80)]
    labels = np.repeat(generator.integers(0, 2, 40), 2)
    paired = pd.DataFrame({"natural": texts, "group": [str(row // 2) for row in range(80)]})
    apart = paired.assign(group=[str(row) for row in range(80)])
    honest, flattered = (
        choose_settings("logistic", reviews, labels, [(None, "accuracy")], 1)[0].score for reviews in (paired, apart)
    )
    assert flattered > 0.75 > honest


@pytest.mark.parametrize("metric", get_args(Metric))
def test_cross_validation_goes_by_any_metric_that_a_need_may_name(metric: Metric) -> None:
    texts = [f"{word} w{row}" for row, word in enumerate(("awful", "fine", "great") * 20)]
    reviews = pd.DataFrame({"natural": texts, "group": [str(row) for row in range(60)]})
    choice = choose_settings("logistic", reviews, np.tile([0, 1, 2], 20), [(None, metric)], 1)[0]
    assert choice.score == pytest.approx(1.0)
