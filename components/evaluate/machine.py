"""The machine that measures: what it is, and whether it is busy with something else."""

import os
import platform
from pathlib import Path

import psutil

from components.shared.gpu import gpu_names
from components.shared.records.measurements import Machine

#: Instruction sets that decide how fast integer and half-precision models run.
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16")
_BUSY_SHARE = 0.25
_SAMPLE_SECONDS = 0.3
_MOST_SAMPLES = 10
_BYTES_PER_MB = 1_000_000


def describe_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """Returns the machine's processor, cores, memory and versions.

    Args:
        cpuinfo: Where Linux tells the processor's name and flags.
    """
    facts = dict(_facts(cpuinfo.read_text(encoding="utf-8"))) if cpuinfo.is_file() else {}
    flags = (facts.get("flags") or facts.get("Features") or "").split()
    return Machine(
        processor=facts.get("model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=psutil.virtual_memory().total / _BYTES_PER_MB,
        flags=tuple(flag for flag in _FLAGS if flag in flags),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        gpus=gpu_names(),
    )


def _facts(cpuinfo: str) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in cpuinfo.splitlines())
    return [(key.strip(), value.strip()) for key, colon, value in pairs if colon]


def wait_until_quiet(patience: int = 1) -> float:
    """Waits until little else runs, a few seconds at most; returns the share of the processors in use, 0..1.

    Args:
        patience: How many times as long to wait at most.
    """
    share = 1.0
    for _ in range(_MOST_SAMPLES * patience):
        share = psutil.cpu_percent(interval=_SAMPLE_SECONDS) / 100
        if share <= _BUSY_SHARE:
            break
    return share


def is_busy(share: float) -> bool:
    """Returns whether so much else runs that times measured now are too long."""
    return share > _BUSY_SHARE
