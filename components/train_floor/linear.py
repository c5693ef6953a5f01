"""Logistic regression over sparse text features, and how its hyperparameters are chosen by cross-validation."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedGroupKFold

from components.shared.metrics import score_labels
from components.shared.need import Metric
from components.shared.predictors.linear import (
    HashingLogisticParameters,
    HashingLogisticPredictor,
    TfidfLogisticParameters,
    TfidfLogisticPredictor,
)

Kind = Literal["logistic", "hashing"]
ClassWeight = Literal["balanced"] | None

#: Inverse regularisation strengths that cross-validation compares. Hashed features are not weighted by rarity,
#: so that they need a weaker regularisation. Finer steps would end before they begin, within the tolerance.
STRENGTHS: dict[Kind, tuple[float, ...]] = {"logistic": (0.5, 1.5, 4.0, 10.0), "hashing": (1.0, 4.0, 16.0)}
#: Longest sequences of words that cross-validation compares.
LONGEST_NGRAMS = (1, 2)
_FOLDS = 3
#: Terms and buckets of fewer training reviews are left out.
_LEAST_REVIEWS = 2
#: Of sparse text, Newton's method with conjugate gradients reaches the minimum first; sag would be quicker, but
#: does not converge with class weights.
_SOLVER = "newton-cg"
_TOLERANCE = 1e-4
_MOST_ITERATIONS = 300


@dataclass(frozen=True)
class LinearSettings:
    """Hyperparameters.

    Attributes:
        strength: Inverse regularisation strength, scikit-learn's C.
        longest_ngram: Most words in one term.
        least_reviews: Terms and buckets of fewer training reviews are left out.
    """

    strength: float
    longest_ngram: int
    least_reviews: int = _LEAST_REVIEWS


@dataclass(frozen=True)
class Inputs:
    """Training texts as a sparse matrix, and what gives other texts the same columns.

    Attributes:
        parameters: What the bundle says about the features.
        vectorizer: Fitted, where there is something to fit.
        buckets: The columns of `vectorizer` that are used, ascending, shape (used,); None: all.
        matrix: float32, shape (texts, columns).
    """

    parameters: TfidfLogisticParameters | HashingLogisticParameters
    vectorizer: TfidfVectorizer | HashingVectorizer
    buckets: NDArray[np.int64] | None
    matrix: csr_matrix

    def of(self, texts: Sequence[str]) -> csr_matrix:
        """Returns other texts in the columns of `matrix`."""
        matrix = self.vectorizer.transform(texts)
        return matrix if self.buckets is None else matrix[:, self.buckets]


@dataclass(frozen=True)
class FittedLinear:
    """A fitted model with its features."""

    inputs: Inputs
    model: LogisticRegression

    def predict(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Returns the label index of each text in the natural view, shape (n,)."""
        return self.model.predict(self.inputs.of(texts))

    def files(self) -> dict[str, bytes]:
        """Returns the files of the bundle, name to content."""
        coefficients, intercept = softmax_weights(self.model)
        vectorizer = self.inputs.vectorizer
        if isinstance(vectorizer, TfidfVectorizer):
            return TfidfLogisticPredictor.files(vectorizer, coefficients, intercept)
        assert self.inputs.buckets is not None
        return HashingLogisticPredictor.files(self.inputs.buckets, coefficients, intercept)


@dataclass(frozen=True)
class Choice:
    """What cross-validation chose.

    Attributes:
        settings: The best hyperparameters.
        score: Their mean score over the folds.
        rows: Reviews that were searched on.
    """

    settings: LinearSettings
    score: float
    rows: int


def vectorise(kind: Kind, texts: Sequence[str], longest_ngram: int, least_reviews: int = _LEAST_REVIEWS) -> Inputs:
    """Returns training texts as features: TF-IDF ("logistic") or hashed terms ("hashing").

    Args:
        kind: Which features.
        texts: Natural view of the training reviews.
        longest_ngram: Most words in one term.
        least_reviews: Terms and buckets of fewer reviews are left out.
    """
    if kind == "logistic":
        weighted = TfidfLogisticParameters(ngram_range=(1, longest_ngram))
        # Of a handful of reviews no term may be in two.
        least = least_reviews if len(texts) > least_reviews else 1
        vectorizer = weighted.vectorizer(min_df=least)
        return Inputs(weighted, vectorizer, None, vectorizer.fit_transform(texts))
    hashed = HashingLogisticParameters(ngram_range=(1, longest_ngram))
    matrix = hashed.vectorizer().transform(texts)
    buckets = np.flatnonzero(np.bincount(matrix.indices, minlength=hashed.n_features) >= least_reviews)
    return Inputs(hashed, hashed.vectorizer(), buckets, matrix[:, buckets])


