"""What the GPUs of this machine do while something runs, as NVIDIA's management library (NVML) tells it.

The library is optional: where it, its driver or a GPU is missing, nothing is measured and nothing is said to be 0.
"""

import threading
from types import TracebackType
from typing import Any

from pydantic import BaseModel, ConfigDict

_SAMPLE_SECONDS = 1.0
_BYTES_PER_MB = 1_000_000
_MILLIJOULES_PER_WH = 3_600_000


class GpuUse(BaseModel):
    """Measured use of all visible GPUs together.

    Attributes:
        share: Mean share of the time in which a kernel ran, 0..1, mean over the GPUs.
        memory_mb: Largest memory in use, that of other processes included, in 10^6 bytes.
        energy_wh: Energy of the GPUs, idle power included; None where they have no counter (before Volta).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float
    memory_mb: float
    energy_wh: float | None = None


def load_nvml() -> Any | None:
    """Returns the started library as a module, or None where there is no library, no driver or no GPU."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        if not pynvml.nvmlDeviceGetCount():
            pynvml.nvmlShutdown()
            return None
    except pynvml.NVMLError:
        return None
    return pynvml


def gpu_names() -> tuple[str, ...]:
    """Returns the names of the visible GPUs; none if nothing can be measured of them."""
    nvml = load_nvml()
    if nvml is None:
        return ()
    try:
        return tuple(str(nvml.nvmlDeviceGetName(handle)) for handle in _handles(nvml))
    finally:
        nvml.nvmlShutdown()


class GpuMeter:
    """Measures the GPUs during a `with` block.

    Attributes:
        use: What was measured, once the block has ended; None without a GPU, or if it does not tell.
    """

    def __init__(self) -> None:
        """Prepares a meter; NVML is not loaded yet."""
        self.use: GpuUse | None = None
        self._nvml: Any | None = None
        self._ended = threading.Event()
        self._shares: list[float] = []
        self._memory_mb = 0.0

    def __enter__(self) -> "GpuMeter":
        self._nvml = load_nvml()
        if self._nvml is not None:
            self._devices = _handles(self._nvml)
            self._energy = self._energy_wh()
            self._thread = threading.Thread(target=self._watch, name="gpu-meter", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._nvml is None:
            return
        self._ended.set()
        self._thread.join()
        before, after = self._energy, self._energy_wh()
        if self._shares:
            self.use = GpuUse(
                share=sum(self._shares) / len(self._shares),
                memory_mb=self._memory_mb,
                energy_wh=None if before is None or after is None else after - before,
            )
        self._nvml.nvmlShutdown()

    def _watch(self) -> None:
        assert self._nvml is not None
        while True:
            try:
                self._sample()
            except self._nvml.NVMLError:  # a part of a GPU (MIG) does not tell
                return
            if self._ended.wait(_SAMPLE_SECONDS):
                return

    def _sample(self) -> None:
        assert self._nvml is not None
        shares = [self._nvml.nvmlDeviceGetUtilizationRates(device).gpu / 100 for device in self._devices]
        used = sum(self._nvml.nvmlDeviceGetMemoryInfo(device).used for device in self._devices)
        self._shares.append(sum(shares) / len(shares))
        self._memory_mb = max(self._memory_mb, used / _BYTES_PER_MB)

    def _energy_wh(self) -> float | None:
        """Returns the reading of the GPUs' energy counters, which began when the driver was loaded."""
        assert self._nvml is not None
        try:
            millijoules = sum(self._nvml.nvmlDeviceGetTotalEnergyConsumption(device) for device in self._devices)
        except self._nvml.NVMLError:
            return None
        return millijoules / _MILLIJOULES_PER_WH


def _handles(nvml: Any) -> list[Any]:
    return [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
