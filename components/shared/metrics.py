"""Quality of predictions, the same figures everywhere."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support


class QualityFigures(BaseModel):
    """Quality of one set of predictions.

    Attributes:
        rows: Number of reviews.
        accuracy, macro_precision, macro_recall, macro_f1, weighted_f1: In 0..1.
        average_error: Predicted mean score minus true mean score, in label units (stars).
        confusion: Counts, rows true, columns predicted, in label order.
    """

    rows: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_f1: float
    average_error: float
    confusion: list[list[int]]


def quality(
    truth: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], scores: NDArray[np.floating[Any]]
) -> QualityFigures:
    """Returns the quality of predicted probabilities.

    Args:
        truth: True label indices, shape (n,).
        probabilities: Predicted probabilities, shape (n, classes).
        scores: The value of each label, shape (classes,), such as 1 to 5 stars.
    """
    classes = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, labels=classes, average="macro", zero_division=0
    )
    weighted_f1 = precision_recall_fscore_support(
        truth, predicted, labels=classes, average="weighted", zero_division=0
    )[2]
    return QualityFigures(
        rows=len(truth),
        accuracy=float((predicted == truth).mean()),
        macro_precision=float(precision),
        macro_recall=float(recall),
        macro_f1=float(f1),
        weighted_f1=float(weighted_f1),
        average_error=float((probabilities @ scores).mean() - scores[truth].mean()),
        confusion=confusion_matrix(truth, predicted, labels=classes).tolist(),
    )
