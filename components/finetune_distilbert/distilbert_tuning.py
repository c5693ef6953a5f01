"""The space of DistilBERT's hyperparameters, and the search in it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.pruners import SuccessiveHalvingPruner

from components.shared.records.searches import Search, Values
from components.shared.training.epoch_reports import EpochReports
from components.shared.training.keras import keras
from components.shared.training.trainer import has_gpu
from components.shared.tuning import Budget, Report, Space, search, trial_data

_SPACE: Space = {
    "learning_rate": FloatDistribution(2e-5, 3e-4, log=True),
    "batch_size": CategoricalDistribution((16, 32, 64)),
    "warmup": FloatDistribution(0.0, 0.3),
    "layer_decay": FloatDistribution(0.8, 1.0),
}
_MOST_EPOCHS = 3
#: A search that has room for fewer whole trials takes fewer reviews.
_WANTED_TRIALS = 8
_LEAST_ROWS = 500
#: Reviews a second that are counted on: two cores, or one GPU; only the number of reviews follows from it.
_CPU_SPEED, _GPU_SPEED = 25, 250
#: What predicting a review costs against training on it.
_PREDICTION_FACTOR = 0.3


def tune_distilbert(
    settings: Any,
    train_rows: int,
    tune_rows: int,
    train: Callable[[Any, Sequence[Any]], float],
    budget: Budget,
    features_fingerprint: str,
) -> Search:
    """Searches for DistilBERT's hyperparameters, see `tuning.search`.

    After each epoch only the better half of the trials goes on (successive halving: Li et al., "A System for
    Massively Parallel Hyperparameter Tuning", 2020).

    Args:
        settings: The `DistilBertSettings` that would be taken without a search.
        train_rows: Reviews that final training learns from.
        tune_rows: Reviews that each epoch is judged on.
        train: Trains with settings and callbacks; returns the macro-F1 on tune.
        budget: Time and storage.
        features_fingerprint: Tells searches on other data apart.
    """
    epochs = min(settings.epochs, _MOST_EPOCHS)
    speed = _GPU_SPEED if has_gpu() else _CPU_SPEED
    rows = trial_rows(budget.minutes, epochs, train_rows, tune_rows, speed)
    trial = dataclasses.replace(settings, train_rows=rows, epochs=epochs, training_state="")
    fixed = dataclasses.asdict(trial)
    start = {name: fixed.pop(name) for name in _SPACE}

    def objective(values: Values, report: Report) -> float:
        try:
            return train(with_values(trial, values), [EpochReports(report)])
        finally:
            keras.backend.clear_session()

    return search(
        "distilbert",
        _SPACE,
        objective,
        start,
        minutes=budget.minutes,
        directory=budget.directory,
        decided_by={"features": features_fingerprint, **fixed},
        how=f"Each trial trains on {trial_data(rows, train_rows)} for at most {epochs} epochs; after each epoch only "
        "the better half goes on.",
        seed=settings.seed,
        pruner=SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    )


def trial_rows(minutes: float, epochs: int, train_rows: int, tune_rows: int, reviews_per_second: float) -> int:
    """Returns how many reviews a trial trains on: all, or so few that _WANTED_TRIALS fit into the time.

    After each epoch all of tune is predicted. Fewer reviews are a power of two times _LEAST_ROWS, so that a search
    with a little more time goes on with its trials.
    """
    fits = minutes * 60 * reviews_per_second / epochs / _WANTED_TRIALS - tune_rows * _PREDICTION_FACTOR
    if fits >= train_rows:
        return train_rows
    rows = _LEAST_ROWS
    while rows * 2 <= fits:
        rows *= 2
    return min(rows, train_rows)


def with_values(settings: Any, values: Values) -> Any:
    """Returns settings with the values of a trial."""
    return dataclasses.replace(settings, **values)
