"""Why a candidate is not offered: the limits of the need, and the level of guessing. Pure functions."""

from collections.abc import Iterator

from components.shared.behaviour_keys import TOLD_APART
from components.shared.deciding.decision import METRIC_NAMES, Candidate
from components.shared.deciding.skill import Guessing
from components.shared.deciding.wording import write_euros
from components.shared.need import Need


def list_objections(one: Candidate, need: Need, guessing: Guessing) -> list[str]:
    """Returns why a candidate is not offered, as sentences; none if it is.

    Args:
        one: A candidate, or the deployed model, which has no skill of its own: it was not picked here.
        need: The limits.
        guessing: What guessing reaches.
    """
    if one.reference:
        return ["It predicts the most frequent label whatever a review says: the level that others have to beat."]
    if one.bought:
        return ["It is a paid service, to which every review would go: buying it is for people to decide."]
    return [*_object_to_skill(one, need, guessing), *list_broken_limits(one, need)]


def list_broken_limits(one: Candidate, need: Need) -> list[str]:
    """Returns which limits of the need a candidate breaks, as sentences."""
    return [*_object_to_quality(one, need), *_object_to_labels(one, need), *_object_to_figures(one, need)]


def _object_to_skill(one: Candidate, need: Need, guessing: Guessing) -> Iterator[str]:
    metric = METRIC_NAMES[need.quality.metric]
    if one.quality <= guessing.best:
        yield f"Its {metric} of {one.quality:.3f} is no better than guessing ({guessing.best:.3f})."
    elif one.skill is not None and not one.skill.shown:
        yield (
            f"It is not shown to be better than guessing: its {metric} of {one.quality:.3f} exceeds the "
            f"{guessing.best:.3f} of guessing by no more than the best of so many candidates may by luck."
        )


def _object_to_quality(one: Candidate, need: Need) -> Iterator[str]:
    minimum = need.constraints.minimum_quality
    if minimum is not None and one.quality < minimum:
        metric = METRIC_NAMES[need.quality.metric]
        yield f"Its {metric} of {one.quality:.3f} is below the need's minimum of {minimum:g}."


def _object_to_labels(one: Candidate, need: Need) -> Iterator[str]:
    for label, minimum in need.constraints.minimum_recall.items():
        if label in one.recalls and one.recalls[label] < minimum:
            found = f"{one.recalls[label]:.0%} of the reviews labelled {label}"
            yield f"It finds {found}, less than the need's {minimum:.0%}."
    for key, minimum in need.constraints.minimum_behaviour.items():
        if key in one.behaviours and one.behaviours[key] < minimum:
            yield f"{_behaviour_in_words(key, one.behaviours[key])}, less than the need's {minimum:.2g}."


def _behaviour_in_words(key: str, rate: float) -> str:
    if key == TOLD_APART:
        return (
            "It hardly tells plain praise from plain complaints: of both together it gets "
            f"{rate:.2f} right, where always saying the same gets 0.50"
        )
    return f"It passes {rate:.2f} of the cases of the behavioural test {key}"


def _object_to_figures(one: Candidate, need: Need) -> Iterator[str]:
    limits = need.constraints
    for name, value, limit, unit in (
        ("average sentiment is off by", abs(one.average_error), limits.maximum_average_error, "label units"),
        ("p95 latency is", one.p95_ms, limits.maximum_p95_latency_ms, "ms"),
        ("peak memory is", one.memory_mb, limits.maximum_memory_mb, "MB"),
        ("size is", one.size_mb, limits.maximum_size_mb, "MB"),
    ):
        if limit is not None and value > limit:
            yield f"Its {name} {value:.3g} {unit}, more than the need's {limit:g} {unit}."
    most = limits.maximum_cost_per_month_eur
    if most is not None and one.cost_eur > most:
        how = "always on" if need.mode == "always_on" else "started for each run and stopped"
        yield f"Its cost is {write_euros(one.cost_eur)} a month, {how}, more than the need's {most:g} €."
