import numpy as np
import pandas as pd
import pytest

from builders import measurement
from components.compare.flips import EXAMPLES, find_flips

_LABELS = ("bad", "good")


def _measurement(name, chain=()):
    return measurement(name, chain=chain)


def _probabilities(good):
    return np.column_stack([1 - np.array(good), good])


@pytest.fixture
def flips():
    reviews = pd.DataFrame(
        {"title": ["", "", "", "A title"], "text": list("abcd"), "label": ["bad", "good", "good", "bad"]}
    )
    predicted = {"lstm": _probabilities([0.1, 0.9, 0.6, 0.95]), "lstm-prune": _probabilities([0.2, 0.8, 0.1, 0.3])}
    measured = [_measurement("lstm"), _measurement("lstm-prune", ("prune",))]
    return find_flips(measured, predicted, reviews, _LABELS)


def test_only_reviews_whose_label_changes_are_flips(flips):
    assert list(flips) == ["lstm-prune"]
    assert (flips["lstm-prune"].parent, flips["lstm-prune"].count, flips["lstm-prune"].reviews) == ("lstm", 2, 4)


def test_the_flip_of_which_both_are_surest_comes_first_with_its_text_and_both_labels(flips):
    first, second = flips["lstm-prune"].examples
    assert (first.text, first.truth, first.before, first.after) == ("A title. d", "bad", "good", "bad")
    assert (first.before_probability, first.after_probability) == pytest.approx((0.95, 0.7))
    assert second.text == "c"


def test_there_are_at_most_five_examples():
    reviews = pd.DataFrame({"title": [""] * 9, "text": ["text"] * 9, "label": ["bad"] * 9})
    predicted = {"lstm": _probabilities([0.9] * 9), "lstm-prune": _probabilities([0.1] * 9)}
    found = find_flips([_measurement("lstm"), _measurement("lstm-prune", ("prune",))], predicted, reviews, _LABELS)
    assert found["lstm-prune"].count == 9
    assert len(found["lstm-prune"].examples) == EXAMPLES


def test_without_a_measured_float_parent_nothing_is_compared():
    assert find_flips([_measurement("lstm-prune", ("prune",))], {}, pd.DataFrame(), _LABELS) == {}
