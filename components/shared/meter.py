"""What a piece of work took: time, processor time, peak memory, the GPU, and what that costs."""

import resource
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, ConfigDict

from components.shared.gpu import GpuMeter

_KIB_PER_MB = 1000 * 1000 / 1024


class Usage(BaseModel):
    """Measured use of one piece of work; what is None was not measured.

    Attributes:
        seconds: Wall time, that of earlier processes which were killed included.
        cpu_seconds: Processor time of this process and its finished children.
        peak_memory_mb: Largest resident memory so far of this process, or of the largest of its finished children
            if that is more, in 10^6 bytes.
        device: "cpu" or "gpu".
        gpu_share: Mean share of the time in which the GPU was busy, 0..1; None without a GPU.
        gpu_memory_mb: Largest memory in use on the GPU, in 10^6 bytes; None without a GPU.
        gpu_energy_wh: Energy of the GPU; None without a GPU, or if it has no counter.
        cost_eur: Estimated: wall time at the price of the machine; None when no price was given.
    """

    model_config = ConfigDict(extra="forbid")

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    device: str = "cpu"
    gpu_share: float | None = None
    gpu_memory_mb: float | None = None
    gpu_energy_wh: float | None = None
    cost_eur: float | None = None

    def __add__(self, later: "Usage") -> "Usage":
        """Returns the use of this piece of work and a later one together, on the device of the later one."""
        both = (self, later)
        return Usage(
            seconds=self.seconds + later.seconds,
            cpu_seconds=self.cpu_seconds + later.cpu_seconds,
            peak_memory_mb=max(self.peak_memory_mb, later.peak_memory_mb),
            device=later.device,
            gpu_share=_mean_gpu_share(both),
            gpu_memory_mb=max((one.gpu_memory_mb for one in both if one.gpu_memory_mb is not None), default=None),
            gpu_energy_wh=_sum_of_known(one.gpu_energy_wh for one in both),
            cost_eur=_sum_of_known(one.cost_eur for one in both),
        )


def peak_memory_mb() -> float:
    """Returns the largest resident memory so far of this process or a finished child, in 10^6 bytes."""
    # Not ru_maxrss of this process: across fork and exec it keeps the memory of the process that started this one.
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            own = int(line.split()[1])
            return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / _KIB_PER_MB
    raise OSError("/proc/self/status has no VmHWM line")


def cpu_seconds() -> float:
    """Returns the processor time of this process and its finished children since it started."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Meter:
    """Measures a `with` block; `usage` is complete once the block has ended.

    Attributes:
        usage: What the block took.
        earlier_seconds: Wall time of work that an earlier process did for this block; set it within the block.
    """

    def __init__(self, device: str = "cpu", price_hour_eur: float | None = None) -> None:
        """Prepares a meter.

        Args:
            device: Where the work runs, "cpu" or "gpu".
            price_hour_eur: Price of that machine, for the estimated cost.
        """
        self.usage = Usage(device=device)
        self.earlier_seconds = 0.0
        self._price = price_hour_eur
        self._gpu = GpuMeter()

    def __enter__(self) -> "Meter":
        self._start = time.perf_counter()
        self._cpu = cpu_seconds()
        self._gpu.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gpu.__exit__(kind, error, trace)
        self.usage.seconds = time.perf_counter() - self._start + self.earlier_seconds
        self.usage.cpu_seconds = cpu_seconds() - self._cpu
        self.usage.peak_memory_mb = peak_memory_mb()
        if (gpu := self._gpu.use) is not None:
            self.usage.gpu_share, self.usage.gpu_memory_mb = gpu.share, gpu.memory_mb
            self.usage.gpu_energy_wh = gpu.energy_wh
        if self._price is not None:
            self.usage.cost_eur = self.usage.seconds / 3600 * self._price


def _sum_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean_gpu_share(usages: Iterable[Usage]) -> float | None:
    """Returns the mean over the time of those that know it."""
    known = [(one.seconds, one.gpu_share) for one in usages if one.gpu_share is not None]
    seconds = sum(took for took, _ in known)
    if not known:
        return None
    return sum(took * share for took, share in known) / seconds if seconds else known[-1][1]
