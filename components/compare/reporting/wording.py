"""Words that the table and the report share."""

from collections.abc import Sequence

from components.shared.deciding.decision import Decision
from components.shared.records.measurements import TriedRuntime

_HEADLINES = {
    "deploy": "Deploy {chosen}",
    "keep": "Keep the deployed model",
    "inconclusive": "Inconclusive: nothing changes",
    "none": "No candidate meets the need",
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


def describe_always_on(name: str, stopped_eur: float, always_on_eur: float, runs_per_day: int) -> str:
    """Returns what starting and stopping saves against a machine that is never stopped, in euros a month."""
    ratio = always_on_eur / stopped_eur
    often = "once a day" if runs_per_day == 1 else f"{runs_per_day} times a day"
    return (
        f"{name}, started {often} and stopped when it is done, costs an estimated {stopped_eur:.3g} € a month, its "
        f"training included; always on it would cost {always_on_eur:.3g} € a month, "
        f"{f'{ratio:,.0f}' if ratio >= 100 else f'{ratio:.3g}'} times as much."
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
