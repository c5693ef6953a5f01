"""What a search hears of a training, on the tiny LSTM: each epoch's score, a question for time after each batch."""

from typing import Any

import pytest

from components.shared.records.candidates import checkpoint_directory
from components.shared.training import fitting
from components.shared.training.batches import steps_per_epoch
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.epoch_reports import EpochReports
from components.shared.training.examples import read_examples
from components.shared.training.fitting import FitSettings, fit
from components.shared.tuning import TrialStopped

_BATCH, _PREDICTED_BATCH = 8, 16
_STEPS, _PREDICTIONS = steps_per_epoch(60, _BATCH), 3  # 60 reviews of train, 40 of tune


class _Report:
    """Lets a trial go on until it has asked for time so often."""

    def __init__(self, most_asked: int) -> None:
        self.heard: list[float | str] = []
        self._most_asked = most_asked

    def __call__(self, score: float) -> None:
        self.heard.append(score)

    def check_time(self) -> None:
        if self.heard.count("time?") == self._most_asked:
            raise TrialStopped
        self.heard.append("time?")


def _train(tiny: Any, report: Any, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.setattr(fitting, "_PREDICTION_BATCH", _PREDICTED_BATCH)
    parent = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    train, tune = (read_examples(parent.architecture, tiny.features, split) for split in ("train", "tune"))
    settings = FitSettings(epochs=2, batch_size=_BATCH, learning_rate=0.01, seed=1)
    reports = [EpochReports(report)]
    return fit(
        parent.architecture, parent.build(), train, tune, (1.0, 1.0, 1.0), settings, callbacks=reports
    ).tune_macro_f1


def test_each_epoch_is_told_and_time_is_asked_for_after_each_batch(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = _Report(most_asked=1000)
    first, second = _train(tiny, report, monkeypatch)
    asked: list[float | str] = ["time?"] * (_STEPS + _PREDICTIONS)
    assert report.heard == [*asked, first, *asked, second]


@pytest.mark.parametrize("asked", [2, _STEPS + 1], ids=["learning", "judging on tune"])
def test_a_training_ends_within_an_epoch(tiny: Any, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    report = _Report(most_asked=asked)
    with pytest.raises(TrialStopped):
        _train(tiny, report, monkeypatch)
    assert report.heard == ["time?"] * asked
