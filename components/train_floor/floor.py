"""The floors: the majority class, and logistic regression on TF-IDF and on hashed terms. They cost little."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from components.shared.bundle import Manifest, write_bundle
from components.shared.candidates import bundle_directory, write_failures
from components.shared.examples import stratified_sample
from components.shared.features import Features, profile_file, read_features, read_training_reviews
from components.shared.meter import Meter, Usage
from components.shared.plan import LINEAR_MODELS, read_plan
from components.shared.predictors import MajorityParameters
from components.train_floor.linear import (
    Choice,
    ClassWeight,
    FittedLinear,
    Kind,
    LinearSettings,
    choose_settings,
    fit_linear,
)

#: Of larger train splits, hyperparameters are chosen on a stratified sample.
SEARCH_ALL_ROWS, SEARCH_SAMPLE_ROWS = 50_000, 30_000
#: Weights serve the rare classes, so that the balanced models are judged by macro-F1, whatever the need says.
_BALANCED_METRIC = "macro_f1"
_FEATURE_NAMES: dict[Kind, str] = {"logistic": "tf-idf", "hashing": "hashed terms"}
_PREDICTORS: dict[Kind, str] = {"logistic": "tfidf-logistic", "hashing": "hashing-logistic"}


def train_floors(features: Path, plan: Path, seed: int, candidates: Path) -> None:
    """Writes the bundle "majority" and, of "logistic" and "hashing", those the plan wants, plain and "-balanced".

    Only class weights make a balanced model; if rare classes are met by resampling, or not at all, there is none.
    Regularisation and n-gram range are chosen by cross-validation on train: the plain models' by the need's
    quality metric, because that is what the decision goes by; the balanced ones' by macro-F1.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        seed: Seed of the folds, the solver and of resampling.
        candidates: The directory of candidates to write.
    """
    wanted = read_plan(plan)
    description = read_features(features)
    profile = profile_file(features)
    write_failures(candidates, {})
    _write_majority(candidates, description, profile)
    kinds: list[Kind] = [kind for kind in LINEAR_MODELS if wanted.wants(kind)]
    if not kinds:
        return
    weightings: list[tuple[ClassWeight, str]] = [(None, wanted.need.quality.metric)]
    if description.imbalance == "weights":
        weightings.append(("balanced", _BALANCED_METRIC))
    train = read_training_reviews(features, seed)
    labels = description.task.indices(train["label"].tolist())
    price = wanted.need.prices.cpu_hour_eur
    for kind in tqdm(kinds, desc="floors", unit="model", mininterval=1.0):
        with Meter(price_hour_eur=price) as search:
            choices = _choose(kind, train, description, weightings, seed)
        for (class_weight, metric), choice in zip(weightings, choices, strict=True):
            with Meter(price_hour_eur=price) as training:
                fitted = fit_linear(kind, train["natural"].tolist(), labels, choice.settings, class_weight, seed)
            candidate = f"{kind}-balanced" if class_weight else kind
            print(f"{candidate}: {_in_words(choice, metric, len(train))}")
            usage = _share(search.usage, len(weightings)) + training.usage
            _write_linear(candidates, candidate, kind, description, choice.settings, fitted, usage, profile)


def _choose(
    kind: Kind,
    train: pd.DataFrame,
    description: Features,
    weightings: Sequence[tuple[ClassWeight, str]],
    seed: int,
) -> list[Choice]:
    searched = stratified_sample(train, SEARCH_SAMPLE_ROWS if len(train) > SEARCH_ALL_ROWS else 0, seed)
    return choose_settings(kind, searched, description.task.indices(searched["label"].tolist()), weightings, seed)


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
    settings: LinearSettings,
    fitted: FittedLinear,
    training: Usage,
    profile: dict[str, bytes],
) -> None:
    manifest = Manifest(
        candidate=candidate,
        task=description.task,
        model=kind,
        base_model=f"{_FEATURE_NAMES[kind]}, C={settings.strength:g}, n-grams of up to {settings.longest_ngram}",
        runtime="scikit-learn",
        natural_steps=description.natural_steps,
        predictor=_PREDICTORS[kind],
        preprocessing=fitted.inputs.parameters.model_dump(),
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=description.code_fingerprint,
        training=training,
    )
    write_bundle(bundle_directory(candidates, candidate), manifest, fitted.files() | profile)
