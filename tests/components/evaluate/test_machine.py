import pytest

from components.evaluate import machine
from components.evaluate.machine import describe_machine, is_busy, wait_until_quiet


def test_the_processor_and_the_flags_that_matter_are_read(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: A Processor @ 2.0GHz\nflags\t\t: fpu sse avx512_vnni amx_int8 avx2\n\n")
    described = describe_machine(cpuinfo)
    assert described.processor == "A Processor @ 2.0GHz"
    assert described.flags == ("avx2", "avx512_vnni", "amx_int8")
    assert described.cores >= 1
    assert described.memory_mb > 100


def test_a_machine_without_cpuinfo_is_described_all_the_same(tmp_path):
    described = describe_machine(tmp_path / "missing")
    assert described.processor
    assert described.flags == ()


@pytest.mark.parametrize(("loads", "share"), [([90, 90, 10], 0.1), ([5], 0.05), ([90] * 10, 0.9)])
def test_waiting_ends_when_the_machine_is_quiet_or_after_a_few_samples(monkeypatch, loads, share):
    remaining = iter(loads)
    monkeypatch.setattr(machine.psutil, "cpu_percent", lambda interval: next(remaining))
    assert wait_until_quiet() == pytest.approx(share)
    assert next(remaining, None) is None


def test_half_the_processors_in_use_is_busy():
    assert is_busy(0.5)
    assert not is_busy(0.1)
