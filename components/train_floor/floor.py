"""The floors: the majority class, and logistic regression on TF-IDF and on hashed terms. They cost little."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from components.shared.bundle import Manifest, write_bundle
from components.shared.fingerprints import directory_fingerprint
from components.shared.meter import Meter, Usage
from components.shared.metrics import check_need
from components.shared.need import Metric
from components.shared.predictors.majority import MajorityParameters
from components.shared.records.candidates import bundle_directory, write_failures
from components.shared.records.features import (
    Features,
    profile_file,
    read_features,
    read_split,
    read_training_reviews,
)
from components.shared.records.plan import LINEAR_MODELS, Plan, read_plan
from components.shared.records.searches import Search, in_words, write_searches
from components.shared.training.examples import stratified_sample
from components.shared.tuning import SEARCH_ROWS, Budget, minutes_of
from components.train_floor.linear import (
    Choice,
    ClassWeight,
    FittedLinear,
    Kind,
    LinearSettings,
    choose_settings,
    fit_linear,
    vectorise,
)
from components.train_floor.linear_tuning import settings_of, tune_linear

#: Weights serve the rare classes, so that the balanced models are judged by macro-F1, whatever the need says.
_BALANCED_METRIC: Metric = "macro_f1"
_FEATURE_NAMES: dict[Kind, str] = {"logistic": "tf-idf", "hashing": "hashed terms"}
_PREDICTORS: dict[Kind, str] = {"logistic": "tfidf-logistic", "hashing": "hashing-logistic"}


@dataclass(frozen=True)
class _Weighting:
    """One way to weigh the classes: the candidate's name, its class weight, and the metric it is judged by."""

    candidate: str
    class_weight: ClassWeight
    metric: Metric


@dataclass(frozen=True)
class _Chosen:
    """Hyperparameters, how they were chosen, and what that took; the search if it was an automatic one."""

    settings: LinearSettings
    words: str
    usage: Usage
    search: Search | None = None


def train_floors(features: Path, plan: Path, seed: int, candidates: Path, budget: Budget | None = None) -> None:
    """Writes the bundle "majority" and, of "logistic" and "hashing", those the plan wants, plain and "-balanced".

    Only class weights make a balanced model; if rare classes are met by resampling, or not at all, there is none.
    Regularisation and n-gram range are chosen by cross-validation on train, or by a search within the budget if
    there is one: the plain models' by the need's quality metric, because that is what the decision goes by; the
    balanced ones' by macro-F1.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        seed: Seed of the folds, the search, the solver and of resampling.
        candidates: The directory of candidates to write.
        budget: Time for an automatic search, and where it is stored; None: no search.

    Raises:
        UserError: The need goes by the order of labels that have none.
    """
    wanted = read_plan(plan)
    description = read_features(features)
    check_need(wanted.need, description.task)
    profile = profile_file(features)
    write_failures(candidates, {})
    _write_majority(candidates, description, profile)
    kinds: list[Kind] = [kind for kind in LINEAR_MODELS if wanted.wants(kind)]
    if not kinds:
        return
    train = read_training_reviews(features, seed)
    labels = description.task.indices(train["label"].tolist())
    price = wanted.need.prices.cpu_hour_eur
    searches, lines = [], []
    for kind in tqdm(kinds, desc="floors", unit="model", mininterval=1.0):
        weightings = _weightings(kind, description, wanted)
        if budget:
            minutes = minutes_of(kind, wanted.models, budget.minutes) / len(weightings)
            part = Budget(minutes, budget.directory)
            chosen = [_search(kind, one, train, features, part, seed, price) for one in weightings]
        else:
            chosen = _cross_validate(kind, weightings, train, labels, seed, price)
        inputs_of = lru_cache(partial(vectorise, kind, train["natural"].tolist()))
        for one, choice in zip(weightings, chosen, strict=True):
            with Meter(price_hour_eur=price) as training:
                inputs = inputs_of(choice.settings.longest_ngram, choice.settings.least_reviews)
                fitted = fit_linear(inputs, labels, choice.settings.strength, one.class_weight, seed)
            usage = choice.usage + training.usage
            _write_linear(candidates, one.candidate, kind, description, choice, fitted, usage, profile)
            lines.append(f"{one.candidate}: {choice.words}")
            searches += [choice.search] if choice.search else []
    write_searches(candidates, searches)
    print("\n".join(lines))


