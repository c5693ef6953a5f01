"""The space of the LSTM's hyperparameters, and the search in it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution

from components.shared.lstm_variants import Variant
from components.shared.records.searches import Search, Values
from components.shared.training.epoch_reports import EpochReports
from components.shared.training.keras import keras
from components.shared.tuning import SEARCH_ROWS, Budget, Report, Space, search, trial_data

_SPACE: Space = {
    "units": CategoricalDistribution((32, 64, 128, 256)),
    "directions": CategoricalDistribution((1, 2)),
    "dropout": FloatDistribution(0.0, 0.6),
    "embedding_dropout": FloatDistribution(0.0, 0.4),
    "batch_size": CategoricalDistribution((32, 64, 128)),
    "learning_rate": FloatDistribution(3e-4, 1e-2, log=True),
}
_VARIANT = "word_vectors"


def tune_lstm(
    settings: Any,
    variants: Sequence[Variant],
    train_rows: int,
    train: Callable[[Any, Variant, int, Sequence[Any]], float],
    budget: Budget,
    features_fingerprint: str,
) -> Search:
    """Searches for the LSTM's hyperparameters, see `tuning.search`.

    Args:
        settings: The `LstmSettings` that would be taken without a search.
        variants: Word vectors to choose from.
        train_rows: Reviews that final training learns from.
        train: Trains with settings, word vectors, number of reviews and callbacks; returns the macro-F1 on tune.
        budget: Time and storage.
        features_fingerprint: Tells searches on other data apart.
    """
    rows = min(train_rows, SEARCH_ROWS)
    by_name = {variant.name: variant for variant in variants}
    space = {**_SPACE, _VARIANT: CategoricalDistribution(tuple(by_name))}
    fixed = dataclasses.asdict(settings)
    fixed.pop("training_state")
    start = {name: fixed.pop(name) for name in _SPACE} | {_VARIANT: variants[0].name}

    def objective(values: Values, report: Report) -> float:
        variant = by_name[str(values[_VARIANT])]
        try:
            return train(with_values(settings, values), variant, rows, [EpochReports(report)])
        finally:
            keras.backend.clear_session()

    return search(
        "lstm",
        space,
        objective,
        start,
        minutes=budget.minutes,
        directory=budget.directory,
        decided_by={"features": features_fingerprint, "train_rows": rows, **fixed},
        how=f"Each trial trains on {trial_data(rows, train_rows)} with early stopping on tune; one below the median "
        "of the earlier ones after as many epochs is stopped.",
        seed=settings.seed,
    )


def with_values(settings: Any, values: Values) -> Any:
    """Returns settings with the values of a trial; its word vectors are left to the caller."""
    return dataclasses.replace(settings, **{name: values[name] for name in _SPACE})
