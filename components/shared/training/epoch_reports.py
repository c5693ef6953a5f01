"""Tells a search what each epoch of a trial came to, and lets it end a trial within an epoch."""

from typing import Any

from components.shared.training.keras import keras
from components.shared.tuning import Report


class EpochReports(keras.callbacks.Callback):
    """Reports the tune macro-F1 after each epoch and asks after each batch whether there is time left.

    What the report raises ends the training.
    """

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tells of the epoch that has ended."""
        self._report(logs["tune_macro_f1"])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends the training if the time is up."""
        self._report.check_time()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Ends the training if the time is up while it is judged on tune."""
        self._report.check_time()
