"""What evaluate measured and compare reads: one directory.

measurements.json               the machine, and the figures of every candidate, see `Measurements`
predictions/<candidate>.npz     float32 probabilities (n, classes), arrays "select" and "test", rows as in
                                the splits of the features' reviews.parquet
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from components.shared.behaviour_keys import BehaviourCount
from components.shared.errors import UserError
from components.shared.meter import Usage
from components.shared.services.record import Offer

MEASUREMENTS, PREDICTIONS = "measurements.json", "predictions"
#: The identifier under which the deployed model is measured.
CHAMPION = "champion"
MEASURED_SPLITS = ("select", "test")
#: What the warning begins with that a candidate was measured beside something else.
BUSY = "the machine was busy"

ChampionStatus = Literal["none", "missing", "other labels", "service", "unmeasured", "measured"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spread(_Strict):
    """A figure measured several times; `low` and `high` are its 5 % and 95 % quantiles."""

    median: float
    low: float
    high: float
    repetitions: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Returns the spread of at least one value."""
        low, median, high = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
        return cls(median=median, low=low, high=high, repetitions=len(values))


class Power(_Strict):
    """What energy is reckoned with.

    Attributes:
        kind: "measured" by the processor's own counter, "estimated" from its design power, or "unknown".
        how: In words.
        watts_per_core: Of one busy core; None if it is not known.
        ram_watts: Of the memory, always estimated.
    """

    kind: Literal["measured", "estimated", "unknown"]
    how: str
    watts_per_core: float | None = None
    ram_watts: float = 0.0

    def energy_wh(self, cpu_seconds: float, seconds: float) -> float | None:
        """Returns the energy of work on this machine, in Wh; None if the power of its processor is not known.

        Args:
            cpu_seconds: Processor time of the work.
            seconds: Wall time of the work, for which the memory is powered.
        """
        if self.watts_per_core is None:
            return None
        return (self.watts_per_core * cpu_seconds + self.ram_watts * seconds) / 3600


class TriedRuntime(_Strict):
    """One way to run a candidate that was tried before it was measured.

    Attributes:
        runtime: Such as "litert" or "onnxruntime".
        threads, workers, batch_size: See `predictors.running.Execution`.
        reviews_per_second: On some select reviews; None if it does not work.
        p95_ms: 95 % quantile of the time for one review, on a few.
        note: Why it does not work, or what to know of it.
    """

    runtime: str
    threads: int = 1
    workers: int = 1
    batch_size: int | None = None
    reviews_per_second: float | None = None
    p95_ms: float | None = None
    note: str = ""


