import numpy as np
import pytest

from components.evaluate.behaviours import asked_tests, count_behaviours
from components.shared.behaviour import behavioural_tests, texts_of
from components.shared.records.features import read_features
from components.shared.records.plan import read_plan


@pytest.fixture
def ask(trained):
    """Returns the keys that a need asks for, with other features or limits."""

    def keys(limits, seed=0, **changed):
        need = read_plan(trained.plan).need
        constraints = need.constraints.model_copy(update={"minimum_behaviour": limits})
        features = read_features(trained.features)
        if "language" in changed:
            text = features.text.model_copy(update={"language": changed["language"]})
            features = features.model_copy(update={"text": text})
        if "ordered" in changed:
            task = features.task.model_copy(update={"ordered": changed["ordered"]})
            features = features.model_copy(update={"task": task})
        return asked_tests(features, need.model_copy(update={"constraints": constraints}), seed)

    return keys


CAPABILITIES = ["plain_praise", "plain_complaint", "negated_praise"]


def _keys(tests):
    return [test.key for test in tests]


def test_every_model_is_asked_the_minimum_capabilities(ask):
    assert _keys(ask({})) == CAPABILITIES


def test_what_the_need_limits_is_asked_besides(ask):
    assert _keys(ask({"another_name": 0.9, "plain_praise": 0.7})) == ["another_name", *CAPABILITIES]


def test_whether_praise_and_complaints_are_told_apart_takes_no_test_of_its_own(ask):
    assert _keys(ask({"told_apart": 0.6})) == CAPABILITIES


def test_what_does_not_apply_is_not_asked(ask):
    assert ask({"another_name": 0.9}, language="fr") == []
    assert ask({}, ordered=False) == []
    assert _keys(ask({"another_name": 0.9}, ordered=False)) == ["another_name"]


def test_the_sentences_are_those_of_the_seed(ask):
    every = {test.key: test for test in behavioural_tests(3)}
    assert ask({}, seed=3) == [every[key] for key in CAPABILITIES]


def test_a_model_is_counted_by_what_it_says_to_each_sentence(trained, ask):
    task = read_features(trained.features).task
    tests = ask({"another_name": 0.9})
    texts = texts_of(tests)
    best = count_behaviours(tests, np.eye(5, dtype=np.float32)[[4] * len(texts)], task)
    assert {key: count.passed for key, count in best.items()} == {
        "another_name": 100,
        "plain_praise": 100,
        "plain_complaint": 0,
        "negated_praise": 0,
    }
    assert best["plain_complaint"].opposite == 100 and best["plain_praise"].opposite == 0
    middle = count_behaviours(tests, np.eye(5, dtype=np.float32)[[2] * len(texts)], task)
    assert middle["plain_praise"].passed == middle["plain_praise"].opposite == 0


def test_no_test_has_no_result(trained):
    assert count_behaviours([], np.empty((0, 5), dtype=np.float32), read_features(trained.features).task) == {}
