"""The space of the LSTM's hyperparameters, and the search in it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution

from components.shared.lstm_variants import Variant
from components.shared.records.searches import Search, Values
from components.shared.training.epoch_reports import EpochReports
from components.shared.training.keras import keras
from components.shared.tuning import Budget, Report, Space, search

_SPACE: Space = {
    "units": CategoricalDistribution((32, 64, 128, 256)),
    "directions": CategoricalDistribution((1, 2)),
    "dropout": FloatDistribution(0.0, 0.6),
    "embedding_dropout": FloatDistribution(0.0, 0.4),
    "batch_size": CategoricalDistribution((32, 64, 128)),
    "learning_rate": FloatDistribution(3e-4, 1e-2, log=True),
}
_VARIANT = "word_vectors"
_HOW = (
    "Each trial trains on the whole train split with early stopping on tune; one below the median of the earlier "
    "ones after as many epochs is stopped."
)


def tune_lstm(
    settings: Any,
    variants: Sequence[Variant],
    train: Callable[[Any, Variant, Sequence[Any]], float],
    budget: Budget,
    features_fingerprint: str,
) -> Search:
    """Searches for the LSTM's hyperparameters, see `tuning.search`.

    Args:
        settings: The `LstmSettings` that would be taken without a search.
        variants: Word vectors to choose from.
        train: Trains with settings, word vectors and callbacks; returns the macro-F1 on tune.
        budget: Time and storage.
        features_fingerprint: Tells searches on other data apart.
    """
    by_name = {variant.name: variant for variant in variants}
    space = {**_SPACE, _VARIANT: CategoricalDistribution(tuple(by_name))}
    fixed = dataclasses.asdict(settings)
    fixed.pop("training_state")
    start = {name: fixed.pop(name) for name in _SPACE} | {_VARIANT: variants[0].name}

    def objective(values: Values, report: Report) -> float:
        variant = by_name[str(values[_VARIANT])]
        try:
            return train(with_values(settings, values), variant, [EpochReports(report)])
        finally:
            keras.backend.clear_session()

    return search(
        "lstm",
        space,
        objective,
        start,
        minutes=budget.minutes,
        directory=budget.directory,
        decided_by={"features": features_fingerprint, **fixed},
        how=_HOW,
        seed=settings.seed,
    )


def with_values(settings: Any, values: Values) -> Any:
    """Returns settings with the values of a trial; its word vectors are left to the caller."""
    return dataclasses.replace(settings, **{name: values[name] for name in _SPACE})
