"""Presets: named sets of parameters that differ from the pipeline's defaults."""

from typing import Any

#: `full` is the pipeline's own defaults; `demo` fits a coffee break on two cores.
PRESETS: dict[str, dict[str, Any]] = {
    "demo": {
        "techniques": [
            *("dynamic", "int8", "qat", "prune", "cluster", "prune+dynamic"),
            *("trim+dynamic", "layers+dynamic", "layers+trim+dynamic"),
        ],
        "lstm_directions": 1,
        "lstm_learning_rate": 0.002,
        "distilbert_max_length": 64,
        "distilbert_train_rows": 1600,
        "distilbert_epochs": 2,
        "distilbert_technique_rows": 400,
        "shrink_rows": 500,
        "shrink_epochs": 2,
        "calibration_rows": 50,
        "sensitivity_reviews": 30,
        "latency_reviews": 100,
        "robustness_reviews": 60,
        "explained_reviews": 50,
    },
    "full": {},
}
