"""Measuring what work takes."""

import subprocess
import sys

import pytest

from components.shared.meter import Meter, Usage, peak_memory_mb


def _work() -> int:
    return sum(number * number for number in range(300_000))


def test_time_and_memory_of_a_block_are_measured_and_priced() -> None:
    with Meter("gpu", price_hour_eur=2.0) as meter:
        _work()
    usage = meter.usage
    assert usage.seconds > 0 and usage.cpu_seconds > 0
    assert usage.device == "gpu"
    assert usage.cost_eur == pytest.approx(usage.seconds / 3600 * 2.0)


def test_without_a_price_there_is_no_cost() -> None:
    with Meter() as meter:
        _work()
    assert meter.usage.cost_eur is None


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory_mb()
    held = bytearray(int(before * 1e6) + 50_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert peak_memory_mb() > before + 40


def test_work_is_measured_even_if_it_fails() -> None:
    meter = Meter()
    with pytest.raises(ValueError, match="stop"), meter:
        _work()
        raise ValueError("stop")
    assert meter.usage.seconds > 0


def test_usage_of_work_after_work_adds_up() -> None:
    first = Usage(seconds=10, cpu_seconds=15, peak_memory_mb=700, device="gpu", cost_eur=0.5)
    second = Usage(seconds=5, cpu_seconds=6, peak_memory_mb=400, device="cpu", cost_eur=0.25)
    assert first + second == Usage(seconds=15, cpu_seconds=21, peak_memory_mb=700, device="cpu", cost_eur=0.75)


def test_an_unknown_cost_counts_nothing_and_two_unknown_costs_stay_unknown() -> None:
    assert (Usage(cost_eur=0.5) + Usage()).cost_eur == 0.5
    assert (Usage() + Usage()).cost_eur is None


def test_processor_time_and_memory_of_a_child_are_measured() -> None:
    before = peak_memory_mb()
    child = (
        f"held = bytearray({int((before + 60) * 1e6)}); held[::4096] = b'x' * len(held[::4096]); sum(range(2000000))"
    )
    with Meter() as alone:
        pass
    with Meter() as meter:
        subprocess.run([sys.executable, "-c", child], check=True)
    assert meter.usage.peak_memory_mb > before + 50
    assert meter.usage.cpu_seconds > alone.usage.cpu_seconds


def test_without_a_gpu_nothing_is_said_of_it() -> None:
    with Meter() as meter:
        _work()
    assert (meter.usage.gpu_share, meter.usage.gpu_memory_mb, meter.usage.gpu_energy_wh) == (None, None, None)


def test_the_share_of_a_gpu_is_a_mean_over_time_and_its_energy_a_sum() -> None:
    first = Usage(seconds=30, gpu_share=0.9, gpu_memory_mb=100, gpu_energy_wh=2.0)
    both = first + Usage(seconds=10, gpu_share=0.1, gpu_memory_mb=400)
    assert both.gpu_share == pytest.approx(0.7)
    assert (both.gpu_memory_mb, both.gpu_energy_wh) == (400, 2.0)
    assert (first + Usage(seconds=1000)).gpu_share == 0.9
