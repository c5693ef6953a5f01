import os
import socket
from types import SimpleNamespace

import pytest

from components.evaluate import energy
from components.evaluate.bench import energy_figures
from components.evaluate.energy import EnergyMeter
from components.shared.records.measurements import Power

_FIGURES = {"cpu_seconds": 20.0, "cpu_seconds_per_1000": 3.0, "reviews_per_second": {"median": 500.0}}


@pytest.fixture
def machine(monkeypatch):
    """Sets what CodeCarbon finds of the processor: its design power, its threads, and whether it counts energy."""
    from codecarbon.core import cpu, util

    def found(tdp, threads=2, sockets=1, rapl=False):
        monkeypatch.setattr(cpu, "is_rapl_available", lambda: rapl)
        monkeypatch.setattr(cpu, "TDP", lambda: SimpleNamespace(model="A Processor", tdp=tdp))
        monkeypatch.setattr(util, "count_physical_cpus", lambda: sockets)
        monkeypatch.setattr(energy.psutil, "cpu_count", lambda: threads)
        return EnergyMeter()

    return found


def test_the_power_of_a_known_processor_is_shared_by_its_threads(machine):
    power = machine(tdp=120.0, threads=48, sockets=2).power
    assert power.kind == "estimated"
    assert power.watts_per_core == pytest.approx(5.0)
    assert "120 W of design power (TDP) for 'A Processor'" in power.how and "virtual machine" in power.how


def test_a_processor_that_codecarbon_does_not_know_is_said_to_be_guessed(machine):
    power = machine(tdp=8, threads=2).power
    assert power.watts_per_core == 4.0
    assert "does not know 'A Processor', so that each thread counts 4 W" in power.how


def test_without_any_figure_of_the_processor_energy_is_unknown_and_not_zero(machine):
    meter = machine(tdp=None)
    assert meter.power.kind == "unknown"
    figures = energy_figures(_FIGURES, meter.power, None)
    assert figures["energy_wh_per_1000"] is None


def test_energy_is_power_times_processor_time_and_memory_times_time():
    power = Power(kind="estimated", how="told", watts_per_core=5.0, ram_watts=10.0)
    # 3 s of a core at 5 W, and 2 s (1,000 reviews at 500 a second) of memory at 10 W.
    assert energy_figures(_FIGURES, power, None)["energy_wh_per_1000"] == pytest.approx(35 / 3600)


def test_counted_energy_is_shared_out_by_processor_time(machine, monkeypatch):
    class Tracker:
        def start_task(self):
            self.started = True

        def stop_task(self):
            assert self.started
            return SimpleNamespace(cpu_energy=160 / 3_600_000)

    monkeypatch.setattr(energy, "_start_tracker", Tracker)
    meter = machine(tdp=8, rapl=True)
    with meter.counted() as counted:
        pass
    assert meter.power.kind == "measured"
    assert counted.joules == pytest.approx(160)
    power = meter.power.model_copy(update={"ram_watts": 0.0})
    # 160 J over 20 s of processor time are 8 W, for 3 s.
    figures = energy_figures(_FIGURES, power, counted.joules)
    assert figures["energy_wh_per_1000"] == pytest.approx(24 / 3600)
    assert figures["power"].watts_per_core == pytest.approx(8.0)


def test_the_tracker_counts_offline_and_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it called somebody"))
    tracker = energy._start_tracker()
    tracker.start_task()
    assert tracker.stop_task().duration > 0
    tracker.stop()
    assert os.listdir(tmp_path) == []
