"""The task: labels, their order and their values."""

import pytest
from pydantic import ValidationError

from components.shared.records.task import Task, scores_of


def test_labels_become_their_positions() -> None:
    task = Task(labels=("bad", "fine", "good"), scores=(0, 1, 2), text_column="text")
    assert task.indices(["good", "bad", "good"]).tolist() == [2, 0, 2]
    with pytest.raises(KeyError):
        task.indices(["great"])


@pytest.mark.parametrize(
    ("labels", "scores"), [(("1",), (1.0,)), (("1", "1"), (1.0, 1.0)), (("1", "2"), (1.0,)), ((), ())]
)
def test_a_task_needs_two_different_labels_with_a_score_each(
    labels: tuple[str, ...], scores: tuple[float, ...]
) -> None:
    with pytest.raises(ValidationError):
        Task(labels=labels, scores=scores, text_column="text")


def test_scores_are_the_labels_if_these_are_numbers_and_ranks_otherwise() -> None:
    assert scores_of(("1", "2.5", "10")) == (1.0, 2.5, 10.0)
    assert scores_of(("bad", "2", "good")) == (0.0, 1.0, 2.0)
