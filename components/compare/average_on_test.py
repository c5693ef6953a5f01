"""How far the average sentiment of the test reviews is off, plain and corrected for the model's known bias."""

from dataclasses import dataclass

import numpy as np

from components.shared.metrics import Floats, Labels
from components.shared.quantification import (
    AnswerSums,
    CorrectedAverage,
    LabelResponses,
    correct_average,
    object_to_correcting,
)
from components.shared.records.task import Task


@dataclass(frozen=True)
class AverageOnTest:
    """The average sentiment of the test reviews: true, as the model has it, and corrected; in label units.

    Attributes:
        reviews: How many there are.
        truth: Mean of the true labels' values.
        plain: Mean expected score.
        corrected: None where there can be none.
        objection: Why there is none.
    """

    reviews: int
    truth: float
    plain: float
    corrected: CorrectedAverage | None
    objection: str

    @property
    def plain_error(self) -> float:
        """The plain mean minus the truth."""
        return self.plain - self.truth

    @property
    def corrected_error(self) -> tuple[float, float, float] | None:
        """The corrected average minus the truth, with the ends of its 95 % interval minus the truth."""
        one = self.corrected
        return None if one is None else (one.value - self.truth, one.low - self.truth, one.high - self.truth)


def check_average(
    responses: LabelResponses, truth: Labels, probabilities: Floats, task: Task, seed: int
) -> AverageOnTest | None:
    """Returns the average of the test reviews; None if the labels have no order.

    Args:
        responses: How the model answers to each label, from other reviews than those of test.
        truth: True label indices of test, shape (n,).
        probabilities: What the model says of them, shape (n, classes).
        task: The labels and their values.
        seed: Of the interval's resampling.
    """
    if not task.ordered:
        return None
    scores, answers = np.array(task.scores), AnswerSums(len(task.labels))
    answers.add(probabilities)
    objection = object_to_correcting(responses, task.ordered)
    return AverageOnTest(
        reviews=answers.reviews,
        truth=float(scores[truth].mean()),
        plain=float(answers.mean @ scores),
        corrected=None if objection else correct_average(responses, answers, scores, seed),
        objection=objection,
    )
