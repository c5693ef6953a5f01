"""What each technique brought against the float model it was applied to, in words; also where it brought nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.compare.reporting.wording import sentence
from components.shared.chains import candidate_id
from components.shared.deciding.bootstrap import Samples
from components.shared.deciding.decision import Difference
from components.shared.deciding.gate import compare_figures
from components.shared.records.conversions import Conversion, Likeness
from components.shared.records.measurements import Measurement, Spread

#: Sizes are exact, but a few bytes of description do not make a model smaller.
_SAME_SIZE = 0.05
#: Times vary from one measuring to the next.
_SAME_TIME = 0.10
_NO_GAIN = "no gain"


@dataclass(frozen=True)
class Ratios:
    """A candidate's figures divided by another one's, all such that below 1 is a gain.

    Attributes:
        disk, gzip: Size of the bundle, as it is and compressed.
        one_review: Median time for one review.
        many_reviews: Time for many reviews, at the best batch of each; 1 where the measured spreads overlap.
    """

    disk: float
    gzip: float
    one_review: float
    many_reviews: float

    @property
    def brings_nothing(self) -> bool:
        """Whether it is neither smaller in any way nor faster in any way."""
        return min(self.disk, self.gzip) > 1 - _SAME_SIZE and min(self.one_review, self.many_reviews) > 1 - _SAME_TIME


@dataclass(frozen=True)
class Gain:
    """What a chain of techniques did to a model.

    Attributes:
        candidate, parent: Identifiers.
        quality: Quality of the candidate minus the parent's, on test: select is where candidates were chosen, and
            flatters those that look good there.
        ratios: Against the parent.
        likeness: To the float model, on tune and on its run time, if there is a record.
        quality_in_words, disk, gzip, one_review, many_reviews: What these figures mean, a few words each.
        words: What is to be said of the whole, in sentences.
        nothing: Whether it is neither smaller in any way, nor faster, nor better.
    """

    candidate: str
    parent: str
    quality: Difference
    ratios: Ratios
    likeness: Likeness | None
    quality_in_words: str
    disk: str
    gzip: str
    one_review: str
    many_reviews: str
    words: tuple[str, ...]
    nothing: bool


def float_parents(measured: Sequence[Measurement]) -> dict[str, Measurement]:
    """Returns model -> the trained model that techniques are applied to, of those that were measured."""
    return {one.model: one for one in measured if one.candidate == candidate_id(one.model)}


def changes_of_quality(
    measured: Sequence[Measurement], quality: Mapping[str, float], samples: Mapping[str, Samples]
) -> dict[str, Difference]:
    """Returns the quality of every candidate with a chain minus that of its float parent, if that was measured too.

    Args:
        measured: All candidates.
        quality: Their deciding metric on the reviews to compare on, by name.
        samples: The same on paired resamples of these reviews.
    """
    parents = {name: one.candidate for name, one in float_parents(measured).items()}
    pairs = {one.candidate: parents[one.model] for one in measured if one.chain and one.model in parents}
    return {name: compare_figures(name, parent, quality, samples) for name, parent in pairs.items()}


def describe_gains(
    measured: Sequence[Measurement],
    changes: Mapping[str, Difference],
    conversions: Mapping[str, Conversion],
) -> list[Gain]:
    """Returns the gain of every candidate with a chain whose float parent was measured too.

    Args:
        measured: All candidates.
        changes: Quality minus the float parent's, by name, see `changes_of_quality`.
        conversions: What techniques did, by name, of those that have such a record.
    """
    parents = float_parents(measured)
    by_name = {one.candidate: one for one in measured}
    return [
        _describe(
            one,
            parents[one.model],
            changes[one.candidate],
            by_name,
            conversions.get(one.candidate),
        )
        for one in measured
        if one.chain and one.model in parents
    ]


def _describe(
    one: Measurement,
    parent: Measurement,
    quality: Difference,
    by_name: Mapping[str, Measurement],
    conversion: Conversion | None,
) -> Gain:
    ratios = _ratios(one, parent)
    nothing = ratios.brings_nothing and quality.low <= 0
    words = [f"It brought nothing {_where(one, parent)}: neither smaller nor faster nor better."] if nothing else []
    words += _slower(one, parent, ratios)
    words += [_without(one, technique, by_name, conversion) for technique in ("prune", "cluster")]
    words += map(sentence, conversion.notes if conversion else ())
    return Gain(
        candidate=one.candidate,
        parent=parent.candidate,
        quality=quality,
        ratios=ratios,
        likeness=conversion.likeness(one.runtime) if conversion else None,
        quality_in_words=_in_words(quality),
        disk=_compare(ratios.disk, _SAME_SIZE, ("smaller", "larger")),
        gzip=_compare(ratios.gzip, _SAME_SIZE, ("smaller", "larger")),
        one_review=_compare(ratios.one_review, _SAME_TIME, ("faster", "slower")),
        many_reviews=_compare(ratios.many_reviews, _SAME_TIME, ("faster", "slower")),
        words=tuple(filter(None, words)),
        nothing=nothing,
    )


def _ratios(one: Measurement, other: Measurement) -> Ratios:
    (size, gzip), (other_size, other_gzip) = _sizes(one), _sizes(other)
    return Ratios(
        disk=_ratio(size, other_size),
        gzip=_ratio(gzip, other_gzip),
        one_review=_ratio(one.latency_p50_ms, other.latency_p50_ms),
        many_reviews=_time_ratio(one.reviews_per_second, other.reviews_per_second),
    )


def _sizes(one: Measurement) -> tuple[int, int]:
    """Returns the bytes on disk and compressed; only a paid service has none, and no technique is applied to it."""
    assert one.size_bytes is not None and one.gzip_bytes is not None
    return one.size_bytes, one.gzip_bytes


def _ratio(value: float, other: float) -> float:
    return value / other if other else 1.0


def _time_ratio(speed: Spread, other: Spread) -> float:
    """Returns the time for a review, by its speed, divided by another one's; 1 if the spreads overlap."""
    overlap = speed.low <= other.high and other.low <= speed.high
    return 1.0 if overlap else _ratio(other.median, speed.median)


