"""What a piece of work took: time, processor time, peak memory, and what that costs."""

import resource
import time
from types import TracebackType

from pydantic import BaseModel, ConfigDict

_KIB_PER_MB = 1000 * 1000 / 1024


class Usage(BaseModel):
    """Measured use of one piece of work.

    Attributes:
        seconds: Wall time, that of earlier processes which were killed included.
        cpu_seconds: Processor time of this process and its finished children.
        peak_memory_mb: Largest resident memory of this process so far, in 10^6 bytes.
        device: "cpu" or "gpu".
        cost_eur: Estimated: wall time at the price of the machine; None when no price was given.
    """

    model_config = ConfigDict(extra="forbid")

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    device: str = "cpu"
    cost_eur: float | None = None

    def __add__(self, later: "Usage") -> "Usage":
        """Returns the use of this piece of work and a later one together, on the device of the later one."""
        costs = [usage.cost_eur for usage in (self, later) if usage.cost_eur is not None]
        return Usage(
            seconds=self.seconds + later.seconds,
            cpu_seconds=self.cpu_seconds + later.cpu_seconds,
            peak_memory_mb=max(self.peak_memory_mb, later.peak_memory_mb),
            device=later.device,
            cost_eur=sum(costs) if costs else None,
        )


def peak_memory_mb() -> float:
    """Returns the largest resident memory of this process so far, in 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MB


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

    def __enter__(self) -> "Meter":
        self._start = time.perf_counter()
        self._cpu = _cpu_seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.usage.seconds = time.perf_counter() - self._start + self.earlier_seconds
        self.usage.cpu_seconds = _cpu_seconds() - self._cpu
        self.usage.peak_memory_mb = peak_memory_mb()
        if self._price is not None:
            self.usage.cost_eur = self.usage.seconds / 3600 * self._price


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
