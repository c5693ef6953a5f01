"""Quality of every candidate on select, for the pipeline's user interface."""

from pathlib import Path

import numpy as np

from components.shared.metrics import quality
from components.shared.records.features import read_features, read_split
from components.shared.records.measurements import read_measurements, read_predictions

_SHOWN = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted F1",
    "quadratic_kappa": "quadratic kappa",
    "average_error": "error of average",
    "calibration_error": "calibration error",
}


def select_figures(features: Path, measurements: Path) -> dict[str, float]:
    """Returns such as "lstm: macro-F1" -> 0.45, for every measured candidate and the champion.

    Args:
        features: Directory of features.
        measurements: What evaluate wrote.
    """
    task, measured = read_features(features).task, read_measurements(measurements)
    truth, scores = task.indices(read_split(features, "select")["label"].tolist()), np.array(task.scores)
    everyone = [*measured.candidates]
    if measured.champion_measurement is not None:
        everyone.append(measured.champion_measurement)
    found: dict[str, float] = {}
    for one in everyone:
        predicted = read_predictions(measurements, one.candidate, "select")
        figures = quality(truth, predicted, scores, task.ordered)
        known = {name: getattr(figures, name) for name in _SHOWN}
        found |= {f"{one.candidate}: {_SHOWN[name]}": value for name, value in known.items() if value is not None}
    return found
