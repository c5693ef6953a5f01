"""What NVML says becomes figures; where it says nothing, nothing is made up."""

import builtins
import sys
from types import SimpleNamespace

import pytest

from components.shared import gpu
from components.shared.gpu import GpuMeter, gpu_names, load_nvml


class NVMLError(Exception):
    """As in the library."""


class TwoGpus:
    """Speaks like pynvml on a machine with two GPUs; every reading of energy is 9,000 mJ above the one before."""

    NVMLError = NVMLError

    def __init__(self, devices=2, has_driver=True, counts_energy=True):
        self.devices, self.has_driver, self.counts_energy = devices, has_driver, counts_energy
        self.open, self.readings = 0, 0

    def nvmlInit(self):
        if not self.has_driver:
            raise NVMLError("driver not loaded")
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlDeviceGetCount(self):
        return self.devices

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, device):
        return f"GPU {device}"

    def nvmlDeviceGetUtilizationRates(self, device):
        return SimpleNamespace(gpu=(20, 60)[device], memory=99)

    def nvmlDeviceGetMemoryInfo(self, device):
        return SimpleNamespace(used=1_500_000_000, total=32_000_000_000)

    def nvmlDeviceGetTotalEnergyConsumption(self, device):
        if not self.counts_energy:
            raise NVMLError("not supported")
        self.readings += 1
        return 5_000_000 + self.readings * 9_000


@pytest.fixture
def nvml(monkeypatch):
    def install(library):
        monkeypatch.setitem(sys.modules, "pynvml", library)
        return library

    return install


def test_share_memory_and_energy_of_all_gpus_are_read(nvml):
    library = nvml(TwoGpus())
    with GpuMeter() as meter:
        pass
    assert meter.use.share == pytest.approx(0.4)
    assert meter.use.memory_mb == pytest.approx(3000)
    # Readings 1 and 2 before, 3 and 4 after: 4 steps of 9 J more.
    assert meter.use.energy_wh == pytest.approx(36 / 3600)
    assert library.open == 0


def test_a_gpu_without_an_energy_counter_has_no_energy(nvml):
    nvml(TwoGpus(counts_energy=False))
    with GpuMeter() as meter:
        pass
    assert meter.use.energy_wh is None and meter.use.share > 0


def test_a_part_of_a_gpu_that_does_not_tell_is_not_said_to_be_idle(nvml, monkeypatch):
    library = nvml(TwoGpus())

    def refuse(device):
        raise NVMLError("not supported")

    monkeypatch.setattr(library, "nvmlDeviceGetUtilizationRates", refuse)
    with GpuMeter() as meter:
        pass
    assert meter.use is None
    assert library.open == 0


def test_shares_are_sampled_while_the_block_runs(nvml, monkeypatch):
    library = nvml(TwoGpus())
    monkeypatch.setattr(gpu, "_SAMPLE_SECONDS", 0.001)
    sampled = []
    monkeypatch.setattr(
        library, "nvmlDeviceGetMemoryInfo", lambda device: sampled.append(device) or _used(len(sampled))
    )
    with GpuMeter() as meter:
        while len(sampled) < 10:
            pass
    assert meter.use.memory_mb > _used(9).used / 1e6


def _used(number):
    return SimpleNamespace(used=number * 1_000_000)


@pytest.mark.parametrize("library", [TwoGpus(devices=0), TwoGpus(has_driver=False)])
def test_without_a_gpu_or_a_driver_nothing_is_measured(nvml, library):
    nvml(library)
    with GpuMeter() as meter:
        pass
    assert meter.use is None
    assert gpu_names() == ()
    assert library.open == 0


def test_without_the_library_nothing_is_measured(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name == "pynvml":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert load_nvml() is None


def test_gpus_are_named(nvml):
    library = nvml(TwoGpus())
    assert gpu_names() == ("GPU 0", "GPU 1")
    assert library.open == 0