class Measurement(_Strict):
    """The measured figures of one candidate, from a process of its own; None is what was not measured.

    A paid service has neither size nor memory, and its times are those of the calls that bought its answers.

    Attributes:
        candidate: Identifier; "champion" for the deployed model.
        model, chain, base_model, runtime: As in the bundle's manifest.
        threads, workers, batch_size: How it was run: threads of each worker, workers, reviews a batch.
        content: Fingerprint of what decides the predictions: files, preprocessing and labels.
        size_bytes: All files of the bundle.
        gzip_bytes: The same, each file compressed with gzip.
        latency_reviews: Number of select reviews timed one by one, after a warm-up.
        latency_p50_ms, latency_p95_ms, latency_p99_ms: Median, 95 % and 99 % quantile of the time for one review.
        latency_timings: Number of timings that the quantiles are of: quick models time each review several times.
        latency_rounds: The 95 % quantile of each round over the reviews; its spread says how steady it is.
        reviews_per_second: Throughput on select reviews as they come, over several passes.
        peak_memory_mb: Largest resident memory of the process, in 10^6 bytes.
        loaded_memory_mb: Resident memory once it is loaded, before it scores, in 10^6 bytes.
        loaded_memory_spread: The same of several processes, this one included: how much of a difference is noise.
        startup_seconds: From the start of a process to its first prediction, over several processes.
        cpu_seconds: Processor time of the whole process.
        cpu_seconds_per_1000: Processor time of 1,000 reviews at the best batch.
        gpu_share: Mean share of the time in which the GPU was busy, 0..1; None without a GPU.
        gpu_memory_mb: Largest memory in use on the GPU, in 10^6 bytes; None without a GPU.
        energy_wh_per_1000: Energy of 1,000 reviews at the best batch; None if it is not known.
        power: What the energy was reckoned with, and so whether it was measured.
        training: What training cost, from the manifest.
        price_per_1000_eur: What a paid service charges for 1,000 reviews; None for a model of one's own.
        load_average: Load of the machine over the minute before, earlier measurements included.
        busy_share: Share of the processors in use just before, 0..1; nothing of ours was running then.
        others_share: Share of the processors that something else used while it started and was timed, 0..1.
        attempts: How often it was measured, again as long as the machine was busy; the quietest of them is told.
        behaviours: How it did in behavioural tests, by key; empty where none applies, and for a paid service.
        tried: The ways to run it that were tried; of the fastest the simplest was taken.
        warnings: Why a figure should be read with care.
        notes: What else to know of it.
    """

    candidate: str
    model: str
    chain: tuple[str, ...]
    base_model: str
    runtime: str
    threads: int = 1
    workers: int = 1
    batch_size: int | None = None
    content: str
    size_bytes: int | None
    gzip_bytes: int | None
    latency_reviews: int
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float | None = None
    latency_timings: int | None = None
    latency_rounds: Spread | None = None
    reviews_per_second: Spread
    peak_memory_mb: float | None
    loaded_memory_mb: float | None = None
    loaded_memory_spread: Spread | None = None
    startup_seconds: Spread | None
    cpu_seconds: float | None
    cpu_seconds_per_1000: float | None = None
    gpu_share: float | None = None
    gpu_memory_mb: float | None = None
    energy_wh_per_1000: float | None = None
    power: Power | None = None
    training: Usage
    price_per_1000_eur: float | None = None
    load_average: float | None
    busy_share: float | None
    others_share: float | None = None
    attempts: int = 1
    behaviours: dict[str, BehaviourCount] = {}
    tried: tuple[TriedRuntime, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Machine(_Strict):
    """Where it was measured.

    Attributes:
        processor: Model name of the CPU.
        cores: Processors that the process may use.
        memory_mb: Of the machine, in 10^6 bytes.
        flags: Instruction sets that matter to quantised models, those which the processor has.
        system, python: Versions.
        gpus: Names of the GPUs that can be measured; empty if there is none.
        power: What the energy of other work on it can be reckoned with.
    """

    processor: str
    cores: int
    memory_mb: float
    flags: tuple[str, ...]
    system: str
    python: str
    gpus: tuple[str, ...] = ()
    power: Power | None = None


class Champion(_Strict):
    """Whether the deployed model could be measured beside the candidates, and why not."""

    status: ChampionStatus
    note: str = ""


class Measurements(_Strict):
    """The content of measurements.json; `failures` maps a candidate to the reason, `services` have a price."""

    machine: Machine
    candidates: tuple[Measurement, ...]
    failures: dict[str, str]
    champion: Champion
    champion_measurement: Measurement | None = None
    services: tuple[Offer, ...] = ()


def read_measurements(directory: Path) -> Measurements:
    """Returns what evaluate measured.

    Raises:
        UserError: The directory does not hold measurements of this version.
    """
    path = directory / MEASUREMENTS
    try:
        return Measurements.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: not readable as measurements; run evaluate again") from error


def predictions_path(directory: Path, candidate: str) -> Path:
    """Returns where the predictions of a candidate are."""
    return directory / PREDICTIONS / f"{candidate}.npz"


def read_predictions(directory: Path, candidate: str, split: str) -> NDArray[np.float32]:
    """Returns the probabilities that a candidate gave the reviews of "select" or "test", shape (n, classes)."""
    with np.load(predictions_path(directory, candidate), allow_pickle=False) as arrays:
        return arrays[split]
