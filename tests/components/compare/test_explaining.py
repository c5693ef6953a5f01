"""What is explained of the chosen candidate: the sample, the three reviews, and when nothing is."""

import json

import numpy as np
import pandas as pd
import pytest

from components.compare.explaining import explain_choice, pick_examples, sample_rows
from components.shared.bundle import load_bundle
from components.shared.predictors.linear import TfidfLogisticPredictor
from components.shared.records.candidates import bundle_directory
from components.shared.records.features import read_split


@pytest.fixture(scope="module")
def bundle(trained):
    return bundle_directory(trained.sources[1], "lstm")


@pytest.fixture(scope="module")
def reviews(trained):
    return read_split(trained.features, "select")


@pytest.fixture(scope="module")
def probabilities(bundle, reviews):
    return load_bundle(bundle).predict(reviews["text"].tolist())


def test_the_sample_has_as_many_of_each_label_as_there_are():
    truth = np.array([0] * 3 + [1] * 20 + [2] * 77)
    sample = sample_rows(truth, 30, seed=1)
    assert np.bincount(truth[sample]).tolist() == [3, 14, 13] or np.bincount(truth[sample]).tolist() == [3, 13, 14]
    assert sorted(set(sample.tolist())) == sample.tolist()
    assert len(sample_rows(truth, 1000, seed=1)) == 100


def test_the_sample_depends_on_the_seed_alone():
    truth = np.arange(100) % 3
    assert sample_rows(truth, 20, seed=1).tolist() == sample_rows(truth, 20, seed=1).tolist()
    assert sample_rows(truth, 20, seed=1).tolist() != sample_rows(truth, 20, seed=2).tolist()


def test_a_sure_right_a_sure_wrong_and_an_undecided_review_are_picked():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.99, 0.01], [0.45, 0.55], [0.3, 0.7], [0.999, 0.001]])
    truth = np.array([0, 0, 1, 1, 0, 0])
    words = np.array([10, 10, 10, 10, 10, 500])
    assert pick_examples(truth, probabilities, words) == [("right", 0), ("wrong", 2), ("mixed", 3)]


def test_long_reviews_are_picked_if_there_are_no_others_and_empty_ones_never():
    probabilities, truth = np.array([[0.9, 0.1], [0.2, 0.8], [0.99, 0.01]]), np.array([0, 1, 0])
    assert pick_examples(truth, probabilities, np.array([500, 400, 0])) == [("right", 0), ("mixed", 1)]
    assert pick_examples(truth, probabilities, np.zeros(3, dtype=int)) == []


def test_words_drive_the_labels_they_were_written_for(bundle, reviews, probabilities):
    explained = explain_choice(bundle, reviews, probabilities, 60, seed=0)
    assert explained.reviews == 60 and explained.candidate == "lstm"
    raising = {one.label: {effect.word for effect in one.raising} for one in explained.drivers}
    assert {"awful", "itchy", "returned", "cheap", "hole"} & raising["1"]
    assert {"love", "perfect", "beautiful", "favourite", "compliments"} & raising["5"]
    assert not {"love", "perfect"} & raising["1"]


def test_the_examples_are_what_they_are_called(bundle, reviews, probabilities):
    examples = {one.kind: one for one in explain_choice(bundle, reviews, probabilities, 5, seed=0).examples}
    assert set(examples) == {"right", "wrong", "mixed"}
    said = {kind: one.explanation.labels[one.explanation.predicted] for kind, one in examples.items()}
    assert said["right"] == examples["right"].truth
    assert said["wrong"] != examples["wrong"].truth
    first, second = sorted(examples["mixed"].explanation.prediction, reverse=True)[:2]
    assert first - second < 0.2


def test_the_same_choice_is_explained_in_the_same_way(bundle, reviews, probabilities):
    first, second = (explain_choice(bundle, reviews, probabilities, 10, seed=3) for _ in range(2))
    assert first == second


def test_nothing_is_explained_when_that_is_switched_off(tmp_path):
    assert explain_choice(tmp_path / "no bundle is read", pd.DataFrame(), np.empty((0, 2)), 0, seed=0) is None


def test_a_paid_service_is_not_asked(bundle, reviews, probabilities, monkeypatch):
    def fail(*_):
        raise AssertionError("the service was asked")

    monkeypatch.setattr(TfidfLogisticPredictor, "paid", True)
    monkeypatch.setattr(TfidfLogisticPredictor, "_predict", fail)
    assert explain_choice(bundle, reviews, probabilities, 10, seed=0) is None


def test_a_comparison_writes_what_it_explains(run):
    _, out = run(explained_reviews=12)
    content = json.loads((out / "explanations.json").read_text(encoding="utf-8"))
    assert content["reviews"] == 12
    assert content["candidate"] == json.loads((out / "decision.json").read_text())["candidate"]
    assert "Which words drive the choice" in (out / "report.html").read_text(encoding="utf-8")


def test_a_comparison_without_explanations_says_null(run):
    _, out = run(explained_reviews=0)
    assert json.loads((out / "explanations.json").read_text()) is None
    assert "Which words drive the choice" not in (out / "report.html").read_text(encoding="utf-8")
