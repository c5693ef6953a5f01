"""Words that the table and the report share."""

from collections.abc import Sequence

from components.shared.deciding.decision import Decision
from components.shared.deciding.wording import write_euros
from components.shared.need import Need
from components.shared.records.measurements import TriedRuntime

_HEADLINES = {
    "deploy": "Deploy {chosen}",
    "keep": "Keep the deployed model",
    "inconclusive": "Inconclusive: nothing changes",
    "none": "Deploy nothing",
}


def write_headline(decision: Decision) -> str:
    """Returns the verdict in a few words."""
    if decision.override and decision.verdict != "deploy":
        refused = decision.override.override.action == "refuse"
        return "Deployment refused by an override" if refused else "An override could not be carried out"
    headline = _HEADLINES[decision.verdict].format(chosen=decision.chosen)
    return f"{headline}, by an override" if decision.override else headline


def sentence(text: str) -> str:
    """Returns a text as one sentence on one line; empty if there is nothing in it."""
    text = " ".join(text.split())
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def describe_always_on(name: str, batch_eur: float, always_on_eur: float, need: Need) -> str:
    """Returns what a month costs in both modes, that of the need first; estimated, training included."""
    often = "once a day" if need.runs_per_day == 1 else f"{need.runs_per_day} times a day"
    batch = f"started {often} and stopped when it is done, {write_euros(batch_eur)} a month"
    always = f"always on, {write_euros(always_on_eur)} a month"
    first, second = (batch, always) if need.mode == "batch" else (always, batch)
    return (
        f"{name} costs, {first}: that is how the need runs it, what its limit holds for and what is deployed. For "
        f"comparison: {second}. Both are estimated, the training included."
    )


def describe_tried(one: TriedRuntime) -> str:
    """Returns such as "litert, 1 × 2 threads: 312 reviews/s" or "onnxruntime: no such operator"."""
    if one.reviews_per_second is None:
        return f"{one.runtime}: {one.note}"
    batch = "" if one.batch_size is None else f", batch {one.batch_size}"
    way = f"{one.runtime}, {one.workers} × {one.threads} threads{batch}: {one.reviews_per_second:,.0f} reviews/s"
    return f"{way} ({one.note})" if one.note else way


def fastest_of_each_runtime(tried: Sequence[TriedRuntime]) -> list[TriedRuntime]:
    """Returns the fastest way on each run time, in their order; one that does not work if none does."""
    fastest: dict[str, TriedRuntime] = {}
    for one in tried:
        if one.runtime not in fastest or _speed(one) > _speed(fastest[one.runtime]):
            fastest[one.runtime] = one
    return list(fastest.values())


def _speed(one: TriedRuntime) -> float:
    return one.reviews_per_second or 0.0
