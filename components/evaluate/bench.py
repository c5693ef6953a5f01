"""Measures one candidate after the other, each alone, in processes of its own, so that none disturbs another."""

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluate.behaviours import count_behaviours
from components.evaluate.energy import EnergyMeter
from components.evaluate.load import Reading, read_load, share_of_others
from components.evaluate.machine import is_busy, wait_until_quiet
from components.evaluate.processes import MeasuringFailedError, run_process
from components.evaluate.repeating import IN_VAIN, Repeater
from components.evaluate.ways import choose_way
from components.shared.behaviour import BehaviouralTest, texts_of
from components.shared.behaviour_keys import BehaviourCount
from components.shared.bundle import content_fingerprint, gzip_bytes, read_manifest, size_bytes
from components.shared.errors import UserError
from components.shared.gpu import GpuMeter
from components.shared.meter import cpu_seconds
from components.shared.predictors.models import RUNTIMES
from components.shared.predictors.running import Execution, cores
from components.shared.records.measurements import BUSY, Measurement, Power, Spread, TriedRuntime, predictions_path
from components.shared.records.task import Task

#: A bundle, how to run it, and all that was tried.
_Choice = tuple[Path, Execution | None, tuple[TriedRuntime, ...]]

#: Starting up is most of what a small model costs a day: one process alone would measure the disk's cache.
_STARTS = 3
#: How long each try waits for a quiet machine, as multiples of what the first one does; the last holds for the rest.
_PATIENCE = (1, 2, 4)
#: Passes that differ by more than this share of their median are said to.
_LARGE_SPREAD = 0.3


