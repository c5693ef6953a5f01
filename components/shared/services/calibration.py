"""From a service's scores to the labels of a task: multinomial logistic regression, fitted on the tune split."""

import io
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from components.shared.services.interface import ServiceError

FILE = "calibration.npz"
#: A calibration has few weights: more answers than these hardly improve it, and those of paid services cost money.
CALIBRATION_ROWS = 300
_MOST_ITERATIONS = 1000
#: Logit of a label that the tune split does not have: its probability is practically nothing.
_NEVER = -30.0


class Calibration:
    """Weights of a softmax over scores.

    Attributes:
        coefficients: Shape (classes, columns).
        intercept: Shape (classes,).
    """

    def __init__(self, coefficients: NDArray[np.float64], intercept: NDArray[np.float64]) -> None:
        self.coefficients, self.intercept = coefficients, intercept

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.float64],
        truth: NDArray[np.integer[Any]],
        class_weights: tuple[float, ...] | None,
        classes: int,
    ) -> Self:
        """Returns the calibration of a service for a task.

        Args:
            scores: Shape (n, columns).
            truth: Label indices, shape (n,).
            class_weights: Weight of each class, or None for all alike.
            classes: Number of labels.

        Raises:
            ServiceError: All reviews have one label, so there is nothing to tell apart.
        """
        from sklearn.linear_model import LogisticRegression

        present = np.unique(truth)
        if len(present) < 2:
            raise ServiceError("the tune split has reviews of one label only; a calibration needs at least two")
        mean, scale = scores.mean(axis=0), scores.std(axis=0)
        scale[scale == 0] = 1.0
        weights = None if class_weights is None else dict(enumerate(class_weights))
        model = LogisticRegression(
            class_weight={label: weights[label] for label in present.tolist()} if weights else None,
            max_iter=_MOST_ITERATIONS,
        ).fit((scores - mean) / scale, truth)
        rows, offsets = model.coef_, model.intercept_
        if len(present) == 2:  # scikit-learn keeps the second label's row only, for a sigmoid
            rows, offsets = np.vstack([np.zeros_like(rows), rows]), np.array([0.0, offsets[0]])
        coefficients, intercept = np.zeros((classes, scores.shape[1])), np.full(classes, _NEVER)
        coefficients[present] = rows / scale
        intercept[present] = offsets - coefficients[present] @ mean
        return cls(coefficients, intercept)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Returns the calibration of a bundle."""
        with np.load(directory / FILE, allow_pickle=False) as arrays:
            return cls(arrays["coefficients"], arrays["intercept"])

    def apply(self, scores: NDArray[np.float64]) -> NDArray[np.float32]:
        """Returns probabilities, shape (n, classes)."""
        from scipy.special import softmax

        return softmax(scores @ self.coefficients.T + self.intercept, axis=1).astype(np.float32)

    def content(self) -> bytes:
        """Returns the content of FILE."""
        stream = io.BytesIO()
        np.savez(stream, coefficients=self.coefficients, intercept=self.intercept)
        return stream.getvalue()
