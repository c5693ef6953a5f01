import re

import numpy as np
import pytest

from components.shared.behaviour import (
    CASES,
    TOLERANCE,
    BehaviouralTest,
    Case,
    _lexicon,
    applicable_tests,
    behavioural_tests,
    count_passed,
    expectation_in_words,
    passes,
    texts_of,
)
from components.shared.behaviour_keys import BEHAVIOURS, CAPABILITIES, DIRECTIONS, INVARIANCES
from components.shared.records.task import Task

STARS = Task(labels=("1", "2", "3", "4", "5"), scores=(1, 2, 3, 4, 5), text_column="text")
TWO = Task(labels=("negative", "positive"), scores=(0, 1), text_column="text")
TESTS = {test.name: test for test in behavioural_tests(7)}
both_tasks = pytest.mark.parametrize("task", [STARS, TWO], ids=["five labels", "two labels"])


def _sentiment(text, understands_negation=True):
    """-1..1: how many words of praise and of complaint a text has; a sentence with "not" says the opposite."""
    total = 0
    for sentence in re.split(r"[.!]", text.lower()):
        words = re.findall(r"[a-z']+", sentence)
        good = sum(word in (*_lexicon()["praise"], "love", "perfect", "again") for word in words)
        bad = sum(word in (*_lexicon()["complaints"], "hate", "unhappy", "sending") for word in words)
        denied = understands_negation and any(word == "not" or word.endswith("n't") for word in words)
        total += (bad - good) if denied else (good - bad)
    return max(-1, min(1, total))


def _predict(texts, task, sentiment):
    """One-hot: the best label for praise, the worst for complaints, the middle or the better half otherwise."""
    best = len(task.labels) - 1
    labels = [round((sentiment(text) + 1) / 2 * best) for text in texts]
    return np.eye(len(task.labels))[labels]


def _passed(test, task, sentiment):
    before = _predict([case.text for case in test.cases], task, sentiment)
    after = _predict([case.changed or case.text for case in test.cases], task, sentiment)
    return int(passes(test, before, after, task).sum())


def test_every_test_has_a_hundred_different_cases():
    for test in TESTS.values():
        assert len(set(test.cases)) == CASES == 100
        assert all(bool(case.changed) == (test.kind != "minimum capability") for case in test.cases)
        assert all(case.text != case.changed for case in test.cases)
        assert not any("{" in case.text + case.changed for case in test.cases)


def test_every_test_has_its_key_by_kind():
    assert tuple(test.key for test in TESTS.values()) == BEHAVIOURS
    kinds = {"invariance": INVARIANCES, "direction": DIRECTIONS, "minimum capability": CAPABILITIES}
    for kind, keys in kinds.items():
        assert tuple(test.key for test in TESTS.values() if test.kind == kind) == keys


def test_each_sentence_is_asked_about_once():
    texts = texts_of(TESTS.values())
    assert len(texts) == len(set(texts))
    assert set(texts) == {
        text for test in TESTS.values() for case in test.cases for text in (case.text, case.changed)
    } - {""}


def test_other_languages_are_asked_nothing_and_labels_without_an_order_for_invariance_alone():
    tests = list(TESTS.values())
    assert applicable_tests(tests, "en", STARS) == tests
    assert applicable_tests(tests, "fr", STARS) == []
    kinds = {test.kind for test in applicable_tests(tests, "en", STARS.model_copy(update={"ordered": False}))}
    assert kinds == {"invariance"}


def test_the_seed_decides_the_cases():
    assert behavioural_tests(7) == list(TESTS.values())
    assert all(
        one.cases != other.cases for one, other in zip(behavioural_tests(7), behavioural_tests(8), strict=True)
    )


def test_an_invariance_changes_one_word():
    for test in TESTS.values():
        if test.kind != "invariance":
            continue
        for case in test.cases:
            pairs = list(zip(case.text.split(), case.changed.split(), strict=True))
            assert 1 <= sum(one != other for one, other in pairs) <= 1


def test_invariant_cases_are_praise_and_complaints():
    for test in TESTS.values():
        if test.kind == "invariance":
            said = [_sentiment(case.text) for case in test.cases]
            assert 25 < said.count(1) < 75
            assert said.count(1) + said.count(-1) == CASES


@both_tasks
@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_a_model_that_understands_passes_everything(test, task):
    assert _passed(test, task, _sentiment) == CASES


@both_tasks
@pytest.mark.parametrize("name", ["negated praise", "praise is negated"])
def test_a_model_that_overlooks_negation_has_no_minimum_capability_for_it(name, task):
    passed = _passed(TESTS[name], task, lambda text: _sentiment(text, understands_negation=False))
    # It does not get better by "not", so the direction is not wrong; but what is denied is still praise to it.
    assert passed == (CASES if name == "praise is negated" else 0)


@both_tasks
def test_a_model_that_takes_everything_for_praise_fails_what_it_must(task):
    passed = {name: _passed(test, task, lambda _: 1) for name, test in TESTS.items()}
    assert passed["plain praise"] == CASES
    assert passed["a plain complaint"] == passed["negated praise"] == 0
    assert all(passed[name] == CASES for name, test in TESTS.items() if test.kind != "minimum capability")


@both_tasks
def test_a_model_that_takes_everything_the_wrong_way_round_fails_every_direction(task):
    passed = {name: _passed(test, task, lambda text: -_sentiment(text)) for name, test in TESTS.items()}
    assert passed["praise is negated"] == passed["a complaint is negated"] == 0
    assert passed["plain praise"] == passed["a plain complaint"] == 0


def test_a_model_that_goes_by_names_is_not_invariant():
    passed = _passed(TESTS["another name"], STARS, lambda text: 1 if "Maria" in text else -1)
    with_maria = sum("Maria" in case.text or "Maria" in case.changed for case in TESTS["another name"].cases)
    assert 0 < with_maria == CASES - passed


def test_small_movements_the_wrong_way_are_within_the_tolerance():
    test = BehaviouralTest("key", "t", "direction", "not higher", (Case("a", "b"), Case("c", "d"), Case("e", "f")))
    before = np.array([[0.5, 0.5]] * 3)
    rises = np.array([TOLERANCE - 0.01, TOLERANCE + 0.01, -0.3])
    after = np.stack([0.5 - rises, 0.5 + rises], axis=1)
    assert passes(test, before, after, TWO).tolist() == [True, False, True]


def test_the_middle_label_is_neither_praise_nor_complaint():
    middle = np.eye(5)[[2]]
    for expectation, passed in (("above middle", False), ("below middle", False), ("not above middle", True)):
        test = BehaviouralTest("key", "t", "minimum capability", expectation, (Case("so"),))
        assert passes(test, middle, middle, STARS).tolist() == [passed]
        assert "middle" in expectation_in_words(test)


def test_a_complaint_called_praise_is_told_from_one_called_neither():
    said = np.eye(5)[[0, 1, 2, 3, 4, 4]]
    for expectation, passed, opposite in (
        ("below middle", 2, 3),
        ("above middle", 3, 2),
        ("not above middle", 3, None),
        ("same label", 6, None),
    ):
        kind = "invariance" if expectation == "same label" else "minimum capability"
        test = BehaviouralTest("key", "t", kind, expectation, tuple(Case(str(row)) for row in range(6)))
        count = count_passed(test, said, said, STARS)
        assert (count.passed, count.cases, count.opposite) == (passed, 6, opposite)
