"""The space of the linear models' hyperparameters, and the search in it."""

from functools import lru_cache
from pathlib import Path

import pandas as pd
from optuna.distributions import FloatDistribution, IntDistribution

from components.shared.metrics import score_labels
from components.shared.need import Metric
from components.shared.records.searches import Search, Values
from components.shared.records.task import Task
from components.shared.training.examples import stratified_sample
from components.shared.tuning import SEARCH_ROWS, Report, Space, search, trial_data
from components.train_floor.linear import ClassWeight, Inputs, Kind, LinearSettings, fit_linear, vectorise

_SPACE: Space = {
    "strength": FloatDistribution(0.05, 50.0, log=True),
    "longest_ngram": IntDistribution(1, 3),
    "least_reviews": IntDistribution(1, 5),
}
_START: dict[Kind, Values] = {
    "logistic": {"strength": 2.0, "longest_ngram": 2, "least_reviews": 2},
    "hashing": {"strength": 4.0, "longest_ngram": 2, "least_reviews": 2},
}
#: Three hyperparameters: more trials find nothing more.
_MOST_TRIALS = 40


def tune_linear(
    candidate: str,
    kind: Kind,
    train: pd.DataFrame,
    tune: pd.DataFrame,
    task: Task,
    class_weight: ClassWeight,
    metric: Metric,
    minutes: float,
    directory: Path,
    features_fingerprint: str,
    seed: int,
) -> Search:
    """Searches for the hyperparameters of a linear model, on a sample of large train splits, see `tuning.search`.

    Args:
        candidate: What the search is for.
        kind: Which features.
        train, tune: Reviews of the two splits, stage "features".
        task: Their labels.
        class_weight: "balanced", or None for all reviews alike.
        metric: What is maximised on tune, a key of `Quality.metric`.
        minutes: Time for the search.
        directory: Directory of the storages.
        features_fingerprint: Tells searches on other data apart.
        seed: Seed of the sampler and the solver.
    """
    sample = stratified_sample(train, SEARCH_ROWS, seed)
    texts, tune_texts = sample["natural"].tolist(), tune["natural"].tolist()
    labels, truth = (task.indices(reviews["label"].tolist()) for reviews in (sample, tune))

    @lru_cache(maxsize=4)
    def inputs_of(longest_ngram: int, least_reviews: int) -> Inputs:
        return vectorise(kind, texts, longest_ngram, least_reviews)

    def objective(values: Values, report: Report) -> float:
        settings = settings_of(values)
        inputs = inputs_of(settings.longest_ngram, settings.least_reviews)
        return score_labels(
            truth, fit_linear(inputs, labels, settings.strength, class_weight, seed).predict(tune_texts), metric
        )

    return search(
        candidate,
        _SPACE,
        objective,
        _START[kind],
        minutes=minutes,
        directory=directory,
        decided_by={"features": features_fingerprint, "train_rows": len(sample)},
        metric=metric,
        how=f"Each trial fits {trial_data(len(sample), len(train))} and is judged on tune.",
        seed=seed,
        most_trials=_MOST_TRIALS,
    )


def settings_of(values: Values) -> LinearSettings:
    """Returns the values of a trial as hyperparameters."""
    return LinearSettings(float(values["strength"]), int(values["longest_ngram"]), int(values["least_reviews"]))
