"""The floors: the majority class, and TF-IDF with logistic regression. They cost next to nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from tqdm import tqdm

from components.shared.bundle import Manifest, write_bundle
from components.shared.candidates import bundle_directory, write_failures
from components.shared.features import Features, profile_file, read_features, read_split, read_training_reviews
from components.shared.meter import Meter, Usage
from components.shared.plan import read_plan
from components.shared.predictors import MajorityParameters, TfidfLogisticParameters, TfidfLogisticPredictor

#: Inverse regularisation strengths tried; the best on tune is kept.
STRENGTHS = (0.5, 2.0, 8.0)
_LEAST_DOCUMENTS = 2
_MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class FittedLogistic:
    """A fitted model with its choice of regularisation."""

    vectorizer: TfidfVectorizer
    model: LogisticRegression
    strength: float
    tune_macro_f1: float


def train_floors(features: Path, plan: Path, seed: int, candidates: Path) -> None:
    """Writes the bundles "majority" and, if the plan wants them, "logistic" and "logistic-balanced".

    Only class weights make a balanced model; if rare classes are met by resampling, or not at all, there is none.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        seed: Seed of the solver, and of resampling.
        candidates: The directory of candidates to write.
    """
    wanted = read_plan(plan)
    description = read_features(features)
    write_failures(candidates, {})
    profile = profile_file(features)
    _write_majority(candidates, description, profile)
    if not wanted.wants("logistic"):
        return
    train, tune = read_training_reviews(features, seed), read_split(features, "tune")
    weightings: dict[str, Literal["balanced"] | None] = {"logistic": None}
    if description.imbalance == "weights":
        weightings["logistic-balanced"] = "balanced"
    for candidate, class_weight in weightings.items():
        with Meter(price_hour_eur=wanted.need.prices.cpu_hour_eur) as meter:
            fitted = fit_logistic(train, tune, description, class_weight, seed)
        print(f"{candidate}: C={fitted.strength:g} chosen, macro-F1 {fitted.tune_macro_f1:.3f} on tune")
        _write_logistic(candidates, candidate, description, fitted, meter.usage, profile)


def fit_logistic(
    train: pd.DataFrame,
    tune: pd.DataFrame,
    description: Features,
    class_weight: Literal["balanced"] | None,
    seed: int,
) -> FittedLogistic:
    """Returns TF-IDF with logistic regression, fitted on train, its regularisation chosen on tune.

    Args:
        train, tune: Reviews of the two splits, stage "features".
        description: Description of the features.
        class_weight: "balanced", or None for all reviews alike.
        seed: Seed of the solver.
    """
    vectorizer = TfidfLogisticParameters().vectorizer(min_df=_LEAST_DOCUMENTS)
    inputs = vectorizer.fit_transform(train["natural"])
    tune_inputs = vectorizer.transform(tune["natural"])
    truth = description.task.indices(train["label"].tolist())
    tune_truth = description.task.indices(tune["label"].tolist())
    best: FittedLogistic | None = None
    for strength in tqdm(STRENGTHS, desc="logistic regression", mininterval=1.0):
        model = LogisticRegression(
            C=strength, class_weight=class_weight, max_iter=_MOST_ITERATIONS, random_state=seed
        ).fit(inputs, truth)
        score = float(f1_score(tune_truth, model.predict(tune_inputs), average="macro", zero_division=0))
        if best is None or score > best.tune_macro_f1:
            best = FittedLogistic(vectorizer, model, strength, score)
    assert best is not None
    return best


def softmax_weights(model: LogisticRegression) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Returns coefficients (classes, terms) and intercept (classes,) whose softmax is the model's probability.

    Of two classes scikit-learn keeps the second's only, for a sigmoid; the first one's are then zero.
    """
    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    return np.vstack([np.zeros_like(model.coef_), model.coef_]), np.array([0.0, model.intercept_[0]])


def _write_majority(candidates: Path, description: Features, profile: dict[str, bytes]) -> None:
    shares = MajorityParameters(shares=description.class_shares)
    manifest = Manifest(
        candidate="majority",
        task=description.task,
        model="majority",
        base_model="none",
        runtime="scikit-learn",
        natural_steps=description.natural_steps,
        predictor="majority",
        preprocessing=shares.model_dump(),
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=description.code_fingerprint,
        training=Usage(cost_eur=0.0),
    )
    write_bundle(bundle_directory(candidates, "majority"), manifest, profile)


def _write_logistic(
    candidates: Path,
    candidate: str,
    description: Features,
    fitted: FittedLogistic,
    training: Usage,
    profile: dict[str, bytes],
) -> None:
    manifest = Manifest(
        candidate=candidate,
        task=description.task,
        model="logistic",
        base_model=f"tf-idf, C={fitted.strength:g}",
        runtime="scikit-learn",
        natural_steps=description.natural_steps,
        predictor="tfidf-logistic",
        preprocessing=TfidfLogisticParameters().model_dump(),
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=description.code_fingerprint,
        training=training,
    )
    files = TfidfLogisticPredictor.files(fitted.vectorizer, *softmax_weights(fitted.model))
    write_bundle(bundle_directory(candidates, candidate), manifest, files | profile)
