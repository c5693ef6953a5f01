"""Tells a search what each epoch of a trial came to."""

from typing import Any

from components.shared.training.keras import keras
from components.shared.tuning import Report


class EpochReports(keras.callbacks.Callback):
    """Calls a function with the tune macro-F1 after each epoch; what it raises ends the training."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tells of the epoch that has ended."""
        self._report(logs["tune_macro_f1"])
