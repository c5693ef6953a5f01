import sys
from subprocess import run

import numpy as np
import pytest

from components.evaluate import measuring
from components.evaluate.measuring import measure, start, time_one_by_one, time_passes, time_rounds
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory
from components.shared.records.measurements import Spread

_TEXTS = {"select": ["love it", "awful hole", "okay"] * 4, "test": ["nice", ""]}


class _Predictor:
    """Returns what it is told to, and counts the reviews of its calls."""

    def __init__(self, task=None, answer=None):
        self.task, self.answer, self.calls = task, answer, []

    def predict(self, texts):
        self.calls.append(len(texts))
        return self.answer(texts) if self.answer else np.full((len(texts), 5), 0.2, dtype=np.float32)


def test_a_bundle_is_measured_and_predicts_both_splits(trained):
    figures, probabilities = measure(start(bundle_directory(trained.sources[0], "logistic")), _TEXTS, 5)
    assert {split: rows.shape for split, rows in probabilities.items()} == {"select": (12, 5), "test": (2, 5)}
    assert figures["latency_reviews"] == 5
    assert 0 < figures["latency_p50_ms"] <= figures["latency_p95_ms"]
    assert figures["latency_p95_ms"] <= figures["latency_p99_ms"]
    assert figures["latency_timings"] == 5 * figures["latency_rounds"]["repetitions"]
    assert figures["cpu_seconds_per_1000"] > 0
    assert figures["peak_memory_mb"] > 20
    spread = Spread(**figures["reviews_per_second"])
    assert 0 < spread.low <= spread.median <= spread.high


def test_each_review_is_timed_alone_after_a_warm_up():
    predictor = _Predictor()
    assert len(time_one_by_one(predictor, ["a"] * 20)) == 20
    assert set(predictor.calls) == {1}
    assert len(predictor.calls) == 25


class _Clock:
    """A clock that only moves when it is told to."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(measuring.time, "perf_counter", lambda: self.now)

    def predictor(self, seconds):
        """Returns a predictor whose calls take these seconds, one after the other, then always the last."""
        remaining = list(seconds)

        def answer(texts):
            self.now += remaining.pop(0) if len(remaining) > 1 else remaining[0]
            return np.full((len(texts), 5), 0.2, dtype=np.float32)

        return _Predictor(answer=answer)


def test_passes_that_differ_little_are_not_repeated(monkeypatch):
    assert len(time_passes(_Clock(monkeypatch).predictor([0.2]), ["a"] * 7, most_seconds=60.0)) == 3


def test_passes_are_repeated_until_they_differ_little_or_the_time_is_up(monkeypatch):
    settling = _Clock(monkeypatch).predictor([0.2, 0.6, 0.2])
    assert 3 < len(time_passes(settling, ["a"] * 7, most_seconds=60.0)) < 100
    unsteady = _Clock(monkeypatch).predictor([0.2, 0.6] * 100)
    assert len(time_passes(unsteady, ["a"] * 7, most_seconds=2.0)) == 6


def test_quick_models_time_each_review_in_several_rounds_and_slow_ones_once(monkeypatch):
    monkeypatch.setattr(measuring, "_WARM_UP_REVIEWS", 0)
    assert len(time_rounds(_Clock(monkeypatch).predictor([0.001]), ["a"] * 10)) == 3
    assert len(time_rounds(_Clock(monkeypatch).predictor([1.0]), ["a"] * 10)) == 1


def test_a_slow_model_is_passed_over_at_least_three_times():
    predictor = _Predictor()
    assert len(time_passes(predictor, ["a"] * 7, least_seconds=0.0)) == 3
    assert predictor.calls == [7, 7, 7]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda texts: np.full((len(texts), 5), np.nan), "not probabilities"),
        (lambda texts: np.full((len(texts), 5), 0.5), "not probabilities"),
        (lambda texts: np.full((len(texts), 4), 0.25), "shape"),
    ],
)
def test_predictions_that_are_no_probabilities_are_refused(trained, answer, message):
    task = start(bundle_directory(trained.sources[0], "logistic")).task
    with pytest.raises(UserError, match=message):
        measure(_Predictor(task, answer), _TEXTS, 2)


def test_the_measuring_process_holds_the_predictor_and_no_more():
    foreign = ("tensorflow", "onnxruntime", "matplotlib", "tqdm", "jinja2", "yaml", "ftfy")
    foreign += ("components.shared.reviews", "components.shared.services.predictors")
    script = f"import sys, components.evaluate.measuring; print([name for name in {foreign} if name in sys.modules])"
    assert run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"