def fit_linear(
    inputs: Inputs, labels: NDArray[np.int64], strength: float, class_weight: ClassWeight, seed: int
) -> FittedLinear:
    """Returns softmax regression with an L2 penalty, fitted on training reviews.

    Args:
        inputs: Of the reviews.
        labels: Label indices, shape (reviews,).
        strength: Inverse regularisation strength.
        class_weight: "balanced", or None for all reviews alike.
        seed: Seed of the solver.
    """
    model = LogisticRegression(
        C=strength,
        class_weight=class_weight,
        solver=_SOLVER,
        tol=_TOLERANCE,
        max_iter=_MOST_ITERATIONS,
        random_state=seed,
    ).fit(inputs.matrix, labels)
    return FittedLinear(inputs, model)


def choose_settings(
    kind: Kind,
    train: pd.DataFrame,
    labels: NDArray[np.int64],
    weightings: Sequence[tuple[ClassWeight, Metric]],
    seed: int,
) -> list[Choice]:
    """Returns the best hyperparameters by cross-validation on train, for each weighting.

    Folds are stratified by label, and reviews of one group (copies, a user) are in one fold. Each n-gram range is
    vectorised once; the document frequencies of TF-IDF, which know no labels, are those of all folds. Along the
    regularisation path every fit starts from the one before, fold beside fold.

    Args:
        kind: Which features.
        train: Reviews of the train split, columns `natural` and `group`.
        labels: Their label indices.
        weightings: Class weight and the metric that it is judged by, a key of `Quality.metric`.
        seed: Seed of the folds.
    """
    folds = _folds(labels, train["group"], seed)
    best: list[Choice | None] = [None] * len(weightings)
    for longest in LONGEST_NGRAMS:
        inputs = vectorise(kind, train["natural"].tolist(), longest)
        for position, (class_weight, metric) in enumerate(weightings):
            scores = _score_strengths(inputs, labels, folds, STRENGTHS[kind], class_weight, metric, seed)
            top = int(scores.argmax())
            known = best[position]
            if known is None or scores[top] > known.score:
                settings = LinearSettings(STRENGTHS[kind][top], longest)
                best[position] = Choice(settings, float(scores[top]), len(train))
    return [choice for choice in best if choice is not None]


def _folds(
    labels: NDArray[np.int64], groups: pd.Series, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    folds = StratifiedGroupKFold(n_splits=_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of a label with fewer reviews than folds, the others still are stratified.
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(folds.split(labels, labels, groups))


def _score_strengths(
    inputs: Inputs,
    labels: NDArray[np.int64],
    folds: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    strengths: tuple[float, ...],
    class_weight: ClassWeight,
    metric: Metric,
    seed: int,
) -> NDArray[np.float64]:
    """Returns the mean score over the folds, shape (strengths,)."""
    search = LogisticRegressionCV(
        Cs=strengths,
        l1_ratios=(0.0,),
        cv=folds,
        scoring=make_scorer(score_labels, metric=metric),
        class_weight=class_weight,
        solver=_SOLVER,
        tol=_TOLERANCE,
        max_iter=_MOST_ITERATIONS,
        refit=False,
        n_jobs=min(_FOLDS, len(os.sched_getaffinity(0))),
        random_state=seed,
        use_legacy_attributes=False,
    ).fit(inputs.matrix, labels)
    return search.scores_.mean(axis=0).ravel()


def softmax_weights(model: LogisticRegression) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Returns coefficients (classes, columns) and intercept (classes,) whose softmax is the model's probability.

    Of two classes scikit-learn keeps the second's only, for a sigmoid; the first one's are then zero.
    """
    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    return np.vstack([np.zeros_like(model.coef_), model.coef_]), np.array([0.0, model.intercept_[0]])
