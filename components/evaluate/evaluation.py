"""Measures candidates one after the other, each in a process of its own, so that none disturbs another.

A candidate whose process crashes is recorded as failed; the others go on.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from components.evaluate.behaviours import asked_tests
from components.evaluate.bench import Bench
from components.evaluate.energy import EnergyMeter
from components.evaluate.machine import describe_machine
from components.evaluate.processes import MeasuringFailedError
from components.evaluate.repeating import TRIES, Repeater
from components.evaluate.services import measure_service
from components.shared.bundle import read_manifest
from components.shared.errors import UserError
from components.shared.files import atomic_path
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
    predictions_path,
)
from components.shared.records.plan import Plan, read_plan
from components.shared.records.task import Task
from components.shared.services.record import ServiceRecord, read_records
from components.shared.texts.text import join_titles


def evaluate_candidates(
    features: Path,
    plan: Path,
    sources: Iterable[Path],
    champion: Path,
    latency_reviews: int,
    seed: int,
    destination: Path,
    measuring_attempts: int = TRIES,
) -> None:
    """Measures every candidate and the champion, and writes `measurements.Measurements` with predictions.

    Each model of one's own is asked the behavioural tests of minimum capability besides, and those that the need
    limits, see `behaviours.asked_tests`.

    Args:
        features: Directory of features; the splits select and test are predicted.
        plan: The plan, from define; holds the need.
        sources: Directories of candidates.
        champion: The bundle that is deployed; may be missing.
        latency_reviews: Number of select reviews timed one by one, at least 1.
        seed: Of the sentences of the behavioural tests.
        destination: Directory to write, see components/shared/records/measurements.py.
        measuring_attempts: How often a candidate is measured at most, again while the machine is busy.

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
    planned, description = read_plan(plan), read_features(features)
    for name in _candidates_of(planned) - bundles.keys() - failures.keys():
        failures[name] = "was planned, but no step delivered it"
    deployed = _inspect_champion(champion, description.task)

    with atomic_path(destination) as staged, tempfile.TemporaryDirectory() as scratch:
        predictions_path(staged, CHAMPION).parent.mkdir(parents=True)
        texts = Path(scratch) / "texts.json"
        texts.write_text(json.dumps(_raw_texts(features)), encoding="utf-8")
        tests = asked_tests(description, planned.need, seed)
        energy = EnergyMeter()
        bench = Bench(
            Path(scratch),
            texts,
            latency_reviews,
            tests,
            description.task,
            staged,
            energy,
            repeater=Repeater(measuring_attempts),
            trials=Repeater(measuring_attempts),
        )

        measured = []
        for name, bundle in tqdm(bundles.items(), desc="evaluate", unit="candidate", mininterval=1):
            try:
                measured.append(_measure_any(name, bundle, records.get(name), bench))
            except MeasuringFailedError as failure:
                failures[name] = f"could not be measured: {failure}"

        champion_measurement = None
        if deployed.status == "measured":
            try:
                champion_measurement = bench.measure(CHAMPION, champion)
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


def _candidates_of(plan: Plan) -> set[str]:
    """Returns the candidates that must be there; which variant the best one is, the plan does not know."""
    return {cell.candidate for cell in plan.cells if cell.applies and not cell.variant}


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


def _measure_any(name: str, bundle: Path, record: ServiceRecord | None, bench: Bench) -> Measurement:
    """Measures a model in processes of its own, a paid service by the calls that bought its answers."""
    if record is None or record.offer is None:
        measurement = bench.measure_fastest(name, bundle)
        return measurement.model_copy(update={"notes": record.notes if record else ()})
    try:
        return measure_service(name, bundle, record, predictions_path(bench.destination, name))
    except UserError as error:
        raise MeasuringFailedError(str(error)) from error


def _power_of_machine(power: Power, measured: Sequence[Measurement]) -> Power:
    """Returns the power of the machine, where its energy is counted that of a core over all that was measured."""
    counted = [one.power.watts_per_core for one in measured if one.power and one.power.watts_per_core is not None]
    return power.model_copy(update={"watts_per_core": statistics.median(counted)}) if counted else power
