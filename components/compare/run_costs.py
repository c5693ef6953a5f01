"""Where the time and money of a run went, step by step: what the meters measured, priced by the need."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.shared.deciding.costs import usage_cost_eur
from components.shared.meter import Usage
from components.shared.need import Need
from components.shared.records.measurements import Power
from components.shared.records.step_usage import StepUsage

#: The step that every run begins with, and that never comes from the cache.
_FIRST_STEP = "define"


@dataclass(frozen=True)
class StepCost:
    """What one step took.

    Attributes:
        name: The step and its model.
        cached: Whether its result came from the cache: then it took this in an earlier run.
        usage: Measured.
        cost_eur: Estimated.
        energy_wh: Estimated from processor time; None if the power of the machine is not known.
    """

    name: str
    cached: bool
    usage: Usage
    cost_eur: float
    energy_wh: float | None


@dataclass(frozen=True)
class RunCosts:
    """What the steps took, those from the cache left out of the sums.

    Attributes:
        steps: In the order in which they ran.
        seconds, cpu_seconds: Sum over the steps; on a cluster, some of them ran side by side.
        cost_eur: Estimated.
        energy_wh: Estimated; None if the power of the machine is not known.
        energy_how: What the energy was reckoned with.
    """

    steps: tuple[StepCost, ...]
    seconds: float
    cpu_seconds: float
    cost_eur: float
    energy_wh: float | None
    energy_how: str

    @property
    def any_cached(self) -> bool:
        """Whether any result came from the cache."""
        return any(step.cached for step in self.steps)

    @property
    def any_gpu(self) -> bool:
        """Whether any step had a GPU."""
        return any(step.usage.gpu_share is not None for step in self.steps)


def reckon_run(usages: Sequence[StepUsage], power: Power | None, need: Need) -> RunCosts | None:
    """Returns what the steps of a run cost; None if nothing is known of them.

    Args:
        usages: What the steps took, in the order in which they started.
        power: Of the machine that measured; the others are taken to be like it.
        need: Its prices.
    """
    if not usages:
        return None
    begun = max(
        (one.started for one in usages if one.step == _FIRST_STEP), default=min(one.started for one in usages)
    )
    steps = tuple(
        StepCost(
            name=one.name,
            cached=one.is_cached(begun),
            usage=one.usage,
            cost_eur=usage_cost_eur(one.usage, need),
            energy_wh=_energy_wh(one.usage, power),
        )
        for one in usages
    )
    ran = [step for step in steps if not step.cached]
    energies = [step.energy_wh for step in ran if step.energy_wh is not None]
    return RunCosts(
        steps=steps,
        seconds=sum(step.usage.seconds for step in ran),
        cpu_seconds=sum(step.usage.cpu_seconds for step in ran),
        cost_eur=sum(step.cost_eur for step in ran),
        energy_wh=sum(energies) if energies else None,
        energy_how=power.how if power else "the power of the machine was not looked at",
    )


def describe_run_costs(run: RunCosts | None) -> dict[str, float | str | None] | None:
    """Returns the sums of a run for decision.json; None if nothing is known of its steps."""
    if run is None:
        return None
    return {
        "seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "cost_eur": run.cost_eur,
        "energy_wh": run.energy_wh,
        "energy_how": run.energy_how,
    }


def _energy_wh(usage: Usage, power: Power | None) -> float | None:
    """Returns the energy of a step: of processor and memory, and of the GPU where it was counted."""
    energy = power.energy_wh(usage.cpu_seconds, usage.seconds) if power else None
    return energy if energy is None else energy + (usage.gpu_energy_wh or 0.0)
