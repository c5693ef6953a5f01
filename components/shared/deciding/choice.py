"""Choosing among candidates that are good enough: burdens, ties and the front. Pure functions.

Two burdens tie where they differ by less than what is worthwhile to the need, or by less than the same figures
differ from one measuring to the next. A tie is counted from the lightest, as ties with each neighbour would add up to
a difference. What ties goes by a declared order: fewer techniques and conversions, then higher quality, then less
energy, then the name.
"""

from collections.abc import Callable, Iterable, Sequence

from components.shared.deciding.decision import Candidate
from components.shared.need import Need


class Burdens:
    """What candidates weigh, and which of them weigh the same."""

    def __init__(self, candidates: Sequence[Candidate], need: Need) -> None:
        """Weighs candidates.

        A burden is the weighted sum of a candidate's shares of the need's limits. Where the need has no limit, the
        largest value takes its place; candidates that another one beats in everything have no say in it, so that
        adding such a candidate changes nothing.

        Args:
            candidates: All that were measured.
            need: Limits and weights.
        """
        weights, limits = need.weights, need.constraints
        scale_givers = [
            one for one in candidates if not any(_beats_in_everything(other, one) for other in candidates)
        ]
        self._need = need
        self._shares: dict[str, float] = {}
        for weight, limit, field in (
            (weights.cost, limits.maximum_cost_per_month_eur, "cost_eur"),
            (weights.latency, limits.maximum_p95_latency_ms, "p95_ms"),
            (weights.memory, limits.maximum_memory_mb, "memory_mb"),
            (weights.size, limits.maximum_size_mb, "size_mb"),
        ):
            scale = limit or max((getattr(one, field) for one in scale_givers), default=0) or 1.0
            self._shares[field] = weight / scale

    def of(self, one: Candidate) -> float:
        """Returns the burden of a candidate."""
        return sum(share * float(getattr(one, field)) for field, share in self._shares.items())

    def tolerance(self, one: Candidate, other: Candidate) -> float:
        """Returns the largest difference of two candidates' burdens that is a tie."""
        return (
            self._shares["cost_eur"] * cost_tie_eur(one, other, self._need)
            + self._shares["p95_ms"] * max(one.noise.p95_ms, other.noise.p95_ms)
            + self._shares["memory_mb"] * max(one.noise.memory_mb, other.noise.memory_mb)
        )

    def tie(self, one: Candidate, other: Candidate) -> bool:
        """Returns whether two candidates weigh the same."""
        return not self.clearly_lighter(one, other) and not self.clearly_lighter(other, one)

    def clearly_lighter(self, one: Candidate, other: Candidate) -> bool:
        """Returns whether a candidate weighs less than another one, beyond a tie."""
        return self.of(other) - self.of(one) > self.tolerance(one, other)


def cost_tie_eur(one: Candidate, other: Candidate, need: Need) -> float:
    """Returns by how many euros a month two candidates may differ and cost the same."""
    return max(need.worthwhile_saving_eur, one.noise.cost_eur, other.noise.cost_eur)


def choose(candidates: Sequence[Candidate], burdens: Burdens) -> tuple[Candidate, str]:
    """Returns the candidate that the rules take of those that are good enough.

    Args:
        candidates: At least one.
        burdens: What they weigh.

    Returns:
        The candidate, and the rule that told it from the last others: "burden", "changes", "quality", "energy",
        "name", or "enough" if there were none.
    """
    lightest = min(candidates, key=lambda one: (burdens.of(one), one.name))
    left = [one for one in candidates if not burdens.clearly_lighter(lightest, one)]
    decided_by = "burden" if len(left) < len(candidates) else "enough"
    rules: tuple[tuple[str, Callable[[list[Candidate]], list[Candidate]]], ...] = (
        ("changes", lambda some: _least(some, lambda one: one.changes)),
        ("quality", lambda some: _least(some, lambda one: -one.quality)),
        ("energy", _least_energy),
        ("name", lambda some: _least(some, lambda one: one.name)),
    )
    for name, keep in rules:
        kept = keep(left)
        if len(kept) < len(left):
            left, decided_by = kept, name
    return left[0], decided_by


def find_front(candidates: Iterable[Candidate], burdens: Burdens) -> set[str]:
    """Returns the candidates that no other beats.

    One beats another if it is as good and clearly lighter, or better, no heavier but for a tie, and no less simple.
    So a simpler candidate stays beside a better one whose cost is the same.
    """
    candidates = list(candidates)
    return {one.name for one in candidates if not any(_beats(other, one, burdens) for other in candidates)}


def _beats(one: Candidate, other: Candidate, burdens: Burdens) -> bool:
    if burdens.clearly_lighter(one, other):
        return one.quality >= other.quality
    if burdens.clearly_lighter(other, one):
        return False
    return one.quality > other.quality and one.changes <= other.changes


def _least(candidates: list[Candidate], key: Callable[[Candidate], float | str]) -> list[Candidate]:
    least = min(map(key, candidates))
    return [one for one in candidates if key(one) == least]


def _least_energy(candidates: list[Candidate]) -> list[Candidate]:
    """Returns those that take the least energy, up to what it differs by between measurings; all if it is unknown."""
    known = {one.name: one.energy_wh for one in candidates if one.energy_wh is not None}
    if len(known) < len(candidates):
        return candidates
    least = min(candidates, key=lambda one: (known[one.name], one.name))
    return [
        one
        for one in candidates
        if known[one.name] - known[least.name] <= max(one.noise.energy_wh, least.noise.energy_wh)
    ]


def _beats_in_everything(one: Candidate, other: Candidate) -> bool:
    mine, theirs = _burden_figures(one), _burden_figures(other)
    no_worse = one.quality >= other.quality and all(a <= b for a, b in zip(mine, theirs, strict=True))
    return no_worse and (one.quality > other.quality or mine != theirs)


def _burden_figures(one: Candidate) -> tuple[float, ...]:
    return (one.cost_eur, one.p95_ms, one.memory_mb, one.size_mb)
