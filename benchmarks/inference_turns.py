"""Contenders of the inference benchmark, each in a process of its own, measured turn by turn, one at a time."""

import importlib
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from components.shared.bundle import load_bundle
from components.shared.errors import UserError
from components.shared.predictors.running import AS_PREDICTOR_THINKS, Execution

_BATCH = 32
_WARM_UP_REVIEWS = 64


@dataclass(frozen=True)
class Contender:
    """One way to predict.

    Attributes:
        name: In the table.
        directory: A bundle, or the trained candidate of a baseline.
        execution: How a bundle is run.
        baseline: Class in `benchmarks.baselines` that others are compared with; empty: a bundle.
    """

    name: str
    directory: Path
    execution: Execution = AS_PREDICTOR_THINKS
    baseline: str = ""


@dataclass
class Figures:
    """What was measured of one contender, one value a turn.

    Attributes:
        contender: Whose.
        rates: Reviews a second of all reviews at once, in the order they come.
        batch_rates: Reviews a second in calls of 32.
        p50_ms, p95_ms: Quantiles of the time for one review alone.
    """

    contender: Contender
    rates: list[float] = field(default_factory=list)
    batch_rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)


def take_turns(
    contenders: Sequence[Contender], texts: Sequence[str], latency_reviews: int, turns: int
) -> dict[str, Figures]:
    """Measures every contender in every turn, one after the other; returns its figures by name.

    Args:
        contenders: With different names.
        texts: Raw reviews.
        latency_reviews: So many of them are timed one by one.
        turns: How often.

    Raises:
        UserError: A contender cannot be loaded or fails.
    """
    workers = {one.name: _Worker(one, texts, latency_reviews) for one in contenders}
    figures = {one.name: Figures(one) for one in contenders}
    try:
        with tqdm(total=turns * len(workers), desc="turns", unit="contender", mininterval=1.0) as progress:
            for _ in range(turns):
                for name, worker in workers.items():
                    for key, value in worker.measure().items():
                        getattr(figures[name], key).append(value)
                    progress.update()
    finally:
        for worker in workers.values():
            worker.stop()
    return figures


class _Worker:
    """The process of one contender."""

    def __init__(self, contender: Contender, texts: Sequence[str], latency_reviews: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._name = contender.name
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, contender, list(texts), latency_reviews)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self._receive()

    def measure(self) -> dict[str, float]:
        """Returns the figures of one turn, by the names in `Figures`."""
        self._pipe.send("measure")
        return self._receive()

    def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.join()

    def _receive(self) -> Any:
        try:
            answer = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise UserError(
                f"{self._name}: its process ended with exit code {self._process.exitcode}; see its output above"
            ) from None
        return answer


def _serve(pipe: Connection, contender: Contender, texts: list[str], latency_reviews: int) -> None:
    """Runs in the contender's process: loads it, then measures whenever it is told to."""
    predictor = _load(contender)
    predictor.predict(texts[:_WARM_UP_REVIEWS])
    pipe.send("ready")
    while pipe.recv() == "measure":
        pipe.send(_measure(predictor, texts, texts[:latency_reviews]))


def _load(contender: Contender) -> Any:
    if not contender.baseline:
        return load_bundle(contender.directory, contender.execution)
    # Imports TensorFlow, which the others do without.
    baselines = importlib.import_module("benchmarks.baselines")
    return getattr(baselines, contender.baseline)(contender.directory)


def _measure(predictor: Any, texts: list[str], alone: list[str]) -> Mapping[str, float]:
    milliseconds = [_seconds(predictor, [text]) * 1000 for text in alone]
    batches = sum(_seconds(predictor, texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH))
    return {
        "rates": len(texts) / _seconds(predictor, texts),
        "batch_rates": len(texts) / batches,
        "p50_ms": float(np.quantile(milliseconds, 0.5)),
        "p95_ms": float(np.quantile(milliseconds, 0.95)),
    }


def _seconds(predictor: Any, texts: list[str]) -> float:
    started = time.perf_counter()
    predictor.predict(texts)
    return time.perf_counter() - started
