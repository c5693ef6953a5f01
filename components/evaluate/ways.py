"""Which of a candidate's run times is taken, with how many threads: the simplest of those fastest when tried."""

import sys
from collections.abc import Callable
from pathlib import Path

from components.evaluate.processes import MeasuringFailedError
from components.evaluate.trying import WAYS, Way, preferred, simplest_first
from components.shared.bundle import read_manifest
from components.shared.predictors.models import RUNTIMES
from components.shared.predictors.running import Execution, cores
from components.shared.records.candidates import onnx_directory, read_no_onnx
from components.shared.records.measurements import TriedRuntime


def choose_way(
    bundle: Path, texts: Path, run: Callable[[list[str]], None]
) -> tuple[Path, Execution | None, tuple[TriedRuntime, ...]]:
    """Returns which bundle of a candidate to measure, how to run it, and all that was tried.

    Of the ways that are nearly as fast as the fastest (see `trying.preferred`) it is the first in this order: the run
    time of the candidate's own bundle, fewer workers, fewer threads, the predictor's own batch size. A run time and a
    batch size may change a prediction by a rounding, so that the same seed should take the same ones whatever else
    the machine does.

    A run time in which the candidate does not work is noted; the others go on. Models that LiteRT and ONNX Runtime
    have no part in are not tried.

    Args:
        bundle: The candidate's bundle; the one for ONNX Runtime, or why there is none, is beside it.
        texts: JSON file, split to raw reviews; those of select are read.
        run: Runs a command to its end.

    Raises:
        UserError: The bundle cannot be used.
        MeasuringFailedError: It works in no run time, or `run` says so.
    """
    if read_manifest(bundle).runtime not in RUNTIMES:
        return bundle, None, ()
    candidates, candidate = bundle.parents[1], bundle.parent.name
    tried: list[TriedRuntime] = []
    working: list[tuple[Path, Way]] = []
    onnx = onnx_directory(candidates, candidate)
    for runtime, directory in zip(RUNTIMES, (bundle, onnx), strict=True):
        if not directory.is_dir():
            tried.append(TriedRuntime(runtime=runtime, note=read_no_onnx(candidates, candidate) or "not built"))
            continue
        try:
            ways = _try(directory, texts, run)
        except MeasuringFailedError as failure:
            tried.append(TriedRuntime(runtime=runtime, note=str(failure)))
            continue
        tried += [_tried(runtime, way) for way in ways]
        working += [(directory, way) for way in simplest_first(ways)]
    if not working:
        raise MeasuringFailedError("; ".join(one.note for one in tried))
    best = preferred([way for _, way in working])
    return next(directory for directory, way in working if way is best), best.execution, tuple(tried)


def _try(bundle: Path, texts: Path, run: Callable[[list[str]], None]) -> list[Way]:
    ways = texts.with_name("ways.json")
    command = [sys.executable, "-m", "components.evaluate.trying"]
    run([*command, "--bundle", str(bundle), "--texts", str(texts), "--ways", str(ways)])
    return WAYS.validate_json(ways.read_bytes())


def _tried(runtime: str, way: Way) -> TriedRuntime:
    return TriedRuntime(
        runtime=runtime,
        threads=way.execution.threads or cores(),
        workers=way.execution.workers,
        batch_size=way.execution.batch_size,
        reviews_per_second=way.reviews_per_second,
        p95_ms=way.p95_ms,
    )
