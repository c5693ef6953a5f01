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

from components.shared.errors import UserError

_BATCH = 32
_WARM_UP_REVIEWS = 64


@dataclass(frozen=True)
class Contender:
    """One way to predict.

    Attributes:
        name: In the table.
        factory: "module:function" that makes a predictor of raw texts from `directory`; imported in its process.
        directory: A bundle, or a trained candidate.
        baseline: Whether it is what others are compared with.
    """

    name: str
    factory: str
    directory: Path
    baseline: bool = False


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
        arguments = (theirs, contender.factory, contender.directory, list(texts), latency_reviews)
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


def _serve(pipe: Connection, factory: str, directory: Path, texts: list[str], latency_reviews: int) -> None:
    """Runs in the contender's process: loads it, then measures whenever it is told to."""
    module, _, name = factory.partition(":")
    predictor = getattr(importlib.import_module(module), name)(directory)
    predictor.predict(texts[:_WARM_UP_REVIEWS])
    pipe.send("ready")
    while pipe.recv() == "measure":
        pipe.send(_measure(predictor, texts, texts[:latency_reviews]))


def _measure(predictor: Any, texts: list[str], alone: list[str]) -> Mapping[str, float]:
    milliseconds = [_seconds(predictor, [text]) * 1000 for text in alone]
    whole = len(texts) // _BATCH * _BATCH
    batches = sum(_seconds(predictor, texts[start : start + _BATCH]) for start in range(0, whole, _BATCH))
    return {
        "rates": len(texts) / _seconds(predictor, texts),
        "batch_rates": whole / batches,
        "p50_ms": float(np.quantile(milliseconds, 0.5)),
        "p95_ms": float(np.quantile(milliseconds, 0.95)),
    }


def _seconds(predictor: Any, texts: list[str]) -> float:
    started = time.perf_counter()
    predictor.predict(texts)
    return time.perf_counter() - started
