"""Which of a candidate's run times is taken, with how many threads: what is fastest when tried on some reviews."""

import sys
from collections.abc import Callable
from pathlib import Path

from components.evaluate.trying import WAYS, Way, fastest
from components.shared.bundle import read_manifest
from components.shared.predictors.models import RUNTIMES
from components.shared.predictors.running import Execution, cores
from components.shared.records.candidates import onnx_directory, read_no_onnx
from components.shared.records.measurements import TriedRuntime


class MeasuringFailedError(Exception):
    """One candidate could not be measured; the message says why."""


def choose_way(
    bundle: Path, texts: Path, run: Callable[[list[str]], None]
) -> tuple[Path, Execution | None, tuple[TriedRuntime, ...]]:
    """Returns the fastest bundle of a candidate, how to run it, and all that was tried.

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
    working: dict[Path, Way] = {}
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
        working[directory] = fastest(ways)
    if not working:
        raise MeasuringFailedError("; ".join(one.note for one in tried))
    best = fastest(list(working.values()))
    return next(directory for directory, way in working.items() if way is best), best.execution, tuple(tried)


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