def _slower(one: Measurement, parent: Measurement, ratios: Ratios) -> list[str]:
    named = {"one review": ratios.one_review, "many reviews": ratios.many_reviews}
    slower = [f"{name} {ratio:.1f} times" for name, ratio in named.items() if ratio >= 1 + _SAME_TIME]
    return [f"Slower than float {_where(one, parent)}: {', '.join(slower)}."] if slower else []


def _without(
    one: Measurement, technique: str, by_name: Mapping[str, Measurement], conversion: Conversion | None
) -> str:
    """Returns what one technique of a chain brought, against the same chain without it; empty if there is none."""
    rest = tuple(other for other in one.chain if other != technique)
    other = by_name.get(candidate_id(one.model, rest))
    if other is None or rest == one.chain:
        return ""
    ratios = _ratios(one, other)
    gains = {
        "size on disk": (ratios.disk, _SAME_SIZE, "smaller"),
        "compressed size": (ratios.gzip, _SAME_SIZE, "smaller"),
        "time for one review": (ratios.one_review, _SAME_TIME, "faster"),
        "time for many reviews": (ratios.many_reviews, _SAME_TIME, "faster"),
    }
    brought = {
        name: f"{name} ({1 / ratio:.1f} times {word})"
        for name, (ratio, tolerance, word) in gains.items()
        if ratio <= 1 - tolerance
    }
    only = "only " if list(brought) == ["compressed size"] else ""
    return (
        f"{_what_it_left(technique, conversion)}: against {other.candidate} that brings "
        f"{only}{', '.join(brought.values()) or 'nothing'} {_where(one, other)}."
    )


def _where(one: Measurement, other: Measurement) -> str:
    """Returns on which run times the two were compared."""
    return f"on {one.runtime}" + (f" ({other.candidate} on {other.runtime})" if other.runtime != one.runtime else "")


def _what_it_left(technique: str, conversion: Conversion | None) -> str:
    if technique == "prune":
        return f"{conversion.sparsity:.0%} of its weights are zero" if conversion else "Many of its weights are zero"
    if conversion:
        return f"Its matrices have {conversion.distinct_weights} distinct weights in the median"
    return "Its matrices have few distinct weights"


def _compare(ratio: float, tolerance: float, words: tuple[str, str]) -> str:
    less, more = words
    if ratio <= 1 - tolerance:
        return f"{1 / ratio:.1f}× {less}"
    if ratio >= 1 + tolerance:
        return f"{ratio:.1f}× {more}"
    return _NO_GAIN


def _in_words(quality: Difference) -> str:
    if quality.low > 0:
        return "better"
    if quality.high < 0:
        return "worse"
    return "no difference shown"