def _weightings(kind: Kind, description: Features, plan: Plan) -> list[_Weighting]:
    weightings = [_Weighting(kind, None, plan.need.quality.metric)]
    if description.imbalance == "weights":
        weightings.append(_Weighting(f"{kind}-balanced", "balanced", _BALANCED_METRIC))
    return weightings


def _search(
    kind: Kind,
    weighting: _Weighting,
    train: pd.DataFrame,
    features: Path,
    budget: Budget,
    seed: int,
    price: float,
) -> _Chosen:
    """Returns the hyperparameters that an automatic search finds on train and tune."""
    with Meter(price_hour_eur=price) as meter:
        found = tune_linear(
            weighting.candidate,
            kind,
            train,
            read_split(features, "tune"),
            read_features(features).task,
            weighting.class_weight,
            weighting.metric,
            budget.minutes,
            budget.directory,
            directory_fingerprint(features),
            seed,
        )
    words = f"{in_words(found.best)} chosen in {len(found.trials)} trials"
    return _Chosen(settings_of(found.best), words, meter.usage, found)


def _cross_validate(
    kind: Kind,
    weightings: Sequence[_Weighting],
    train: pd.DataFrame,
    labels: NDArray[np.int64],
    seed: int,
    price: float,
) -> list[_Chosen]:
    """Returns the hyperparameters that cross-validation on train chooses for each weighting."""
    searched = stratified_sample(train.assign(label_index=labels), SEARCH_ROWS, seed)
    with Meter(price_hour_eur=price) as meter:
        judged = [(one.class_weight, one.metric) for one in weightings]
        choices = choose_settings(kind, searched, searched["label_index"].to_numpy(), judged, seed)
    usage = _share(meter.usage, len(weightings))
    return [
        _Chosen(choice.settings, _in_words(choice, one.metric, len(train)), usage)
        for one, choice in zip(weightings, choices, strict=True)
    ]


def _share(usage: Usage, models: int) -> Usage:
    """Returns what each of several models owes of a search that served them all."""
    return usage.model_copy(
        update={
            "seconds": usage.seconds / models,
            "cpu_seconds": usage.cpu_seconds / models,
            "cost_eur": (usage.cost_eur or 0.0) / models,
        }
    )


def _in_words(choice: Choice, metric: str, train_rows: int) -> str:
    settings = choice.settings
    where = f"{choice.rows:,} of {train_rows:,} training reviews" if choice.rows < train_rows else "train"
    return (
        f"C={settings.strength:g} and n-grams of up to {settings.longest_ngram} chosen, "
        f"{metric} {choice.score:.3f} in cross-validation on {where}"
    )


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


def _write_linear(
    candidates: Path,
    candidate: str,
    kind: Kind,
    description: Features,
    chosen: _Chosen,
    fitted: FittedLinear,
    training: Usage,
    profile: dict[str, bytes],
) -> None:
    manifest = Manifest(
        candidate=candidate,
        task=description.task,
        model=kind,
        base_model=f"{_FEATURE_NAMES[kind]}, C={chosen.settings.strength:g}, "
        f"n-grams of up to {chosen.settings.longest_ngram}",
        runtime="scikit-learn",
        natural_steps=description.natural_steps,
        predictor=_PREDICTORS[kind],
        preprocessing=fitted.inputs.parameters.model_dump(),
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=description.code_fingerprint,
        hyperparameters=chosen.search.best if chosen.search else {},
        training=training,
    )
    write_bundle(bundle_directory(candidates, candidate), manifest, fitted.files() | profile)
