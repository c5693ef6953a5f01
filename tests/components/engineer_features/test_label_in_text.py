import random

import numpy as np
import pytest

from components.engineer_features.label_in_text import most_telling_term, text_finding
from components.shared.records.task import Task

_TASK = Task(labels=("1", "2", "5"), scores=(1, 2, 5), text_column="Review Text")
_ROWS = 600


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(1).choice(3, _ROWS, p=(0.2, 0.2, 0.6))


@pytest.fixture
def texts(labels: np.ndarray) -> list[str]:
    """Reviews with words that people like or dislike, none of which is a verdict."""
    generator = random.Random(2)
    told = (
        "awful itchy returned fine cheap thin",
        "okay average returned fine mixed boxy",
        "love perfect soft fine pretty comfortable",
    )
    filler = "dress top fits size colour fabric waist sleeve 5 stars".split()
    return [
        " ".join(generator.choices(told[label].split(), k=2) + generator.choices(filler, k=8)) for label in labels
    ]


def test_words_that_people_choose_are_no_leak(texts: list[str], labels: np.ndarray) -> None:
    assert most_telling_term(texts, labels, _TASK) is None
    finding = text_finding(None, _TASK, [])
    assert finding.outcome == "passed"


def test_a_pasted_rating_is_found(texts: list[str], labels: np.ndarray) -> None:
    pasted = [f"{text}. Rating: {_TASK.labels[label]} of five" for text, label in zip(texts, labels, strict=True)]
    found = most_telling_term(pasted, labels, _TASK)
    assert found is not None
    assert (found.label, found.precision, found.recall) in {(label, 1.0, 1.0) for label in _TASK.labels}
    assert found.term in {found.label, f"rating {found.label}", f"{found.label} of"}


def test_a_word_in_half_of_the_reviews_of_one_label_is_found(texts: list[str], labels: np.ndarray) -> None:
    marked = [
        f"{text} verifiedbad" if label == 0 and row % 5 else text
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    found = most_telling_term(marked, labels, _TASK)
    assert found is not None
    assert (found.term, found.label, found.precision) == ("verifiedbad", "1", 1.0)
    assert 0.5 < found.recall < 1


def test_a_word_that_few_reviews_have_is_chance(labels: np.ndarray) -> None:
    texts = [f"review number {row}" for row in range(_ROWS)]
    rare = np.where(np.arange(_ROWS) < 10, 0, 2)
    texts[:10] = [f"{text} marked" for text in texts[:10]]
    assert most_telling_term(texts, rare, _TASK) is None


def test_any_word_is_precise_where_nearly_all_reviews_have_one_label() -> None:
    texts = [f"the dress {row}" for row in range(_ROWS)]
    assert most_telling_term(texts, np.where(np.arange(_ROWS) % 100, 2, 0), _TASK) is None


def test_the_finding_stops_unless_the_column_is_allowed(texts: list[str], labels: np.ndarray) -> None:
    found = most_telling_term([f"{text} x{label}" for text, label in zip(texts, labels, strict=True)], labels, _TASK)
    finding = text_finding(found, _TASK, ["Age"])
    assert (finding.outcome, finding.columns) == ("stop", ("Review Text",))
    assert "'x0' gives label '1' away: 100% of its reviews have it" in finding.message
    assert text_finding(found, _TASK, ["Review Text"]).outcome == "allowed"
