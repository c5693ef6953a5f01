"""Quantification: how many reviews of each label there are, told from what a biased model answers.

A model that takes fours for fives gets the average of many reviews wrong, however many there are. What it answers
on average to reviews of each true label is known from labelled reviews that it was not trained on. The label
shares of new reviews are those whose mixture of these answers comes nearest to the mean answer seen: probabilistic
adjusted classify-and-count (Bella, Ferri, Hernández-Orallo and Ramírez-Quintana, "Quantification via probability
estimators", 2010), as least squares on the simplex (Bunse, "On multi-class extensions of adjusted classify and
count", 2022).

It assumes label shift: reviews of one label read as they did before, only how many there are of each changes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

ASSUMPTION = "reviews of each label still read as those that the model was checked on"
#: Fewer reviews of a label say too little of how the model answers to it.
MINIMUM_REVIEWS = 10
#: Below so many scored reviews the interval says more than the average does.
FEW_REVIEWS = 100
CONFIDENCE = 0.95
RESAMPLES = 1000
_DECIMALS = 8
#: Weight of the equation "the shares sum to 1" beside the others, whose numbers are shares too.
_SUM_WEIGHT = 1000.0
#: Below this, mean answers differ by rounding alone. Those that differ little are allowed: the interval is wide then.
_RANK_TOLERANCE = 1e-5

_Vector = tuple[float, ...]


class LabelResponses(BaseModel):
    """What a model answers to reviews of each true label, from labelled reviews that it was not trained on.

    Attributes:
        counts: Reviews of each label.
        means: Mean probabilities; rows true labels, columns predicted ones.
        covariances: Of the probabilities of one review, a matrix (classes, classes) for each true label.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    counts: tuple[int, ...]
    means: tuple[_Vector, ...]
    covariances: tuple[tuple[_Vector, ...], ...]


class AnswerSums:
    """What has to be kept of the answers to any number of reviews: their sum and that of their products.

    Attributes:
        reviews: How many were added.
    """

    def __init__(self, classes: int) -> None:
        """Starts without a review; `classes` is the number of labels."""
        self.reviews = 0
        self._sum = np.zeros(classes)
        self._products = np.zeros((classes, classes))

    def add(self, probabilities: NDArray[np.floating[Any]]) -> None:
        """Adds answers, shape (n, classes)."""
        exact = probabilities.astype(np.float64)
        self.reviews += len(exact)
        self._sum += exact.sum(axis=0)
        self._products += exact.T @ exact

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean answer, shape (classes,); of at least one review."""
        return self._sum / self.reviews

    @property
    def covariance(self) -> NDArray[np.float64]:
        """The covariance of one answer, shape (classes, classes); of at least one review."""
        return self._products / self.reviews - np.outer(self.mean, self.mean)


@dataclass(frozen=True)
class CorrectedAverage:
    """The average sentiment of reviews, corrected for how the model misreads labels.

    Attributes:
        value: In the unit of the labels' values.
        low, high: Its 95 % interval; both the scored reviews and those the correction rests on are resampled.
        shares: Estimated share of each label; they sum to 1.
        reviews: How many were scored.
    """

    value: float
    low: float
    high: float
    shares: tuple[float, ...]
    reviews: int

    @property
    def few_reviews(self) -> bool:
        """Whether so few were scored that the interval says more than the value does."""
        return self.reviews < FEW_REVIEWS


def measure_responses(truth: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]]) -> LabelResponses:
    """Returns what a model answers to reviews of each label.

    Args:
        truth: True label indices, shape (n,), of reviews that the model was not trained on.
        probabilities: What it answered, shape (n, classes).
    """
    classes = probabilities.shape[1]
    of_label = [AnswerSums(classes) for _ in range(classes)]
    for label, sums in enumerate(of_label):
        sums.add(probabilities[truth == label])
    known = [sums.reviews > 0 for sums in of_label]
    nothing = np.zeros((classes, classes))
    return LabelResponses(
        counts=tuple(sums.reviews for sums in of_label),
        means=tuple(
            _rounded(sums.mean if there else nothing[0]) for sums, there in zip(of_label, known, strict=True)
        ),
        covariances=tuple(
            tuple(map(_rounded, sums.covariance if there else nothing))
            for sums, there in zip(of_label, known, strict=True)
        ),
    )


def object_to_correcting(responses: LabelResponses | None, ordered: bool) -> str:
    """Returns why no corrected average can be given; empty if it can.

    Args:
        responses: Of the model; None if its bundle does not hold them.
        ordered: Whether the labels have an order.
    """
    if not ordered:
        return "the labels have no order"
    if responses is None:
        return "the bundle does not say how the model misreads labels; the winner of a new run does"
    if min(responses.counts) < MINIMUM_REVIEWS:
        return f"the model was checked on fewer than {MINIMUM_REVIEWS} reviews of a label"
    if np.linalg.matrix_rank(np.array(responses.means), tol=_RANK_TOLERANCE) < len(responses.counts):
        return "the model answers alike to reviews of different labels"
    return ""


def estimate_shares(mean_answer: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the label shares whose mixture of answers comes nearest to the mean answer seen.

    Args:
        mean_answer: Shape (classes,).
        means: Mean answers to reviews of each label, shape (classes, classes), rows true labels.

    Returns:
        Shares, shape (classes,), none negative, sum 1.
    """
    # Here, because importing it takes longer than loading a small model.
    from scipy.optimize import nnls

    classes = len(mean_answer)
    equations = np.vstack([means.T, np.full(classes, _SUM_WEIGHT)])
    shares, _ = nnls(equations, np.append(mean_answer, _SUM_WEIGHT))
    return shares / shares.sum()


def correct_average(
    responses: LabelResponses, answers: AnswerSums, scores: NDArray[np.floating[Any]], seed: int = 0
) -> CorrectedAverage:
    """Returns the corrected average of scored reviews with its interval.

    The interval is a bootstrap of both sides. A resampled mean of n answers is drawn from the normal distribution
    with their mean and their covariance over n, so that sums are all that is kept of the reviews.

    Args:
        responses: Of the model; `object_to_correcting` has nothing against them.
        answers: To the scored reviews, at least one.
        scores: The value of each label, shape (classes,).
        seed: Of the resampling.
    """
    means = np.array(responses.means)
    shares = estimate_shares(answers.mean, means)
    generator = np.random.default_rng(seed)
    drawn_answers = _draw_means(generator, answers.mean, answers.covariance, answers.reviews)
    drawn_means = np.stack(
        [
            _draw_means(generator, mean, np.array(covariance), count)
            for mean, covariance, count in zip(means, responses.covariances, responses.counts, strict=True)
        ],
        axis=1,
    )
    drawn = [
        float(estimate_shares(answer, of_labels) @ scores)
        for answer, of_labels in zip(drawn_answers, drawn_means, strict=True)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]).tolist()
    return CorrectedAverage(float(shares @ scores), low, high, tuple(shares.tolist()), answers.reviews)


def _draw_means(
    generator: np.random.Generator, mean: NDArray[np.float64], covariance: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Returns resampled means of `count` answers, shape (RESAMPLES, classes)."""
    # "eigh" takes the matrix as it is: singular (answers sum to 1), and by rounding not quite positive.
    return generator.multivariate_normal(mean, covariance / count, RESAMPLES, check_valid="ignore", method="eigh")


def _rounded(values: NDArray[np.float64]) -> _Vector:
    return tuple(np.round(values, _DECIMALS).tolist())
