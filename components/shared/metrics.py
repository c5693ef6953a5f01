"""Quality of predictions, the same figures everywhere."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    precision_recall_fscore_support,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from components.shared.errors import UserError
from components.shared.need import Metric, Need
from components.shared.records.task import Task

#: Bins of equal width over the probability of the predicted label (Guo et al., On Calibration of Modern Neural
#: Networks, 2017).
CALIBRATION_BINS = 15

Labels = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


class ReliabilityBin(BaseModel):
    """The reviews whose predicted label has a probability within one bin.

    Attributes:
        rows: Number of reviews.
        confidence: Mean probability of the predicted label.
        accuracy: Share of them whose predicted label is true.
    """

    rows: int
    confidence: float
    accuracy: float


class QualityFigures(BaseModel):
    """Quality of one set of predictions.

    Attributes:
        rows: Number of reviews.
        accuracy, macro_precision, macro_recall, macro_f1: In 0..1; macro: labels count alike.
        weighted_precision, weighted_recall, weighted_f1: In 0..1; labels count by their reviews.
        quadratic_kappa: Agreement beyond chance, errors weighted by the square of their distance in labels, -1..1;
            0 where chance alone would agree as well. None if the labels have no order.
        mean_absolute_error: Mean distance of predicted and true label, in label units (stars). None as above.
        average_error: Predicted mean score minus true mean score, in label units (stars).
        calibration_error: Expected calibration error, in 0..1: the mean distance of confidence and accuracy over
            the bins of `reliability`, weighted by their reviews (Guo et al., 2017).
        confusion: Counts, rows true, columns predicted, in label order.
        reliability: The bins that have reviews, of CALIBRATION_BINS, ascending.
        roc_auc: By label, against all others; None where all reviews or none have it.
    """

    rows: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    quadratic_kappa: float | None
    mean_absolute_error: float | None
    average_error: float
    calibration_error: float
    confusion: list[list[int]]
    reliability: list[ReliabilityBin]
    roc_auc: list[float | None]


@dataclass(frozen=True)
class RocCurve:
    """The receiver operating characteristic of one label against all others, from (0, 0) to (1, 1).

    Attributes:
        false_positive_rate, true_positive_rate: Shape (points,), ascending.
        threshold: The probability from which on the label is said, shape (points,), descending, in 0..1.
    """

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def thinned(self, points: int = 100) -> tuple[list[float], list[float], list[float]]:
        """Returns the rates and thresholds of at most so many points, both ends among them."""
        kept = np.unique(np.linspace(0, len(self.threshold) - 1, points).round().astype(int))
        return (
            self.false_positive_rate[kept].tolist(),
            self.true_positive_rate[kept].tolist(),
            self.threshold[kept].tolist(),
        )


def quality(truth: Labels, probabilities: Floats, scores: Floats, ordered: bool = True) -> QualityFigures:
    """Returns the quality of predicted probabilities.

    Args:
        truth: True label indices, shape (n,).
        probabilities: Predicted probabilities, shape (n, classes).
        scores: The value of each label, shape (classes,), such as 1 to 5 stars.
        ordered: Whether the labels go from worst to best.
    """
    classes = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    macro, weighted = (
        precision_recall_fscore_support(truth, predicted, labels=classes, average=average, zero_division=0)
        for average in ("macro", "weighted")
    )
    bins = reliability(truth, probabilities)
    return QualityFigures(
        rows=len(truth),
        accuracy=float((predicted == truth).mean()),
        macro_precision=float(macro[0]),
        macro_recall=float(macro[1]),
        macro_f1=float(macro[2]),
        weighted_precision=float(weighted[0]),
        weighted_recall=float(weighted[1]),
        weighted_f1=float(weighted[2]),
        quadratic_kappa=_quadratic_kappa(truth, predicted, classes) if ordered else None,
        mean_absolute_error=float(mean_absolute_error(scores[truth], scores[predicted])) if ordered else None,
        average_error=float(score_errors(truth, probabilities, scores).mean()),
        calibration_error=sum(one.rows * abs(one.accuracy - one.confidence) for one in bins) / len(truth),
        confusion=confusion_matrix(truth, predicted, labels=classes).tolist(),
        reliability=bins,
        roc_auc=[_roc_auc(truth == label, probabilities[:, label]) for label in classes],
    )


def score_labels(truth: Labels, predicted: Labels, metric: Metric) -> float:
    """Returns one metric of predicted label indices, both shape (n,); a label that is never predicted counts 0."""
    match metric:
        case "accuracy":
            return float(accuracy_score(truth, predicted))
        case "macro_recall":
            return float(recall_score(truth, predicted, average="macro", zero_division=0))
        case "macro_f1":
            return float(f1_score(truth, predicted, average="macro", zero_division=0))
        case "weighted_f1":
            return float(f1_score(truth, predicted, average="weighted", zero_division=0))
        case "quadratic_kappa":
            return _quadratic_kappa(truth, predicted, np.arange(max(truth.max(), predicted.max()) + 1))


def check_need(need: Need, task: Task) -> None:
    """Raises UserError if the need asks for an order of labels that have none, or names a label that is not there."""
    if need.quality.metric == "quadratic_kappa" and not task.ordered:
        raise UserError(
            f"need: quality.metric is quadratic_kappa, but the labels {', '.join(task.labels)} have no order; "
            "choose another metric, or give the labels from worst to best with --labels"
        )
    for label in need.constraints.minimum_recall:
        if label not in task.labels:
            raise UserError(
                f"need: constraints.minimum_recall names the label '{label}', but the labels are "
                f"{', '.join(task.labels)}; correct it"
            )


def score_errors(truth: Labels, probabilities: Floats, scores: Floats) -> NDArray[np.float64]:
    """Returns the expected score minus the true one of every review, shape (n,); their mean is `average_error`."""
    return np.asarray(probabilities @ scores - scores[truth], dtype=np.float64)


def reliability(truth: Labels, probabilities: Floats) -> list[ReliabilityBin]:
    """Returns how often the predicted label is true, by how probable it was called; without empty bins.

    Args:
        truth: True label indices, shape (n,).
        probabilities: Predicted probabilities, shape (n, classes).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    # A bin holds its upper edge, as in the source of the method.
    bins = np.searchsorted(edges[1:-1], confidence, side="left")
    return [
        ReliabilityBin(
            rows=int((bins == number).sum()),
            confidence=float(confidence[bins == number].mean()),
            accuracy=float(correct[bins == number].mean()),
        )
        for number in np.unique(bins)
    ]


def roc_of_label(truth: Labels, probabilities: Floats, label: int) -> RocCurve | None:
    """Returns the ROC curve of one label against all others; None if all reviews or none have it.

    Args:
        truth: True label indices, shape (n,).
        probabilities: Predicted probabilities, shape (n, classes).
        label: Index of the label.
    """
    positive = truth == label
    if positive.all() or not positive.any():
        return None
    false_positive_rate, true_positive_rate, threshold = roc_curve(positive, probabilities[:, label])
    # The first point, where the label is never said, has an infinite threshold.
    return RocCurve(false_positive_rate, true_positive_rate, np.minimum(threshold.astype(np.float64), 1.0))


def _quadratic_kappa(truth: Labels, predicted: Labels, classes: NDArray[np.int64]) -> float:
    return float(cohen_kappa_score(truth, predicted, labels=classes, weights="quadratic", replace_undefined_by=0.0))


def _roc_auc(positive: NDArray[np.bool_], probabilities: Floats) -> float | None:
    if positive.all() or not positive.any():
        return None
    return float(roc_auc_score(positive, probabilities))
