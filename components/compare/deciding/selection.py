"""The decision: which candidate is enough, and whether it replaces what is deployed. A pure function.

1. Constraints: a candidate that breaks one of the need's is not offered, nor one that is no better than
   always predicting the most frequent label.
2. Front: of those offered, what another beats in quality and burden at once is not considered.
3. Enough: the quality is shown not to be worse than the best one's by the need's margin or more (the lower
   bound of the paired 95 % interval lies above minus the margin). A small sample shows little, so it keeps
   the best; it never makes a worse candidate "good enough".
4. The least burden among those is chosen.
5. Gate: against the deployed model, on the same reviews.

All figures are of the select split; test figures play no role.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.compare.deciding.bootstrap import Samples, interval
from components.shared.need import Need
from components.shared.records.measurements import ChampionStatus

Verdict = Literal["deploy", "keep", "inconclusive", "none"]

#: Replacing a deployed model is work and risk: as good as it is not enough, it has to save this share of its cost.
MINIMUM_SAVING = 0.10

METRIC_NAMES = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "weighted_f1": "weighted F1",
    "macro_recall": "macro recall",
    "quadratic_kappa": "quadratic kappa",
}


@dataclass(frozen=True)
class Candidate:
    """The figures of one candidate that decide.

    Attributes:
        name: Identifier.
        quality: The need's metric on select.
        macro_f1: On select; compared with the majority class whatever the metric is.
        average_error: Predicted minus true mean score on select, in label units.
        p95_ms, memory_mb, size_mb, cost_eur: Latency, peak memory, size of the bundle, cost per month.
        content: Fingerprint of the bundle's content.
        reference: Whether it stands for the level to beat and is never offered itself.
        bought: Whether it is a paid service: compared like any other, but not for a pipeline to deploy.
    """

    name: str
    quality: float
    macro_f1: float
    average_error: float
    p95_ms: float
    memory_mb: float
    size_mb: float
    cost_eur: float
    content: str = ""
    reference: bool = False
    bought: bool = False


@dataclass(frozen=True)
class Deployed:
    """The deployed model; `figures` only if its status is "measured"."""

    status: ChampionStatus = "none"
    note: str = ""
    figures: Candidate | None = None


@dataclass(frozen=True)
class Difference:
    """A difference of quality between two candidates on select, with its paired 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """What the decision says of one candidate.

    Attributes:
        burden: Weighted sum of its shares of the limits.
        objections: Why it is not offered, as sentences; empty if it is.
        on_front: Offered, and no other offered one is better in quality and burden at once.
        difference: Its quality minus the best offered one's; None if it is not offered.
        good_enough: Shown not to be worse than the best by the margin.
    """

    burden: float
    objections: tuple[str, ...]
    on_front: bool = False
    difference: Difference | None = None
    good_enough: bool = False


