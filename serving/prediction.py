"""What one review's prediction is: the same for a table and for a request."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.shared.predictors.base import Predictor
from components.shared.texts.text import join_title


@dataclass(frozen=True)
class Review:
    """A raw review; both parts may be empty."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one review.

    Attributes:
        label: The most probable label.
        score: The expected value of the label: the expected rating where labels are ratings. None where the
            labels have no order, because their values are mere ranks then.
        probabilities: Of each label, in the task's order; they sum to 1.
    """

    label: str
    score: float | None
    probabilities: tuple[float, ...]


def predict_reviews(predictor: Predictor, reviews: Sequence[Review]) -> list[Prediction | None]:
    """Returns a prediction for each review, in order; None for a review without text.

    A review has a text if the natural view of its text is not empty; a title alone is no review. Training leaves
    such reviews out, so no model has learnt what they mean.
    """
    with_text = [row for row, text in enumerate(predictor.natural_views([review.text for review in reviews])) if text]
    raw = [join_title(reviews[row].title, reviews[row].text) for row in with_text]
    probabilities = predictor.predict(raw).astype(np.float64)
    scores = np.array(predictor.task.scores)
    predictions: list[Prediction | None] = [None] * len(reviews)
    for row, shares in zip(with_text, probabilities, strict=True):
        predictions[row] = Prediction(
            label=predictor.task.labels[int(shares.argmax())],
            score=float(shares @ scores) if predictor.task.ordered else None,
            probabilities=tuple(shares.tolist()),
        )
    return predictions
