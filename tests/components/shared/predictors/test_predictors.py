"""Predictors: from raw text to probabilities, review by review."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from components.shared.bundle import load_bundle, read_manifest, write_bundle
from components.shared.predictors.distilbert import DistilBertParameters
from components.shared.predictors.linear import TfidfLogisticParameters, TfidfLogisticPredictor
from components.shared.predictors.lstm import LstmParameters, Side
from components.shared.predictors.majority import MajorityPredictor
from components.shared.records.candidates import bundle_directory
from components.shared.records.task import Task
from components.shared.texts.text import TextPreprocessing
from components.shared.training.keras import keras

_TASK = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")
_HOSTILE = st.lists(st.text(max_size=40), min_size=1, max_size=6)


@pytest.fixture(scope="module", params=["lstm", "logistic"])
def predictor(request: pytest.FixtureRequest, tiny: Any, logistic_bundle: Path) -> Any:
    return load_bundle({"lstm": bundle_directory(tiny.trained, "lstm"), "logistic": logistic_bundle}[request.param])


@settings(suppress_health_check=list(HealthCheck), max_examples=60, deadline=None)
@given(texts=_HOSTILE)
def test_a_prediction_does_not_depend_on_the_other_reviews(predictor: Any, texts: list[str]) -> None:
    together = predictor.predict(texts)
    alone = np.concatenate([predictor.predict([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert together.shape == (len(texts), 3) and np.all(np.isfinite(together))


def test_no_reviews_give_no_rows(predictor: Any) -> None:
    predicted = predictor.predict([])
    assert predicted.shape == (0, 3) and predicted.dtype == np.float32


def test_mark_up_and_links_do_not_change_a_prediction(predictor: Any) -> None:
    plain, marked = predictor.predict(["love the perfect dress", "<b>love</b> the perfect dress https://a.example/x"])
    np.testing.assert_allclose(plain, marked, atol=1e-6)


@pytest.mark.parametrize("candidate", ["lstm", "logistic"])
def test_a_bundle_scores_with_the_steps_that_it_was_trained_with(
    candidate: str, tiny: Any, logistic_bundle: Path, tmp_path: Path
) -> None:
    source = {"lstm": bundle_directory(tiny.trained, "lstm"), "logistic": logistic_bundle}[candidate]
    files = {name: (source / name).read_bytes() for name in read_manifest(source).files}
    manifest = read_manifest(source).model_copy(update={"natural_steps": ("links",)})
    write_bundle(tmp_path / "bundle", manifest, files)
    usual, links_only = load_bundle(source), load_bundle(tmp_path / "bundle")
    texts = ["dress <love perfect soft> https://a.example/awful", "dress <love perfect soft>", "dress"]
    assert links_only.natural_views(texts)[:2] == ["dress <love perfect soft>"] * 2
    np.testing.assert_array_equal(*usual.predict(texts[1:]))
    marked, without_link, plain = links_only.predict(texts)
    np.testing.assert_array_equal(marked, without_link)
    assert not np.array_equal(marked, plain)


def test_the_lstm_reads_the_same_tokens_as_training(tiny: Any, tmp_path: Path) -> None:
    source = bundle_directory(tiny.trained, "lstm")
    manifest = read_manifest(source)
    text = TextPreprocessing(stop_words=("awful",), lemmas=True)
    changed = manifest.model_copy(update={"preprocessing": manifest.preprocessing | {"text": text.model_dump()}})
    write_bundle(tmp_path / "bundle", changed, {name: (source / name).read_bytes() for name in manifest.files})
    predictor = load_bundle(tmp_path / "bundle")
    with_lemma, without, stopped = predictor.predict(["the dresses love", "the dress love", "awful the dress love"])
    np.testing.assert_array_equal(with_lemma, without)
    np.testing.assert_array_equal(stopped, without)
    assert not np.array_equal(*load_bundle(source).predict(["dresses love", "dress love"]))


def test_the_lstm_reads_only_the_beginning_of_a_long_review(tiny: Any) -> None:
    predictor = load_bundle(bundle_directory(tiny.trained, "lstm"))
    start = "dress top skirt size fit colour fabric waist sleeve "
    predicted = predictor.predict([start + "awful " * 20, start + "love " * 20, start.replace("dress", "awful")])
    np.testing.assert_array_equal(predicted[0], predicted[1])
    assert not np.array_equal(predicted[0], predicted[2])


@given(
    tokens=st.lists(st.lists(st.sampled_from(["a", "b", "c", "unknown"]), max_size=8), max_size=5),
    length=st.integers(1, 6),
    padding=st.sampled_from(["pre", "post"]),
    truncating=st.sampled_from(["pre", "post"]),
)
def test_token_numbers_are_those_that_keras_pads(
    tokens: list[list[str]], length: int, padding: Side, truncating: Side
) -> None:
    vocabulary = {"a": 1, "b": 2, "c": 3}
    parameters = LstmParameters(text=TextPreprocessing(), length=length, padding=padding, truncating=truncating)
    encoded = parameters.padded([parameters.numbers(words, vocabulary) for words in tokens])
    known = [[vocabulary[word] for word in words if word in vocabulary] for words in tokens]
    assert encoded.dtype == np.int32
    expected = keras.preprocessing.sequence.pad_sequences(
        known, length, padding=padding, truncating=truncating
    ).reshape(len(tokens), length)
    np.testing.assert_array_equal(encoded, expected)


def test_unknown_words_have_a_number_if_the_vocabulary_says_so() -> None:
    parameters = LstmParameters(text=TextPreprocessing(), length=4, unknown=2)
    assert parameters.numbers(["a", "new", "a"], {"a": 1, "[UNK]": 2}) == [1, 2, 1]


def test_the_majority_predictor_gives_the_class_shares_whatever_it_reads(tmp_path: Path) -> None:
    predictor = MajorityPredictor(tmp_path, _TASK, {"shares": (0.2, 0.3, 0.5)})
    np.testing.assert_allclose(predictor.predict(["love", ""]), [[0.2, 0.3, 0.5]] * 2, atol=1e-7)


def test_tfidf_files_predict_what_the_fitted_model_predicts(tmp_path: Path) -> None:
    texts = ["awful itchy", "okay average", "love perfect", "love soft", "awful cheap", "okay fine"]
    parameters = TfidfLogisticParameters()
    vectorizer = parameters.vectorizer(min_df=1)
    model = LogisticRegression().fit(vectorizer.fit_transform(texts), ["1", "2", "3", "3", "1", "2"])
    for name, content in TfidfLogisticPredictor.files(vectorizer, model.coef_, model.intercept_).items():
        (tmp_path / name).write_bytes(content)
    predictor = TfidfLogisticPredictor(tmp_path, _TASK, parameters.model_dump(mode="json"))
    unseen = ["love average", "", "cheap cheap itchy", "nothing known"]
    expected = model.predict_proba(vectorizer.transform(unseen))
    np.testing.assert_allclose(predictor.predict(unseen), expected, atol=1e-6)


def test_tfidf_files_hold_no_pickle(tmp_path: Path, logistic_bundle: Path) -> None:
    with np.load(logistic_bundle / "weights.npz", allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays} == {np.dtype(np.float32)}
    assert all(isinstance(term, str) for term in json.loads((logistic_bundle / "vocabulary.json").read_text()))


@pytest.mark.parametrize(("length", "padded"), [(1, 8), (8, 8), (9, 16), (39, 39), (38, 39)])
def test_word_pieces_are_padded_to_a_bucket_within_the_longest_input(length: int, padded: int) -> None:
    assert DistilBertParameters(max_length=39).padded_length(length) == padded