@dataclass(frozen=True)
class Decision:
    """The verdict with its reasons.

    Attributes:
        verdict: deploy, keep (the deployed model stays), inconclusive or none (nothing is offered).
        reasons: Full sentences, the most important first.
        chosen: The cheapest candidate that is good enough, whatever the gate says; None if none is offered.
        best: The offered candidate with the highest quality.
        standings: By candidate, in the order of the candidates.
        gain: Quality of the chosen candidate minus the deployed model's, if they could be compared.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    chosen: str | None
    best: str | None
    standings: dict[str, Standing]
    gain: Difference | None = None


def decide(
    candidates: Sequence[Candidate],
    need: Need,
    majority_macro_f1: float,
    samples: Mapping[str, Samples],
    deployed: Deployed,
) -> Decision:
    """Returns the decision.

    Args:
        candidates: All that were measured, names all different.
        need: Limits, margin and weights.
        majority_macro_f1: Macro-F1 on select of always predicting the most frequent label of train.
        samples: By name, the deployed model's too: the need's metric on the same resamples.
        deployed: What is deployed now.
    """
    burdens = weigh_burdens(candidates, need)
    objections = {one.name: tuple(_object_to(one, need, majority_macro_f1)) for one in candidates}
    offered = [one for one in candidates if not objections[one.name]]
    if not offered:
        standings = {one.name: Standing(burdens[one.name], objections[one.name]) for one in candidates}
        return Decision("none", _reasons_for_none(candidates, objections), None, None, standings)

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
    choice = _reason_for_choice(chosen, best, standings[chosen.name], need)
    verdict, reason, gain = _pass_gate(chosen, deployed, samples, need)
    return Decision(verdict, (reason, choice), chosen.name, best.name, standings, gain)


def compare_quality(one: Candidate, other: Candidate, samples: Mapping[str, Samples]) -> Difference:
    """Returns the quality of one candidate minus another's, with the paired bootstrap's interval."""
    low, high = interval(samples[one.name] - samples[other.name])
    return Difference(one.quality - other.quality, low, high)


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


def _reasons_for_none(candidates: Sequence[Candidate], objections: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if not candidates:
        return ("No candidate could be measured, so there is nothing to offer.",)
    best = min(candidates, key=lambda one: (one.reference, -one.quality, one.name))
    return (
        f"None of the {len(candidates)} measured candidates meets the need, so whatever is deployed stays as it is.",
        f"The nearest by quality is {best.name}. {' '.join(objections[best.name])}",
    )


def _reason_for_choice(chosen: Candidate, best: Candidate, standing: Standing, need: Need) -> str:
    metric = METRIC_NAMES[need.quality.metric]
    figures = f"{metric} {chosen.quality:.3f} for an estimated {_euros(chosen.cost_eur)} a month"
    if chosen is best or standing.difference is None:
        return (
            f"{chosen.name} has the highest quality of those that meet the need ({figures}), and nothing that "
            f"weighs less is shown to be within the margin of {need.quality.margin:g} of it."
        )
    return (
        f"{chosen.name} ({figures}) weighs least of those shown to be within the margin of {need.quality.margin:g} "
        f"of the best, {best.name} ({metric} {best.quality:.3f} for {_euros(best.cost_eur)}): "
        f"the difference is {_write(standing.difference)}."
    )


def _pass_gate(
    chosen: Candidate, deployed: Deployed, samples: Mapping[str, Samples], need: Need
) -> tuple[Verdict, str, Difference | None]:
    """Returns the verdict, its reason, and the difference to the deployed model where there is one."""
    if deployed.status == "none":
        return "deploy", f"Nothing is deployed yet, and {chosen.name} meets the need.", None
    if deployed.status == "other labels":
        return "deploy", f"The deployed model does other work ({deployed.note}), so {chosen.name} replaces it.", None
    champion = deployed.figures
    if champion is None:
        reason = (
            f"The deployed model could not be compared ({deployed.note}); repair it, or remove it to deploy "
            f"{chosen.name}."
        )
        return "inconclusive", reason, None
    gain = compare_quality(chosen, champion, samples)
    if chosen.content == champion.content:
        return "keep", f"{chosen.name} is what is deployed already.", gain
    return *_weigh_gain(chosen, champion, gain, need), gain


def _weigh_gain(chosen: Candidate, champion: Candidate, gain: Difference, need: Need) -> tuple[Verdict, str]:
    metric, margin = METRIC_NAMES[need.quality.metric], need.quality.margin
    difference = f"its {metric} differs from the deployed model's by {_write(gain)} on the same reviews"
    costs = f"{_euros(chosen.cost_eur)} against {_euros(champion.cost_eur)} a month, estimated"
    if gain.low > 0:
        return "deploy", f"{chosen.name} is better than the deployed model: {difference}."
    cheaper = chosen.cost_eur <= (1 - MINIMUM_SAVING) * champion.cost_eur
    if gain.low > -margin and cheaper:
        return (
            "deploy",
            f"{chosen.name} is as good as the deployed model within the margin of {margin:g} and at least "
            f"{MINIMUM_SAVING:.0%} cheaper ({costs}): {difference}.",
        )
    if gain.high < margin:
        return (
            "keep",
            f"{chosen.name} is not better than the deployed model by the margin of {margin:g}, nor as good and "
            f"{MINIMUM_SAVING:.0%} cheaper ({costs}): {difference}.",
        )
    return (
        "inconclusive",
        f"{chosen.name} may or may not be better than the deployed model by the margin of {margin:g}: {difference}. "
        "More reviews to choose on would narrow this down; the deployed model stays.",
    )


def _euros(value: float) -> str:
    """Returns an amount that tells cheap candidates apart: three digits, cents or not."""
    return f"{value:.3g} €" if value < 1 else f"{value:,.2f} €"


def _write(difference: Difference) -> str:
    return f"{difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"
