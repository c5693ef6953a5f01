from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.engineer_features.label_proxies import PROXY, SUSPICIOUS, proxies_finding, proxy_scores
from components.shared.records.task import Task

_TASK = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")
_ROWS = 900


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(1).choice(3, _ROWS, p=(0.2, 0.2, 0.6))


def _score(values: object, labels: np.ndarray, ordered: bool = True) -> float:
    attributes = pd.DataFrame({"source:x": values})
    scores = proxy_scores(attributes, labels, _TASK.model_copy(update={"ordered": ordered}))
    assert scores is not None
    return scores["source:x"]


def _mostly(values: np.ndarray, share: float) -> np.ndarray:
    generator = np.random.default_rng(2)
    return np.where(generator.random(_ROWS) < share, values, generator.permutation(values))


def test_a_flag_that_says_whether_the_label_is_high_is_a_proxy(labels: np.ndarray) -> None:
    assert _score(_mostly(labels > 1, 0.95).astype(float), labels) > PROXY


def test_a_word_for_the_label_is_a_proxy(labels: np.ndarray) -> None:
    words = np.array(["poor", "fair", "good"], dtype=object)[labels]
    words[::40] = None
    assert _score(words, labels) > PROXY


def test_being_missing_can_give_the_label_away(labels: np.ndarray) -> None:
    assert _score(np.where(labels == 2, np.nan, 7.0), labels) > PROXY


def test_a_code_without_order_gives_a_label_without_order_away(labels: np.ndarray) -> None:
    code = np.where(labels == 1, 5.0, np.random.default_rng(3).choice([3.0, 9.0], _ROWS))
    assert _score(code, labels, ordered=False) > PROXY


def test_numbers_of_any_size_are_taken(labels: np.ndarray) -> None:
    assert _score(np.array([-np.inf, 1e300, np.inf])[labels], labels) > PROXY


def test_a_column_that_tells_much_is_suspicious(labels: np.ndarray) -> None:
    assert SUSPICIOUS < _score(_mostly(labels > 1, 0.65).astype(float), labels) < PROXY


@pytest.mark.parametrize("ordered", [True, False])
def test_columns_that_know_nothing_are_not_named(labels: np.ndarray, ordered: bool) -> None:
    generator = np.random.default_rng(4)
    innocent = {
        "age": generator.integers(18, 90, _ROWS).astype(float),
        "constant": np.full(_ROWS, 3.0),
        "missing": np.full(_ROWS, np.nan),
        "free text": [f"text {number} {number % 7}" for number in generator.permutation(_ROWS)],
        "few words": generator.choice(["General", "Petite", None], _ROWS),
        "row": np.arange(_ROWS, dtype=float),
    }
    assert max(_score(values, labels, ordered) for values in innocent.values()) < 0.6


def test_a_rare_label_does_not_break_the_rule(labels: np.ndarray) -> None:
    few = np.where(labels == 1, 2, labels)
    few[:5] = 1
    assert _score((few > 1).astype(float), few) > PROXY


def test_labels_that_are_all_rare_but_one_cannot_be_judged() -> None:
    scores = proxy_scores(pd.DataFrame({"source:x": np.arange(100.0)}), np.arange(100) // 90, _TASK)
    assert scores is None
    assert proxies_finding(scores, [])[0].outcome == "skipped"


def test_the_finding_names_what_goes_what_stays_and_what_to_look_at() -> None:
    scores = {"source:Liked": 0.95, "source:Stars": 0.99, "source:Age": 0.5}
    finding, excluded = proxies_finding(scores, ["Stars"])
    assert (finding.outcome, excluded, finding.columns) == ("repaired", ["source:Liked"], ("Liked", "Stars"))
    assert "'Liked' gives the label away and was left out; --allow-columns keeps it (ROC AUC 0.95)" in finding.message
    assert "'Stars' gives the label away and stays, as allowed" in finding.message
    assert proxies_finding(scores, ["Stars", "Liked"])[0].outcome == "allowed"
    finding, excluded = proxies_finding({"source:Likes": 0.8}, [])
    assert (finding.outcome, excluded) == ("warning", [])
    assert proxies_finding({"source:Likes": 0.8}, ["Likes"])[0].outcome == "passed"
    assert "the most telling is 'Age' (ROC AUC 0.50)" in proxies_finding({"source:Age": 0.5}, [])[0].message
    assert proxies_finding({}, [])[0].outcome == "passed"


@pytest.mark.realdata
@pytest.mark.parametrize(("label", "proxy"), [("Rating", "Recommended IND"), ("Recommended IND", "Rating")])
def test_the_clothing_reviews_have_one_proxy(label: str, proxy: str) -> None:
    reviews = pd.read_csv(Path("../shared/data/womens_clothing_reviews.csv"), index_col=0)
    names = tuple(map(str, sorted(reviews[label].unique())))
    task = Task(labels=names, scores=tuple(map(float, names)), text_column="Review Text")
    attributes = reviews.drop(columns=["Title", "Review Text", label]).add_prefix("source:")
    numbers = attributes.select_dtypes("number").columns
    attributes = attributes.astype(dict.fromkeys(numbers, "float64"))
    scores = proxy_scores(attributes, task.indices(reviews[label].astype(str).tolist()), task)
    assert scores is not None
    finding, excluded = proxies_finding(scores, [])
    assert (finding.outcome, finding.columns, excluded) == ("repaired", (proxy,), [f"source:{proxy}"])
    assert max(score for column, score in scores.items() if column != f"source:{proxy}") < 0.6
