"""The decision: which candidate is enough, and whether it replaces what is deployed. A pure function.

1. Constraints: a candidate that breaks one of the need's is not offered, nor one that is no better than
   always predicting the most frequent label. A limit binds the measured figure itself, not its interval: who
   wants to be surer sets the limit further off. If the choice's interval reaches below the least quality, a
   reason says so.
2. Front: of those offered, what another beats in quality and burden at once is not considered.
3. Enough: the quality is shown not to be worse than the best one's by the need's margin or more (the lower
   bound of the paired 95 % interval lies above minus the margin). A small sample shows little, so it keeps
   the best; it never makes a worse candidate "good enough".
4. The least burden among those is chosen.
5. Gate: against the deployed model, on the same reviews; see gate.py, which also says when it is inconclusive.
6. Override: a person may decide otherwise, by name and with a reason; see overriding.py.

All figures are of the select split; test figures play no role.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from components.shared.deciding.bootstrap import Samples, interval
from components.shared.deciding.decision import METRIC_NAMES, Candidate, Decision, Deployed, Standing
from components.shared.deciding.gate import DECISIVE_SAVING, Rival, compare_quality, pass_gate
from components.shared.deciding.overriding import apply_override
from components.shared.deciding.wording import write_cost_and_certainty, write_difference, write_euros
from components.shared.need import Need
from components.shared.override import Override


def decide(
    candidates: Sequence[Candidate],
    need: Need,
    majority_macro_f1: float,
    samples: Mapping[str, Samples],
    deployed: Deployed,
    reviews: int,
    override: Override | None = None,
) -> Decision:
    """Returns the decision.

    Args:
        candidates: All that were measured, names all different.
        need: Limits, margin and weights.
        majority_macro_f1: Macro-F1 on select of always predicting the most frequent label of train.
        samples: By name, the deployed model's too: the need's metric on the same resamples.
        deployed: What is deployed now.
        reviews: Number of select reviews.
        override: What a person decides otherwise; None: the rules stand.
    """
    decision = _follow_rules(candidates, need, majority_macro_f1, samples, deployed, reviews)
    return apply_override(decision, override, candidates, samples, deployed) if override else decision


def _follow_rules(
    candidates: Sequence[Candidate],
    need: Need,
    majority_macro_f1: float,
    samples: Mapping[str, Samples],
    deployed: Deployed,
    reviews: int,
) -> Decision:
    burdens = weigh_burdens(candidates, need)
    objections = {one.name: tuple(_object_to(one, need, majority_macro_f1)) for one in candidates}
    offered = [one for one in candidates if not objections[one.name]]
    if not offered:
        standings = {one.name: Standing(burdens[one.name], objections[one.name]) for one in candidates}
        return _offer_nothing(candidates, standings)

    best = min(offered, key=lambda one: (-one.quality, burdens[one.name], one.name))
    front = find_front(offered, burdens)
    standings = {}
    for one in candidates:
        difference = None if objections[one.name] else compare_quality(one, best, samples)
        standings[one.name] = Standing(
            burden=burdens[one.name],
            objections=objections[one.name],
            on_front=one.name in front,
            difference=difference,
            good_enough=difference is not None and (one is best or difference.low > -need.quality.margin),
        )
    enough = [one for one in offered if standings[one.name].on_front and standings[one.name].good_enough]
    # On the front, equal burdens mean equal qualities.
    chosen = min(enough, key=lambda one: (burdens[one.name], one.name))
    champion = deployed.figures
    outcome = pass_gate(
        chosen,
        deployed,
        champion_objections=_object_to(champion, need, majority_macro_f1) if champion else [],
        rivals=_find_rivals(chosen, offered, standings, need),
        samples=samples,
        reviews=reviews,
        need=need,
    )
    reasons = [outcome.reason, _reason_for_choice(chosen, best, standings[chosen.name], need)]
    return Decision(
        verdict=outcome.verdict,
        reasons=(*reasons, *_warn_of_minimum(chosen, samples, need)),
        chosen=chosen.name,
        best=best.name,
        standings=standings,
        gain=outcome.gain,
        more_reviews=outcome.more_reviews,
        summary=(outcome.plain, write_cost_and_certainty(chosen, samples[chosen.name])),
    )


def weigh_burdens(candidates: Sequence[Candidate], need: Need) -> dict[str, float]:
    """Returns the burden of each candidate: the weighted sum of its shares of the need's limits.

    Where the need has no limit, the largest value takes its place; candidates that another one beats in
    everything have no say in it, so that adding such a candidate changes nothing.
    """
    weights, limits = need.weights, need.constraints
    scale_givers = [one for one in candidates if not any(_beats_in_everything(other, one) for other in candidates)]
    burdens = {one.name: 0.0 for one in candidates}
    for weight, limit, field in (
        (weights.cost, limits.maximum_cost_per_month_eur, "cost_eur"),
        (weights.latency, limits.maximum_p95_latency_ms, "p95_ms"),
        (weights.memory, limits.maximum_memory_mb, "memory_mb"),
        (weights.size, limits.maximum_size_mb, "size_mb"),
    ):
        scale = limit or max((getattr(one, field) for one in scale_givers), default=0) or 1.0
        for one in candidates:
            burdens[one.name] += weight * getattr(one, field) / scale
    return burdens


def find_front(candidates: Iterable[Candidate], burdens: Mapping[str, float]) -> set[str]:
    """Returns the candidates that no other beats: as good and lighter, or better and no heavier."""
    candidates = list(candidates)
    return {
        one.name
        for one in candidates
        if not any(
            other.quality >= one.quality
            and burdens[other.name] <= burdens[one.name]
            and (other.quality > one.quality or burdens[other.name] < burdens[one.name])
            for other in candidates
        )
    }


def _beats_in_everything(one: Candidate, other: Candidate) -> bool:
    mine, theirs = _burden_figures(one), _burden_figures(other)
    no_worse = one.quality >= other.quality and all(a <= b for a, b in zip(mine, theirs, strict=True))
    return no_worse and (one.quality > other.quality or mine != theirs)


def _burden_figures(one: Candidate) -> tuple[float, ...]:
    return (one.cost_eur, one.p95_ms, one.memory_mb, one.size_mb)


def _object_to(one: Candidate, need: Need, majority_macro_f1: float) -> list[str]:
    """Returns why a candidate is not offered."""
    if one.reference:
        return ["It predicts the most frequent label whatever a review says: the level that others have to beat."]
    if one.bought:
        return ["It is a paid service, to which every review would go: buying it is for people to decide."]
    limits, metric = need.constraints, METRIC_NAMES[need.quality.metric]
    objections = []
    if one.macro_f1 <= majority_macro_f1:
        objections.append(
            f"Its macro-F1 of {one.macro_f1:.3f} is no better than always predicting the most frequent label "
            f"({majority_macro_f1:.3f})."
        )
    if limits.minimum_quality is not None and one.quality < limits.minimum_quality:
        objections.append(
            f"Its {metric} of {one.quality:.3f} is below the need's minimum of {limits.minimum_quality:g}."
        )
    for name, value, limit, unit in (
        ("average sentiment is off by", abs(one.average_error), limits.maximum_average_error, "label units"),
        ("p95 latency is", one.p95_ms, limits.maximum_p95_latency_ms, "ms"),
        ("peak memory is", one.memory_mb, limits.maximum_memory_mb, "MB"),
        ("size is", one.size_mb, limits.maximum_size_mb, "MB"),
        ("cost is", one.cost_eur, limits.maximum_cost_per_month_eur, "€ a month"),
    ):
        if limit is not None and value > limit:
            objections.append(f"Its {name} {value:.3g} {unit}, more than the need's {limit:g} {unit}.")
    return objections


def _find_rivals(
    chosen: Candidate, offered: Iterable[Candidate], standings: Mapping[str, Standing], need: Need
) -> list[Rival]:
    """Returns the far lighter candidates that are neither shown to be good enough nor to be worse, lightest first.

    Where euros alone make a burden, those that would save less than what the need calls worthwhile are left out.
    """
    weights = need.weights
    euros_alone = not (weights.latency or weights.memory or weights.size)
    most_eur = chosen.cost_eur - need.worthwhile_saving_eur if euros_alone else math.inf
    worthwhile = {one.name for one in offered if one.cost_eur <= most_eur}
    burden = standings[chosen.name].burden
    limit = (1 - DECISIVE_SAVING) * burden
    found = [
        (standing.burden, Rival(name, standing.difference))
        for name, standing in standings.items()
        if name in worthwhile
        and standing.on_front
        and not standing.good_enough
        and standing.burden <= limit < burden
        and standing.difference is not None
        and standing.difference.high >= 0
    ]
    return [rival for _, rival in sorted(found, key=lambda pair: (pair[0], pair[1].name))]


def _offer_nothing(candidates: Sequence[Candidate], standings: dict[str, Standing]) -> Decision:
    if not candidates:
        reason = "No candidate could be measured, so there is nothing to offer."
        return Decision("none", (reason,), None, None, standings, summary=(reason, "What is in service stays."))
    best = min(candidates, key=lambda one: (one.reference, -one.quality, one.name))
    nearest = f"The nearest by quality is {best.name}. {' '.join(standings[best.name].objections)}"
    return Decision(
        verdict="none",
        reasons=(
            f"None of the {len(candidates)} measured candidates meets the need, so whatever is deployed stays.",
            nearest,
        ),
        chosen=None,
        best=None,
        standings=standings,
        summary=(f"Deploy nothing: none of the {len(candidates)} models keeps to every limit of the need.", nearest),
    )


def _warn_of_minimum(chosen: Candidate, samples: Mapping[str, Samples], need: Need) -> list[str]:
    minimum, low = need.constraints.minimum_quality, interval(samples[chosen.name])[0]
    if minimum is None or low >= minimum:
        return []
    return [f"Its 95 % interval reaches down to {low:.3f}, below the need's minimum of {minimum:g}."]


def _reason_for_choice(chosen: Candidate, best: Candidate, standing: Standing, need: Need) -> str:
    metric = METRIC_NAMES[need.quality.metric]
    figures = f"{metric} {chosen.quality:.3f} for an estimated {write_euros(chosen.cost_eur)} a month"
    if chosen is best or standing.difference is None:
        return (
            f"{chosen.name} has the highest quality of those that meet the need ({figures}), and nothing that "
            f"weighs less is shown to be within the margin of {need.quality.margin:g} of it."
        )
    return (
        f"{chosen.name} ({figures}) weighs least of those shown to be within the margin of {need.quality.margin:g} "
        f"of the best, {best.name} ({metric} {best.quality:.3f} for {write_euros(best.cost_eur)}): "
        f"the difference is {write_difference(standing.difference)}."
    )
