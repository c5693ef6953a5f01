"""What each technique brought against the float model it was applied to, in words; also where it brought nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.compare.bootstrap import Samples
from components.compare.selection import Candidate, Difference, compare_quality
from components.shared.chains import candidate_id
from components.shared.measurements import Measurement

#: Sizes are exact, but a few bytes of description do not make a model smaller.
_SAME_SIZE = 0.05
#: Times vary from one measuring to the next.
_SAME_TIME = 0.10
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class Gain:
    """What a chain of techniques did to a model.

    Attributes:
        candidate, parent: Identifiers.
        quality: Quality of the candidate minus the parent's, on select.
        size, latency: Candidate's figure divided by the parent's; below 1 is a gain.
        words: Sentences on quality, size on disk, size compressed, and latency.
        nothing: Whether it is neither smaller in any way nor faster, nor better.
    """

    candidate: str
    parent: str
    quality: Difference
    size: float
    latency: float
    words: tuple[str, ...]
    nothing: bool


def describe_gains(
    measured: Sequence[Measurement], candidates: Mapping[str, Candidate], samples: Mapping[str, Samples]
) -> list[Gain]:
    """Returns the gain of every candidate with a chain whose float parent was measured too.

    Args:
        measured: All candidates.
        candidates: Their deciding figures, by name.
        samples: Bootstrap values of the deciding metric, by name.
    """
    parents = {one.model: one for one in measured if one.candidate == candidate_id(one.model)}
    return [
        _describe(one, parents[one.model], candidates, samples)
        for one in measured
        if one.chain and one.model in parents
    ]


def _describe(
    one: Measurement, parent: Measurement, candidates: Mapping[str, Candidate], samples: Mapping[str, Samples]
) -> Gain:
    quality = compare_quality(candidates[one.candidate], candidates[parent.candidate], samples)
    (size, gzip_size), (parent_size, parent_gzip_size) = _sizes(one), _sizes(parent)
    disk = _ratio(size, parent_size)
    compressed = _ratio(gzip_size, parent_gzip_size)
    latency = _ratio(one.latency_p50_ms, parent.latency_p50_ms)
    return Gain(
        candidate=one.candidate,
        parent=parent.candidate,
        quality=quality,
        size=disk,
        latency=latency,
        words=(
            _in_words(quality),
            _compare("On disk", disk, _SAME_SIZE, ("smaller", "larger"), _megabytes(size, parent_size)),
            _compare(
                "Compressed with gzip",
                compressed,
                _SAME_SIZE,
                ("smaller", "larger"),
                _megabytes(gzip_size, parent_gzip_size),
            ),
            _compare(
                "One review",
                latency,
                _SAME_TIME,
                ("faster", "slower"),
                f"{one.latency_p50_ms:.3g} ms, was {parent.latency_p50_ms:.3g} ms",
            ),
        ),
        nothing=min(disk, compressed) > 1 - _SAME_SIZE and latency > 1 - _SAME_TIME and quality.low <= 0,
    )


def _sizes(one: Measurement) -> tuple[int, int]:
    """Returns the bytes on disk and compressed; only a paid service has none, and no technique is applied to it."""
    assert one.size_bytes is not None and one.gzip_bytes is not None
    return one.size_bytes, one.gzip_bytes


def _ratio(value: float, parent: float) -> float:
    return value / parent if parent else 1.0


def _megabytes(value: int, parent: int) -> str:
    return f"{value / _BYTES_PER_MB:.3g} MB, was {parent / _BYTES_PER_MB:.3g} MB"


def _compare(subject: str, ratio: float, tolerance: float, words: tuple[str, str], figures: str) -> str:
    less, more = words
    if ratio <= 1 - tolerance:
        return f"{subject}: {1 / ratio:.1f} times {less} ({figures})."
    if ratio >= 1 + tolerance:
        return f"{subject}: {ratio:.1f} times {more} ({figures})."
    return f"{subject}: no gain ({figures})."


def _in_words(quality: Difference) -> str:
    figures = f"{quality.value:+.3f}, 95 % interval {quality.low:+.3f} to {quality.high:+.3f}"
    if quality.low > 0:
        return f"Quality: better ({figures})."
    if quality.high < 0:
        return f"Quality: worse ({figures})."
    return f"Quality: no difference shown ({figures})."
