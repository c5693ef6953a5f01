"""Measures one bundle in this process: `python -m components.evaluate.measuring`; evaluation.py starts it.

The process holds what scoring holds and no more (no review table, no other candidate), so that its memory and
its start-up speak of the candidate.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluate.load import read_load
from components.shared.bundle import load_bundle
from components.shared.errors import UserError
from components.shared.predictors.base import Predictor, Probabilities
from components.shared.predictors.running import Execution
from components.shared.records.measurements import Spread

_FIRST_REVIEW = "Lovely fabric, but it runs small."
_WARM_UP_REVIEWS = 5
#: Throughput is measured on this many reviews: a slow model needs seconds for them, not minutes.
_PASS_REVIEWS = 256
_LEAST_PASSES = 3
#: Fast models are timed for at least this long; a pass of theirs alone would be mostly noise.
_LEAST_SECONDS = 0.5
#: What is timed is repeated until its spread is this share of its median, or the time is up.
_SMALL_SPREAD = 0.1
_MOST_PASS_SECONDS, _MOST_LATENCY_SECONDS = 0.8, 0.15
_KIB_PER_MB = 1000 * 1000 / 1024


def start(bundle: Path, execution: Execution | None = None) -> Predictor:
    """Returns the predictor of a bundle after its first prediction: the process has started up.

    Args:
        bundle: The bundle's directory.
        execution: How to run it; None means as its manifest says.

    Raises:
        UserError: The bundle cannot be loaded.
    """
    predictor = load_bundle(bundle, execution)
    predictor.predict([_FIRST_REVIEW])
    return predictor


def measure(
    predictor: Predictor, texts: dict[str, list[str]], latency_reviews: int
) -> tuple[dict[str, Any], dict[str, Probabilities]]:
    """Returns the figures of a model and its probabilities for each split.

    Args:
        predictor: Started.
        texts: Raw reviews of the splits "select" and "test".
        latency_reviews: Number of select reviews timed one by one.

    Returns:
        The figures that only this process can know, by their names in `measurements.Measurement`, and the
        probabilities of each split, shape (n, classes).

    Raises:
        UserError: The model does not predict probabilities.
    """
    select = texts["select"]
    timed = select[:latency_reviews]
    rounds = time_rounds(predictor, timed)
    milliseconds = np.concatenate(rounds)
    cpu_seconds = time.process_time()
    rates = time_passes(predictor, select[:_PASS_REVIEWS], most_seconds=_MOST_PASS_SECONDS)
    passed = len(rates) * len(select[:_PASS_REVIEWS])
    cpu_seconds_per_1000 = (time.process_time() - cpu_seconds) / passed * 1000
    load = asdict(read_load())  # what is timed has ended
    probabilities = {split: _checked(predictor, raw) for split, raw in texts.items()}
    figures = {
        "latency_reviews": len(timed),
        "latency_p50_ms": float(np.quantile(milliseconds, 0.5)),
        "latency_p95_ms": float(np.quantile(milliseconds, 0.95)),
        "latency_p99_ms": float(np.quantile(milliseconds, 0.99)),
        "latency_timings": len(milliseconds),
        "latency_rounds": Spread.of([float(np.quantile(one, 0.95)) for one in rounds]).model_dump(),
        "cpu_seconds_per_1000": cpu_seconds_per_1000,
        "reviews_per_second": Spread.of(rates).model_dump(),
        "peak_memory_mb": _memory_mb("VmHWM"),
        "cpu_seconds": time.process_time(),
        "load": load,
    }
    return figures, probabilities


def time_rounds(predictor: Predictor, texts: Sequence[str]) -> list[list[float]]:
    """Returns the milliseconds that each review took alone, in rounds over all of them, after a warm-up.

    Quick models are timed again until the 95 % quantiles of the rounds differ little, or the time is up.
    """
    began = time.perf_counter()
    rounds = [time_one_by_one(predictor, texts)]
    quantiles = [float(np.quantile(rounds[0], 0.95))]
    while time.perf_counter() - began < _MOST_LATENCY_SECONDS and not _is_steady(quantiles):
        rounds.append(_time_each(predictor, texts))
        quantiles.append(float(np.quantile(rounds[-1], 0.95)))
    return rounds


def time_one_by_one(predictor: Predictor, texts: Sequence[str]) -> list[float]:
    """Returns the milliseconds that each review took alone, after a warm-up."""
    for text in texts[:_WARM_UP_REVIEWS]:
        predictor.predict([text])
    return _time_each(predictor, texts)


def time_passes(
    predictor: Predictor,
    texts: Sequence[str],
    least_passes: int = _LEAST_PASSES,
    least_seconds: float = _LEAST_SECONDS,
    most_seconds: float = 0.0,
) -> list[float]:
    """Returns the reviews per second of each of several passes over the texts.

    Args:
        predictor: Started.
        texts: Raw reviews.
        least_passes: At least so many passes.
        least_seconds: At least so long.
        most_seconds: Until the passes differ little, but no longer than this.
    """
    began = time.perf_counter()
    rates: list[float] = []
    spent = 0.0
    while len(rates) < least_passes or spent < least_seconds:
        rates.append(_time_pass(predictor, texts))
        spent += len(texts) / rates[-1]
    while time.perf_counter() - began < most_seconds and not _is_steady(rates):
        rates.append(_time_pass(predictor, texts))
    return rates


def _time_pass(predictor: Predictor, texts: Sequence[str]) -> float:
    """Returns the reviews per second of one pass."""
    start = time.perf_counter()
    predictor.predict(texts)
    return len(texts) / (time.perf_counter() - start)


def _time_each(predictor: Predictor, texts: Sequence[str]) -> list[float]:
    milliseconds = []
    for text in texts:
        start = time.perf_counter()
        predictor.predict([text])
        milliseconds.append((time.perf_counter() - start) * 1000)
    return milliseconds


def _is_steady(values: Sequence[float]) -> bool:
    """Returns whether there are enough values to tell, and they differ little."""
    if len(values) < _LEAST_PASSES:
        return False
    spread = Spread.of(values)
    return spread.high - spread.low <= _SMALL_SPREAD * spread.median


def _checked(predictor: Predictor, texts: list[str]) -> Probabilities:
    predicted = predictor.predict(texts)
    expected = (len(texts), len(predictor.task.labels))
    if predicted.shape != expected:
        raise UserError(f"the model predicts an array of shape {predicted.shape}, expected {expected}")
    if not np.isfinite(predicted).all() or not np.allclose(predicted.sum(axis=1), 1, atol=0.05):
        raise UserError("the model's predictions are not probabilities (not finite, or not adding up to 1)")
    return predicted


def _memory_mb(figure: str) -> float:
    """Returns "VmRSS", the resident memory, or "VmHWM", the largest it was, in 10^6 bytes."""
    # Not ru_maxrss: across fork and exec it keeps the memory of the process that started this one.
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{figure}:"):
            return int(line.split()[1]) / _KIB_PER_MB
    raise OSError(f"/proc/self/status has no {figure} line")


def main() -> None:
    """Measures the bundle named on the command line; writes its figures and its predictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True, help="JSON: split to raw reviews")
    parser.add_argument("--latency-reviews", type=int, required=True)
    parser.add_argument("--execution", type=Execution.model_validate_json, help="JSON; as in the manifest by default")
    parser.add_argument("--started", type=float, required=True, help="monotonic seconds when this was started")
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--only-start", action="store_true", help="measure how long starting takes, no more")
    parser.add_argument("--questions", type=Path, help="JSON: texts to predict once everything is measured")
    parser.add_argument("--answers", type=Path, help="file to write: their probabilities, shape (n, classes)")
    arguments = parser.parse_args()
    try:
        predictor = start(arguments.bundle, arguments.execution)
        startup_seconds = time.monotonic() - arguments.started
        figures: dict[str, Any] = {"startup_seconds": startup_seconds, "loaded_memory_mb": _memory_mb("VmRSS")}
        figures["load"] = asdict(read_load())
        if not arguments.only_start:
            texts = json.loads(arguments.texts.read_text(encoding="utf-8"))
            measured, probabilities = measure(predictor, texts, arguments.latency_reviews)
            figures |= measured
            np.savez(arguments.predictions, allow_pickle=False, **probabilities)
        if arguments.questions:
            questions = json.loads(arguments.questions.read_text(encoding="utf-8"))
            np.save(arguments.answers, _checked(predictor, questions), allow_pickle=False)
    except UserError as error:
        sys.exit(str(error))
    arguments.figures.write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
