"""The numbers and words a user may set, and what makes sense for them."""

from collections.abc import Mapping, Sequence
from typing import get_args

from components.shared.errors import UserError
from components.shared.lstm_variants import EMBEDDING_TRAININGS
from components.shared.records.features import Imbalance
from components.shared.services.interface import SERVICES
from components.shared.texts.text import CLEAN_STEPS

#: Parameter of the pipeline -> smallest and largest value.
RANGES: dict[str, tuple[float, float]] = {
    "sample_rows": (0, float("inf")),
    "minimum_text_share": (0, 1),
    "longest_text": (1, float("inf")),
    "minimum_kept_share": (0, 1),
    "near_duplicate_similarity": (0.5, 1),
    "word_dropout": (0, 0.9),
    "minimum_word_count": (1, float("inf")),
    "maximum_words": (1, float("inf")),
    "lstm_units": (1, 4096),
    "lstm_directions": (1, 2),
    "lstm_dropout": (0, 0.95),
    "lstm_embedding_dropout": (0, 0.95),
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
    "distilbert_layer_decay": (0.1, 1),
    "distilbert_frozen_layers": (0, 48),
    "distilbert_warmup": (0, 1),
    "distilbert_technique_rows": (0, float("inf")),
    "distilbert_technique_epochs": (1, 100),
    "technique_learning_rate": (0, 1),
    "kept_layers": (1, 48),
    "kept_head_share": (0, 1),
    "kept_neuron_share": (0, 1),
    "shrink_rows": (0, float("inf")),
    "shrink_epochs": (1, 100),
    "shrink_learning_rate": (0, 1),
    "soft_label_weight": (0, 1),
    "minimum_piece_count": (1, float("inf")),
    "sparsity": (0.01, 0.99),
    "clusters": (3, 256),
    "calibration_rows": (1, float("inf")),
    "qat_steps": (0, float("inf")),
    "qat_learning_rate": (0, 1),
    "accuracy_floor": (0, 1),
    "sensitivity_reviews": (0, float("inf")),
    "service_maximum_calls": (0, float("inf")),
    "service_maximum_eur": (0, float("inf")),
    "latency_reviews": (1, float("inf")),
    "measuring_attempts": (1, 10),
    "robustness_reviews": (0, float("inf")),
    "explained_reviews": (0, 10000),
    "tune_minutes": (0, 10080),
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


#: Parameter of the pipeline -> the words it may hold.
CHOICES: dict[str, tuple[str, ...]] = {
    "adapter": ("", "clothing", "sentiment140", "auto"),
    "sampling": ("stratified", "reservoir"),
    "clean_steps": CLEAN_STEPS,
    "imbalance": get_args(Imbalance),
    "lstm_embedding_training": EMBEDDING_TRAININGS,
    "pruning_schedule": ("polynomial", "constant"),
    "cluster_initialization": ("kmeans++", "linear", "density-based", "random"),
    "services": SERVICES,
}


def check_choices(choices: Mapping[str, Sequence[str]]) -> None:
    """Checks every word that a user may choose from a few.

    Args:
        choices: Parameter of the pipeline to the words it holds; any of CHOICES.

    Raises:
        UserError: The first word that is not known.
    """
    for name, words in choices.items():
        for word in words:
            if word not in CHOICES[name]:
                known = ", ".join(filter(None, CHOICES[name]))
                raise UserError(f"{name}: unknown '{word}'; known are {known}")
