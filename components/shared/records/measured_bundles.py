"""Which of a candidate's bundles was measured, and how it was run: what is used of it must be what was measured."""

from collections.abc import Iterable
from pathlib import Path

from components.shared.bundle import read_manifest
from components.shared.predictors.models import RUNTIMES
from components.shared.predictors.running import Execution
from components.shared.records.candidates import list_bundles, onnx_directory
from components.shared.records.measurements import Measurement


def measured_bundle(one: Measurement, sources: Iterable[Path]) -> Path:
    """Returns the bundle of the run time that was measured.

    Args:
        one: A measured candidate, not the champion.
        sources: Directories of candidates, one of which has it.
    """
    bundle = next(bundles[one.candidate] for bundles in map(list_bundles, sources) if one.candidate in bundles)
    if one.runtime == read_manifest(bundle).runtime:
        return bundle
    return onnx_directory(bundle.parents[1], one.candidate)


def measured_execution(one: Measurement) -> Execution | None:
    """Returns threads, workers and batch size as measured; None if the model cannot be run in several ways."""
    if one.runtime not in RUNTIMES:
        return None
    return Execution(threads=one.threads, workers=one.workers, batch_size=one.batch_size)
