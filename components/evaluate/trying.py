"""Tries the ways to run one bundle: `python -m components.evaluate.trying`, a process that ways.py starts."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
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
#: A way is given up for a simpler one that is slower by no more than this share. Trials of one way, repeated on a
#: machine at work, differ by about so much; the run times of one model, where it matters, by far more (a third or a
#: factor).
NEAR_TIE = 0.2


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
    best = preferred(simplest_first(timed)).execution
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


def simplest_first(ways: Iterable[Way]) -> list[Way]:
    """Returns ways to run one bundle by fewer workers, fewer threads, the batch size that the predictor thinks best
    before others, smaller batches.
    """
    return sorted(
        ways,
        key=lambda way: (way.execution.workers, way.execution.threads or cores(), way.execution.batch_size or 0),
    )


def preferred(ways: Sequence[Way]) -> Way:
    """Returns the first of the ways that are nearly as fast as the fastest, by reviews per second.

    Trials are short, and on a machine that does something else besides another way wins each time. Of near ties the
    order decides, so that two runs take the same way: what is chosen is never slower than the fastest by more than
    NEAR_TIE. The measure is the fastest way, not the next one up, or a row of near ties could end at a slow one.

    Args:
        ways: At least one, in the order in which they are preferred.
    """
    most = max(way.reviews_per_second for way in ways)
    return next(way for way in ways if way.reviews_per_second >= (1 - NEAR_TIE) * most)


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
