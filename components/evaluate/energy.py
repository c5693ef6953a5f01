"""The energy of a measured process: CodeCarbon's figures of this machine, offline.

Where the processor counts its energy (RAPL), CodeCarbon reads the counter while a candidate runs alone, and the
processor time says how much of it a review takes. Elsewhere the power of a busy core is estimated from the design
power (TDP) of the processor, as CodeCarbon does it for a process. Memory is always its estimate from the size.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from components.shared.records.measurements import Power

#: CodeCarbon's offline tracker asks for a country; it decides grams of CO2, which nothing here shows.
_COUNTRY = "FRA"
_JOULES_PER_KWH = 3_600_000
_TRACKER_SECONDS = 1


@dataclass
class CountedEnergy:
    """What the processor counted while a block ran; None where it does not count."""

    joules: float | None = None


class EnergyMeter:
    """Knows the power of this machine, and reads the processor's energy counter where there is one.

    Attributes:
        power: What is known before anything is measured.
    """

    def __init__(self) -> None:
        """Looks at the machine, which takes a second or two."""
        from codecarbon.core.cpu import is_rapl_available
        from codecarbon.external.ram import RAM

        logging.getLogger("codecarbon").setLevel(logging.ERROR)  # its import sets another
        self._tracker = _start_tracker() if is_rapl_available() else None
        self.power = _counted_power() if self._tracker else _estimated_power()
        self.power = self.power.model_copy(update={"ram_watts": RAM().total_power().W})

    @contextmanager
    def counted(self) -> Iterator[CountedEnergy]:
        """Counts the processor's energy during a block, if it can."""
        energy = CountedEnergy()
        if self._tracker is None:
            yield energy
            return
        self._tracker.start_task()
        try:
            yield energy
        finally:
            energy.joules = self._tracker.stop_task().cpu_energy * _JOULES_PER_KWH


def _start_tracker() -> Any:
    from codecarbon import OfflineEmissionsTracker

    return OfflineEmissionsTracker(
        country_iso_code=_COUNTRY,
        log_level="error",
        save_to_file=False,
        save_to_api=False,
        allow_multiple_runs=True,  # the lock of single runs is a file
        measure_power_secs=_TRACKER_SECONDS,
    )


def _counted_power() -> Power:
    return Power(
        kind="measured",
        how="the processor's energy counter (RAPL), read by CodeCarbon while the candidate ran alone, shared out by "
        "processor time; memory estimated from its size",
    )


def _estimated_power() -> Power:
    """Returns the power of a busy core: the processor's TDP over its threads."""
    from codecarbon.core.cpu import DEFAULT_POWER_PER_CORE, TDP
    from codecarbon.core.util import count_physical_cpus

    tdp, threads = TDP(), psutil.cpu_count() or 1
    if tdp.tdp is None:
        return Power(kind="unknown", how="neither an energy counter (RAPL) nor the processor's design power is known")
    if tdp.tdp == threads * DEFAULT_POWER_PER_CORE:
        known = f"its table does not know '{tdp.model}', so that each thread counts {DEFAULT_POWER_PER_CORE} W"
        watts = float(DEFAULT_POWER_PER_CORE)
    else:
        watts = tdp.tdp * count_physical_cpus() / threads
        known = (
            f"its table says {tdp.tdp:g} W of design power (TDP) for '{tdp.model}', shared by {threads} threads; a "
            "virtual machine has only a part of the processor, so that this may be far too much"
        )
    return Power(
        kind="estimated",
        watts_per_core=watts,
        how=f"CodeCarbon finds no energy counter (RAPL) on this machine; {known}; memory estimated from its size",
    )
