"""How much of the machine others use while a candidate is measured.

Read from Linux's counters and nothing else, because the measuring process reads them too: it must hold no library
that scoring does not.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
#: In the first line, after "cpu": the fields that count every moment once; "guest" is part of "user".
_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_IDLE = ("idle", "iowait")


@dataclass(frozen=True)
class Reading:
    """Processor time so far, in seconds, over all processors.

    Attributes:
        busy: In which anything ran since the machine was started, other virtual machines included ("steal").
        total: The same, and that in which nothing ran.
        own: Of the process that took the reading, since it was started.
    """

    busy: float
    total: float
    own: float


def read_load(stat: Path = _STAT) -> Reading:
    """Returns the counters as they stand.

    Args:
        stat: Where Linux tells them.
    """
    ticks = stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    seconds = {field: int(tick) / os.sysconf("SC_CLK_TCK") for field, tick in zip(_FIELDS, ticks, strict=False)}
    total = sum(seconds.values())
    return Reading(busy=total - sum(seconds[field] for field in _IDLE), total=total, own=time.process_time())


def share_of_others(processes: Iterable[tuple[Reading, Reading]]) -> float | None:
    """Returns the share of the processors that others used while processes of ours ran, 0..1; None if nobody counts.

    Args:
        processes: Of each, a reading just before it was started, and one that it took later itself.
    """
    spans = [(after.busy - before.busy - after.own, after.total - before.total) for before, after in processes]
    total = sum(span for _, span in spans)
    # The counters go in steps of a hundredth of a second: a quiet span may come out a little below 0.
    return min(max(sum(others for others, _ in spans) / total, 0.0), 1.0) if total > 0 else None
