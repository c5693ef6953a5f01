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
_PASS_REVIEWS = 64
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
    sample = list(texts[:_PASS_REVIEWS])
    predictors = [load_bundle(bundle, execution) for execution in executions(processors)]
    ways = _time_in_turns(predictors, sample)
    best = fastest(ways).execution
    sizes = [best.model_copy(update={"batch_size": size}) for size in predictors[0].batch_sizes]
    return ways + _time_in_turns([load_bundle(bundle, execution) for execution in sizes], sample)


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


def _time_in_turns(predictors: Sequence[Predictor], sample: Sequence[str]) -> list[Way]:
    """Returns how fast each predictor is at its best: whatever else the machine does can only make one slower."""
    milliseconds = [time_one_by_one(predictor, sample[:_ALONE_REVIEWS]) for predictor in predictors]
    for predictor in predictors:
        predictor.predict(sample)  # loads the copies of the workers
    turns = [[_rate(predictor, sample) for predictor in predictors] for _ in range(_TURNS)]
    return [
        Way(
            execution=predictor.execution,
            reviews_per_second=max(rates),
            p95_ms=float(np.quantile(alone, 0.95)),
        )
        for predictor, alone, rates in zip(predictors, milliseconds, zip(*turns, strict=True), strict=True)
    ]


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
