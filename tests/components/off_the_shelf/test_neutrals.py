import numpy as np

from components.off_the_shelf.neutrals import describe_neutrals
from components.shared.services.interface import Answer


def _answers(*verdicts):
    return [Answer((0.0,), verdict, "" if verdict else "refused") for verdict in verdicts]


def test_neutral_answers_are_counted_both_ways():
    truth = np.array([1, 1, 0, 0, 0])
    sentence, problems = describe_neutrals(_answers(1, -1, -1, 0, 0), truth, 2, "select")
    assert "40.0% of 5 select reviews" in sentence
    assert "0.400 with neutral counted as wrong" in sentence
    assert "0.667 over the 3 others" in sentence
    assert problems == "2 reviews without a usable answer count as neutral (refused: 2)"


def test_with_more_labels_only_their_share_is_told():
    (sentence,) = describe_neutrals(_answers(1, -1), np.array([4, 0]), 5, "select")
    assert sentence == "neutral answers: 0.0% of 2 select reviews"


def test_nothing_but_neutral_answers_have_no_accuracy_without_them():
    sentence, _ = describe_neutrals(_answers(0, 0), np.array([1, 0]), 2, "select")
    assert "none is not neutral" in sentence
