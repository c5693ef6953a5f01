"""The meter around a step of the pipeline: all that its process took, as a file and as figures for the KFP UI."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from components.shared.meter import Meter, cpu_seconds
from components.shared.records.step_usage import StepUsage, read_step_usages, write_step_usages

#: Where /proc/self/stat says, behind the name, when the process started.
_STARTED = 19


class UsageOutput(Protocol):
    """What is written to: KFP's output artifact, for one."""

    path: str
    metadata: dict[str, Any]


@contextmanager
def metered(step: str, output: UsageOutput, model: str = "", earlier: Iterable[Path] = ()) -> Iterator[None]:
    """Measures a step, and writes what its process took once the block has ended well.

    The process belongs to the step from its start: the time until the block is entered counts.

    Args:
        step: Name of the step.
        output: The file to write, and the figures that the KFP UI shows.
        model: The model it works on, where a step runs for several.
        earlier: What earlier steps wrote, to be handed on in the same file.
    """
    seconds_before, cpu_before = _seconds_since_start(), cpu_seconds()
    started = datetime.now(UTC) - timedelta(seconds=seconds_before)
    with Meter() as meter:
        meter.earlier_seconds = seconds_before
        yield
    usage = meter.usage.model_copy(update={"cpu_seconds": meter.usage.cpu_seconds + cpu_before})
    if usage.gpu_share is not None:
        usage.device = "gpu"  # such a machine is paid for whether its GPU has anything to do or not
    record = StepUsage(step=step, model=model, started=started, ended=datetime.now(UTC), usage=usage)
    write_step_usages(Path(output.path), [*read_step_usages(earlier), record])
    output.metadata.update(usage.model_dump(exclude_none=True))


def _seconds_since_start() -> float:
    """Returns how long ago this process started."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started
