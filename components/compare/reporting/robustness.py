"""What the report's section on robustness shows."""

from dataclasses import dataclass

from markupsafe import Markup

from components.compare.charts.robustness import describe_robustness, draw_robustness, largest_losses
from components.shared.records.robustness import Behaviour, Failure, Noise, Point, Robustness

_LOSSES = 10


@dataclass(frozen=True)
class ShownRobustness:
    """The section's content.

    Attributes:
        found: What the step found.
        picture: Quality against noise; empty if there is none.
        words: What it means, a paragraph a candidate.
        losses: Candidate, noise and point of the largest losses.
        groups: Kind of behavioural test to its tests.
        failures: Candidate to test and case, of those that it does not pass.
    """

    found: Robustness
    picture: Markup
    words: list[str]
    losses: list[tuple[str, Noise, Point]]
    groups: dict[str, list[Behaviour]]
    failures: dict[str, list[tuple[Behaviour, Failure]]]


def show_robustness(robustness: Robustness, metric: str) -> ShownRobustness:
    """Returns what the page shows of a record; `metric` is the need's, in words."""
    groups: dict[str, list[Behaviour]] = {}
    for test in robustness.behaviours:
        groups.setdefault(test.kind, []).append(test)
    return ShownRobustness(
        found=robustness,
        # Safe: drawn by the chart library, which escapes the names it writes.
        picture=Markup(draw_robustness(robustness, metric)),
        words=describe_robustness(robustness, metric),
        losses=largest_losses(robustness)[:_LOSSES],
        groups=groups,
        failures={name: _failures(robustness, name) for name in robustness.candidates},
    )


def _failures(robustness: Robustness, candidate: str) -> list[tuple[Behaviour, Failure]]:
    return [(test, failure) for test in robustness.behaviours for failure in test.results[candidate].failures]
