"""Tries the ways to run one bundle: `python -m components.evaluate.trying`, a process that evaluation.py starts."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, TypeAdapter

from components.evaluate.measuring import time_one_by_one, time_passes
from components.shared.bundle import load_bundle
from components.shared.errors import UserError
from components.shared.predictors.base import Predictor
from components.shared.predictors.running import Execution, cores

#: Enough for a few batches of each length; all ways together should take a second or two.
_PASS_REVIEWS, _LEAST_REVIEWS, _PASS_SECONDS = 64, 16, 0.1
_ALONE_REVIEWS = 12
#: Fast models are timed for at least this long; a pass of theirs alone would be mostly noise.
_LEAST_SECONDS = 0.05
_TURNS = 2
#: Ways that differ by less than this cannot be told apart in so short a time.
_ABOUT_AS_FAST = 0.97


class Way(BaseModel):
    """A way to run a bundle, and how fast it was."""

    execution: Execution
    reviews_per_second: float
    p95_ms: float


WAYS = TypeAdapter(list[Way])


def try_ways(bundle: Path, texts: Sequence[str], processors: int) -> list[Way]:
    """Returns every way that was tried to run a bundle.

    First come threads and workers, at the batch size that the predictor thinks best; then batch sizes.

    Args:
        bundle: The bundle's directory.
        texts: Raw reviews.
        processors: How many there are to share.

    Raises:
        UserError: The bundle cannot be loaded.
    """
    ways = [(load_bundle(bundle, execution), execution) for execution in executions(processors)]
    sample = _sample(ways[0][0], texts)
    timed = _time_in_turns(ways, sample)
    best = fastest(timed).execution
    predictor = next(predictor for predictor, execution in ways if execution == best)
    sizes = [best.model_copy(update={"batch_size": size}) for size in predictor.batch_sizes]
    return timed + _time_in_turns([(predictor, execution) for execution in sizes], sample)


def _sample(predictor: Predictor, texts: Sequence[str]) -> list[str]:
    """Returns so many reviews that a pass over them is short, also for a slow model; enough for some batches."""
    seconds = float(np.median(time_one_by_one(predictor, texts[:_ALONE_REVIEWS]))) / 1000
    return list(texts[: min(max(int(_PASS_SECONDS / seconds), _LEAST_REVIEWS), _PASS_REVIEWS)])


def executions(processors: int) -> list[Execution]:
    """Returns the threads and workers to try: one thread, all threads, and a worker for each processor."""
    if processors == 1:
        return [Execution(threads=1)]
    return [
        Execution(threads=1),
        Execution(threads=processors),
        Execution(threads=1, workers=processors),
    ]


def fastest(ways: Sequence[Way]) -> Way:
    """Returns the way with the most reviews per second; of those that are about as fast, the one of lowest p95."""
    most = max(way.reviews_per_second for way in ways)
    return min((way for way in ways if way.reviews_per_second >= _ABOUT_AS_FAST * most), key=lambda way: way.p95_ms)


def _time_in_turns(ways: Sequence[tuple[Predictor, Execution]], sample: Sequence[str]) -> list[Way]:
    """Returns how fast each way is at its best: whatever else the machine does can only make one slower."""
    milliseconds = [time_one_by_one(_prepared(*way), sample[:_ALONE_REVIEWS]) for way in ways]
    for way in ways:
        _prepared(*way).predict(sample)  # loads the copies of the workers
    turns = [[_rate(_prepared(*way), sample) for way in ways] for _ in range(_TURNS)]
    return [
        Way(execution=execution, reviews_per_second=max(rates), p95_ms=float(np.quantile(alone, 0.95)))
        for (_, execution), alone, rates in zip(ways, milliseconds, zip(*turns, strict=True), strict=True)
    ]


def _prepared(predictor: Predictor, execution: Execution) -> Predictor:
    """Returns the predictor, set to an execution that differs from the one it was loaded for by its batch size."""
    predictor.execution = execution
    return predictor


def _rate(predictor: Predictor, sample: Sequence[str]) -> float:
    return max(time_passes(predictor, sample, least_passes=1, least_seconds=_LEAST_SECONDS))


def main() -> None:
    """Tries the bundle named on the command line; writes the ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True, help="JSON: split to raw reviews")
    parser.add_argument("--ways", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    texts = json.loads(arguments.texts.read_text(encoding="utf-8"))["select"]
    try:
        ways = try_ways(arguments.bundle, texts, cores())
    except UserError as error:
        sys.exit(str(error))
    arguments.ways.write_bytes(WAYS.dump_json(ways))


if __name__ == "__main__":
    main()