@dataclass(frozen=True)
class Bench:
    """Where candidates are measured.

    Attributes:
        scratch: Directory for what the processes read and write.
        texts: JSON file there, split to raw reviews.
        latency_reviews: Number of select reviews timed one by one.
        tests: The behavioural tests that every candidate is asked.
        task: The labels.
        destination: Directory of the measurements; predictions are written there.
        energy: Meter of this machine.
        repeater, trials: Decide what is measured again, and which ways to run a candidate are tried again.
    """

    scratch: Path
    texts: Path
    latency_reviews: int
    tests: list[BehaviouralTest]
    task: Task
    destination: Path
    energy: EnergyMeter
    repeater: Repeater = field(default_factory=Repeater)
    trials: Repeater = field(default_factory=Repeater)

    def measure_fastest(self, name: str, bundle: Path) -> Measurement:
        """Measures a candidate in the run time, and with the threads, that trials speak for.

        Args:
            name: Identifier of the candidate.
            bundle: Its bundle; the one for ONNX Runtime, if any, is beside it.

        Raises:
            MeasuringFailedError: It cannot be measured.
        """
        try:
            (choice, _), _ = self.trials.quietest(lambda _: self._choose_way(bundle), lambda one: one[1])
        except UserError as error:
            raise MeasuringFailedError(str(error)) from error
        directory, execution, tried = choice
        return self.measure(name, directory, execution).model_copy(update={"tried": tried})

    def measure(self, name: str, bundle: Path, execution: Execution | None = None) -> Measurement:
        """Measures a bundle, again if the machine was busy, and writes its predictions.

        Args:
            name: Identifier of the candidate.
            bundle: Its bundle.
            execution: How to run it; None means as its manifest says.

        Raises:
            MeasuringFailedError: It cannot be measured.
        """
        try:
            manifest = read_manifest(bundle)
        except UserError as error:
            raise MeasuringFailedError(str(error)) from error
        once_only = self.repeater.gave_up
        execution = execution or manifest.execution
        (figures, predictions), tries = self.repeater.quietest(
            lambda number: self._try(bundle, execution, number),
            lambda tried: busiest(tried[0]["busy_share"], tried[0]["others_share"]),
        )
        shutil.move(predictions, predictions_path(self.destination, name))
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
            attempts=tries,
            behaviours=self._behaviours(),
            **figures,
        )
        return measurement.model_copy(update={"warnings": warnings_of(measurement, once_only)})

    def _choose_way(self, bundle: Path) -> tuple[_Choice, float]:
        """Returns what one round of trials speaks for, and the share of the processors that others used meanwhile."""
        spans = []

        def run(command: list[str]) -> None:
            if self.trials.repeats:
                wait_until_quiet()
            before, own = read_load(), cpu_seconds()
            run_process(command)
            after = read_load()
            spans.append((before, replace(after, own=cpu_seconds() - own)))

        return choose_way(bundle, self.texts, run), share_of_others(spans) or 0.0

    def _try(self, bundle: Path, execution: Execution, number: int) -> tuple[dict[str, Any], Path]:
        """Returns the figures of one try, and where its predictions are for now."""
        predictions = self.scratch / f"predictions-{number}.npz"
        loads = {
            "busy_share": wait_until_quiet(_PATIENCE[min(number, len(_PATIENCE) - 1)]),
            "load_average": os.getloadavg()[0],
        }
        return loads | self._run(bundle, execution, predictions, ask=number == 0), predictions

    def _run(self, bundle: Path, execution: Execution, predictions: Path, ask: bool) -> dict[str, Any]:
        """Returns the figures of several processes, one after the other; all start, and the last is measured.

        The first one is asked the behavioural tests besides, after it has started: its processor time, memory, energy
        and GPU are not among the figures, but it is the same bundle run in the same way.
        """
        figures, spans = self.scratch / "figures.json", []
        command = [sys.executable, "-m", "components.evaluate.measuring", "--bundle", str(bundle)]
        command += ["--texts", str(self.texts), "--latency-reviews", str(self.latency_reviews)]
        command += ["--figures", str(figures), "--predictions", str(predictions)]
        command += ["--execution", execution.model_dump_json()]

        def run(*options: str) -> dict[str, Any]:
            before = read_load()
            run_process([*command, *options, "--started", repr(time.monotonic())])
            found = json.loads(figures.read_text(encoding="utf-8"))
            spans.append((before, Reading(**found.pop("load"))))
            return found

        options = [["--only-start"] for _ in range(_STARTS - 1)] + [[]]
        if ask and self.tests:
            options[0] += self._asking()
        starts = [run(*some) for some in options[:-1]]
        with self.energy.counted() as counted, GpuMeter() as gpu:
            measured = run(*options[-1])
        every = [*starts, measured]
        measured |= energy_figures(measured, self.energy.power, counted.joules)
        if gpu.use is not None:
            measured |= {"gpu_share": gpu.use.share, "gpu_memory_mb": gpu.use.memory_mb}
        return measured | {
            "startup_seconds": Spread.of([one["startup_seconds"] for one in every]),
            "loaded_memory_spread": Spread.of([one["loaded_memory_mb"] for one in every]),
            "others_share": share_of_others(spans),
        }

    def _asking(self) -> list[str]:
        """Returns the options with which a process asks the behavioural tests."""
        questions = self.scratch / "questions.json"
        questions.write_text(json.dumps(texts_of(self.tests)), encoding="utf-8")
        return ["--questions", str(questions), "--answers", str(self._answers)]

    @property
    def _answers(self) -> Path:
        return self.scratch / "answers.npy"

    def _behaviours(self) -> dict[str, BehaviourCount]:
        """Returns how the candidate that was measured last did in the behavioural tests."""
        return count_behaviours(self.tests, np.load(self._answers), self.task) if self.tests else {}


def energy_figures(measured: dict[str, Any], power: Power, joules: float | None) -> dict[str, Any]:
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


def busiest(busy_share: float | None, others_share: float | None) -> float:
    """Returns the larger of the loads just before and while a candidate was measured, 0..1; unknown ones count 0."""
    return max(busy_share or 0.0, others_share or 0.0)


def warnings_of(measurement: Measurement, once_only: bool) -> tuple[str, ...]:
    """Returns why the figures should be read with care.

    Args:
        measurement: All of them.
        once_only: Whether it was measured once whatever else ran, because repeating had helped nobody.
    """
    warnings = []
    if is_busy(busiest(measurement.busy_share, measurement.others_share)):
        warnings.append(_busy_in_words(measurement, once_only))
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


def _busy_in_words(measurement: Measurement, once_only: bool) -> str:
    loads = [(measurement.busy_share, "just before"), (measurement.others_share, "by something else meanwhile")]
    said = " and ".join(f"{share:.0%} of its processors {when}" for share, when in loads if share is not None)
    if once_only:
        tries = f"measured once only, as repeating had helped none of {IN_VAIN} candidates in a row"
    elif measurement.attempts == 1:
        tries = "measured once"
    else:
        tries = f"in the quietest of {measurement.attempts} tries"
    return f"{BUSY}, {said} ({tries}): times may be too long"
