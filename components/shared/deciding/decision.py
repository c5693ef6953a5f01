"""What the decision is made of and what it says: records, no rules."""

from dataclasses import dataclass
from typing import Literal

from components.shared.override import Override
from components.shared.records.measurements import ChampionStatus

Verdict = Literal["deploy", "keep", "inconclusive", "none"]

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
class Overridden:
    """An override and what it came upon.

    Attributes:
        override: Who decided what, and why.
        verdict, chosen: What the rules had said.
        obstacle: Why it could not be carried out, as a sentence; empty if it was.
    """

    override: Override
    verdict: Verdict
    chosen: str | None
    obstacle: str = ""


@dataclass(frozen=True)
class Decision:
    """The verdict with its reasons.

    Attributes:
        verdict: deploy, keep (the deployed model stays), inconclusive or none (nothing is offered, or nothing is
            deployed and a person refused).
        reasons: Full sentences, the most important first.
        chosen: The cheapest candidate that is good enough, or the one that an override names, whatever the gate
            says; None if none is offered.
        best: The offered candidate with the highest quality.
        standings: By candidate, in the order of the candidates.
        gain: Quality of the chosen candidate minus the deployed model's, if they could be compared.
        more_reviews: Estimate of how many more select reviews would settle an inconclusive verdict; None where
            the verdict is another, or reviews would not settle it.
        summary: The verdict in two sentences without words of the trade: what happens and why; what it costs and
            how sure that is.
        override: What a person decided otherwise.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    chosen: str | None
    best: str | None
    standings: dict[str, Standing]
    gain: Difference | None = None
    more_reviews: int | None = None
    summary: tuple[str, str] = ("", "")
    override: Overridden | None = None
