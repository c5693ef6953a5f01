"""Measures candidates one after the other, each in a process of its own, so that none disturbs another.

A candidate whose process crashes is recorded as failed; the others go on.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from components.evaluate.energy import EnergyMeter
from components.evaluate.machine import describe_machine, is_busy, wait_until_quiet
from components.evaluate.services import measure_service
from components.evaluate.ways import MeasuringFailedError, choose_way
from components.shared.bundle import content_fingerprint, gzip_bytes, read_manifest, size_bytes
from components.shared.errors import UserError
from components.shared.files import atomic_path
from components.shared.gpu import GpuMeter
from components.shared.predictors.models import RUNTIMES
from components.shared.predictors.running import Execution, cores
from components.shared.records.candidates import list_bundles, read_failures
from components.shared.records.features import read_features, read_split
from components.shared.records.measurements import (
    CHAMPION,
    MEASURED_SPLITS,
    MEASUREMENTS,
    Champion,
    Measurement,
    Measurements,
    Power,
    Spread,
    predictions_path,
)
from components.shared.records.plan import read_plan
from components.shared.records.task import Task
from components.shared.services.record import ServiceRecord, read_records
from components.shared.texts.text import join_titles

_TIMEOUT_SECONDS = 3600
#: Starting up is most of what a small model costs a day: one process alone would measure the disk's cache.
_STARTS = 3
#: Passes that differ by more than this share of their median are said to.
_LARGE_SPREAD = 0.3


def evaluate_candidates(
    features: Path,
    plan: Path,
    sources: Iterable[Path],
    champion: Path,
    latency_reviews: int,
    destination: Path,
) -> None:
    """Measures every candidate and the champion, and writes `measurements.Measurements` with predictions.

    Args:
        features: Directory of features; the splits select and test are predicted.
        plan: The plan, from define.
        sources: Directories of candidates.
        champion: The bundle that is deployed; may be missing.
        latency_reviews: Number of select reviews timed one by one, at least 1.
        destination: Directory to write, see components/shared/records/measurements.py.

    Raises:
        UserError: There is no candidate, or `latency_reviews` is not positive.
    """
    if latency_reviews < 1:
        raise UserError(f"latency_reviews is {latency_reviews}; time at least 1 review")
    sources = list(sources)
    bundles = {name: bundle for source in sources for name, bundle in list_bundles(source).items()}
    records = {name: record for source in sources for name, record in read_records(source).items()}
    for name, record in records.items():
        if record.offer is not None and record.offer.status != "measured":
            bundles.pop(name, None)
    if not bundles:
        raise UserError(f"{', '.join(map(str, sources))}: no candidate to evaluate; run the training steps first")
    failures = {name: reason for source in sources for name, reason in read_failures(source).items()}
    for name in _planned(plan) - bundles.keys() - failures.keys():
        failures[name] = "was planned, but no step delivered it"
    task = read_features(features).task
    deployed = _inspect_champion(champion, task)

    with atomic_path(destination) as staged, tempfile.TemporaryDirectory() as scratch:
        predictions_path(staged, CHAMPION).parent.mkdir(parents=True)
        texts = Path(scratch) / "texts.json"
        texts.write_text(json.dumps(_raw_texts(features)), encoding="utf-8")

        energy = EnergyMeter()
        measured = []
        for name, bundle in tqdm(bundles.items(), desc="evaluate", unit="candidate", mininterval=1):
            try:
                measured.append(_measure_any(name, bundle, records.get(name), texts, latency_reviews, staged, energy))
            except MeasuringFailedError as failure:
                failures[name] = f"could not be measured: {failure}"

        champion_measurement = None
        if deployed.status == "measured":
            try:
                champion_measurement = _measure(CHAMPION, champion, texts, latency_reviews, staged, energy)
            except MeasuringFailedError as failure:
                deployed = Champion(status="unmeasured", note=str(failure))

        result = Measurements(
            machine=describe_machine().model_copy(update={"power": _power_of_machine(energy.power, measured)}),
            candidates=tuple(measured),
            failures=failures,
            champion=deployed,
            champion_measurement=champion_measurement,
            # The candidates of one service, plain and balanced, tell the same offer.
            services=tuple(dict.fromkeys(record.offer for record in records.values() if record.offer is not None)),
        )
        (staged / MEASUREMENTS).write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _planned(plan: Path) -> set[str]:
    """Returns the candidates that must be there; which variant the best one is, the plan does not know."""
    return {cell.candidate for cell in read_plan(plan).cells if cell.applies and not cell.variant}


def _raw_texts(features: Path) -> dict[str, list[str]]:
    tables = {split: read_split(features, split) for split in MEASURED_SPLITS}
    return {split: join_titles(table["title"], table["text"]) for split, table in tables.items()}


def _inspect_champion(champion: Path, task: Task) -> Champion:
    """Returns status "measured" for a champion that can be compared, another with a note if it cannot."""
    if champion.is_symlink() and not champion.exists():
        return Champion(
            status="missing", note=f"{champion.name} points to {os.readlink(champion)}, which is not there"
        )
    if not champion.exists():
        return Champion(status="none")
    try:
        manifest = read_manifest(champion)
    except UserError as error:
        return Champion(status="unmeasured", note=str(error))
    if manifest.runtime == "service":
        return Champion(status="service", note="it is a paid service, and measuring it would cost money")
    labels = manifest.task.labels
    if labels != task.labels:
        return Champion(
            status="other labels", note=f"it predicts {', '.join(labels)}, the candidates {', '.join(task.labels)}"
        )
    return Champion(status="measured")


def _measure_any(
    name: str,
    bundle: Path,
    record: ServiceRecord | None,
    texts: Path,
    latency_reviews: int,
    destination: Path,
    energy: EnergyMeter,
) -> Measurement:
    """Measures a model in a process of its own, a paid service by the calls that bought its answers."""
    if record is None or record.offer is None:
        measurement = _measure_fastest(name, bundle, texts, latency_reviews, destination, energy)
        return measurement.model_copy(update={"notes": record.notes if record else ()})
    try:
        return measure_service(name, bundle, record, predictions_path(destination, name))
    except UserError as error:
        raise MeasuringFailedError(str(error)) from error


def _measure_fastest(
    name: str, bundle: Path, texts: Path, latency_reviews: int, destination: Path, energy: EnergyMeter
) -> Measurement:
    """Measures a candidate in the run time, and with the threads, that were the fastest when tried."""
    try:
        directory, execution, tried = choose_way(bundle, texts, _run_process)
    except UserError as error:
        raise MeasuringFailedError(str(error)) from error
    measurement = _measure(name, directory, texts, latency_reviews, destination, energy, execution)
    return measurement.model_copy(update={"tried": tried})


def _measure(
    name: str,
    bundle: Path,
    texts: Path,
    latency_reviews: int,
    destination: Path,
    energy: EnergyMeter,
    execution: Execution | None = None,
) -> Measurement:
    try:
        manifest = read_manifest(bundle)
    except UserError as error:
        raise MeasuringFailedError(str(error)) from error
    execution = execution or manifest.execution
    busy_share, load_average = wait_until_quiet(), os.getloadavg()[0]
    figures = _run_measuring(bundle, execution, texts, latency_reviews, predictions_path(destination, name), energy)
    measurement = Measurement(
        candidate=name,
        model=manifest.model,
        chain=manifest.chain,
        base_model=manifest.base_model,
        runtime=manifest.runtime,
        threads=execution.threads or (cores() if manifest.runtime in RUNTIMES else 1),
        workers=execution.workers,
        batch_size=execution.batch_size,
        content=content_fingerprint(manifest),
        size_bytes=size_bytes(bundle),
        gzip_bytes=gzip_bytes(bundle),
        training=manifest.training,
        load_average=load_average,
        busy_share=busy_share,
        **figures,
    )
    return measurement.model_copy(update={"warnings": _warnings(measurement)})


def _run_measuring(
    bundle: Path, execution: Execution, texts: Path, latency_reviews: int, predictions: Path, energy: EnergyMeter
) -> dict[str, Any]:
    figures = texts.with_name("figures.json")
    command = [sys.executable, "-m", "components.evaluate.measuring"]
    command += ["--bundle", str(bundle), "--texts", str(texts), "--latency-reviews", str(latency_reviews)]
    command += ["--figures", str(figures), "--predictions", str(predictions)]
    command += ["--execution", execution.model_dump_json()]

    def run(*options: str) -> dict[str, Any]:
        _run_process([*command, *options, "--started", repr(time.monotonic())])
        return json.loads(figures.read_text(encoding="utf-8"))

    starts = [run("--only-start") for _ in range(_STARTS - 1)]
    with energy.counted() as counted, GpuMeter() as gpu:
        measured = run()
    measured |= _energy_figures(measured, energy.power, counted.joules)
    if gpu.use is not None:
        measured |= {"gpu_share": gpu.use.share, "gpu_memory_mb": gpu.use.memory_mb}
    seconds = [process["startup_seconds"] for process in (*starts, measured)]
    return measured | {"startup_seconds": Spread.of(seconds)}


def _energy_figures(measured: dict[str, Any], power: Power, joules: float | None) -> dict[str, Any]:
    """Returns the energy of 1,000 reviews, and what it was reckoned with.

    Args:
        measured: Figures of the process.
        power: Of the machine.
        joules: What the processor counted while the process ran; None if it does not count.
    """
    if joules is not None:
        power = power.model_copy(update={"watts_per_core": joules / measured["cpu_seconds"]})
    seconds = 1000 / measured["reviews_per_second"]["median"]
    return {"energy_wh_per_1000": power.energy_wh(measured["cpu_seconds_per_1000"], seconds), "power": power}


def _power_of_machine(power: Power, measured: Sequence[Measurement]) -> Power:
    """Returns the power of the machine, where its energy is counted that of a core over all that was measured."""
    counted = [one.power.watts_per_core for one in measured if one.power and one.power.watts_per_core is not None]
    return power.model_copy(update={"watts_per_core": statistics.median(counted)}) if counted else power


def _run_process(command: list[str]) -> None:
    """Runs a process that measures; raises MeasuringFailedError if it does not end well."""
    try:
        process = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasuringFailedError(f"not done after {_TIMEOUT_SECONDS / 3600:g} hours") from error
    if process.returncode:
        raise MeasuringFailedError(_explain_exit(process.returncode, process.stderr))


def _explain_exit(code: int, stderr: str) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name} (exit code {code})"
    lines = stderr.strip().splitlines() or ["it said nothing"]
    return f"{lines[-1].strip()} (exit code {code})"


def _warnings(measurement: Measurement) -> tuple[str, ...]:
    warnings = []
    if measurement.busy_share is not None and is_busy(measurement.busy_share):
        warnings.append(
            f"the machine was busy before measuring ({measurement.busy_share:.0%} of its processors): "
            "times may be too long"
        )
    rounds = measurement.latency_rounds
    if rounds and rounds.repetitions > 1 and rounds.high - rounds.low > _LARGE_SPREAD * rounds.median:
        warnings.append(
            f"its p95 varied from {rounds.low:.3g} to {rounds.high:.3g} ms between rounds over the reviews"
        )
    rate = measurement.reviews_per_second
    if rate.high - rate.low > _LARGE_SPREAD * rate.median:
        warnings.append(
            f"throughput varied from {rate.low:,.0f} to {rate.high:,.0f} reviews per second between passes"
        )
    return tuple(warnings)
