"""Words that the table and the report share."""

from collections.abc import Sequence

from components.shared.records.measurements import TriedRuntime


def sentence(text: str) -> str:
    """Returns a text as one sentence on one line; empty if there is nothing in it."""
    text = " ".join(text.split())
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


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
