"""The numbers a user may set, and the ranges in which they make sense."""

from collections.abc import Mapping

from components.shared.errors import UserError

#: Parameter of the pipeline -> smallest and largest value.
RANGES: dict[str, tuple[float, float]] = {
    "sample_rows": (0, float("inf")),
    "minimum_word_count": (1, float("inf")),
    "maximum_words": (1, float("inf")),
    "lstm_units": (1, 4096),
    "lstm_dropout": (0, 0.95),
    "lstm_epochs": (1, 1000),
    "lstm_patience": (0, 1000),
    "lstm_batch_size": (1, 65536),
    "lstm_learning_rate": (1e-7, 1),
    "lstm_technique_rows": (0, float("inf")),
    "lstm_technique_epochs": (1, 1000),
    "distilbert_max_length": (3, 512),
    "distilbert_train_rows": (0, float("inf")),
    "distilbert_epochs": (1, 100),
    "distilbert_patience": (0, 100),
    "distilbert_batch_size": (1, 4096),
    "distilbert_learning_rate": (1e-7, 1),
    "distilbert_technique_rows": (0, float("inf")),
    "distilbert_technique_epochs": (1, 100),
    "technique_learning_rate": (0, 1),
    "sparsity": (0.01, 0.99),
    "clusters": (3, 256),
    "calibration_rows": (1, float("inf")),
    "latency_reviews": (1, float("inf")),
}


def check_ranges(settings: Mapping[str, float]) -> None:
    """Checks every number that a user may set.

    Args:
        settings: Parameter of the pipeline to its value; any of RANGES.

    Raises:
        UserError: The first value that is out of its range.
    """
    for name, value in settings.items():
        low, high = RANGES[name]
        if not low <= value <= high:
            limits = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
            raise UserError(f"{name} is {value:g}; choose a value {limits}")
