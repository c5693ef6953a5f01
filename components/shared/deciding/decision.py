"""What the decision is made of and what it says: records, no rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from components.shared.deciding.costs import MonthlyCost
from components.shared.deciding.skill import Skill
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
class Noise:
    """By how much a figure of a candidate may differ from one measuring to the next; sizes are exact."""

    cost_eur: float = 0.0
    p95_ms: float = 0.0
    memory_mb: float = 0.0
    energy_wh: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """The figures of one candidate that decide.

    Attributes:
        name: Identifier.
        quality: The need's metric on select.
        average_error: Predicted minus true mean score on select, in label units.
        p95_ms, memory_mb, size_mb: Latency, peak memory, size of the bundle.
        cost_eur: Cost per month, as the need runs it.
        energy_wh: Of 1,000 reviews; None if it is not known.
        noise: Of the figures that were measured.
        changes: How many techniques and conversions made it what it is: the fewer, the simpler.
        skill: How much better than guessing it is; None of one that is never offered and of the deployed model.
        recalls: Label to the share of its select reviews that are found; without labels that no review has.
        behaviours: Behavioural test to the share of its cases that are passed; without those that were not measured.
        cost: What the cost consists of.
        content: Fingerprint of the bundle's content.
        reference: Whether it stands for the level to beat and is never offered itself.
        bought: Whether it is a paid service: compared like any other, but not for a pipeline to deploy.
    """

    name: str
    quality: float
    average_error: float
    p95_ms: float
    memory_mb: float
    size_mb: float
    cost_eur: float
    energy_wh: float | None = None
    noise: Noise = Noise()
    changes: int = 0
    skill: Skill | None = None
    recalls: Mapping[str, float] = field(default_factory=dict)
    behaviours: Mapping[str, float] = field(default_factory=dict)
    cost: MonthlyCost = field(default_factory=MonthlyCost)
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
class Expected:
    """What is to be expected of the chosen candidate on other reviews, its picking in mind; see `expectation`.

    Attributes:
        value: Its quality on select, less what the picking flatters it by.
        low, high: The 95 % interval for as many other reviews as select has.
        flattered_by: What the picking flatters it by.
    """

    value: float
    low: float
    high: float
    flattered_by: float


@dataclass(frozen=True)
class Standing:
    """What the decision says of one candidate.

    Attributes:
        burden: Weighted sum of its shares of the limits.
        objections: Why it is not offered, as sentences; empty if it is.
        on_front: Offered, and no other offered one beats it; see `choice.find_front`.
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
        objections: Which limits of the need it deploys against, as sentences.
    """

    override: Override
    verdict: Verdict
    chosen: str | None
    obstacle: str = ""
    objections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The verdict with its reasons.

    Attributes:
        verdict: deploy, keep (the deployed model stays), inconclusive or none (nothing is offered, or nothing is
            deployed and a person refused).
        reasons: Full sentences, the most important first.
        chosen: The one of those that are good enough that the rules take, or the one that an override names,
            whatever the gate says; None if none is offered.
        best: The offered candidate with the highest quality.
        standings: By candidate, in the order of the candidates.
        expected: What is to be expected of the chosen one; None if none was chosen.
        decided_by: Which rule took the chosen one: "burden", "changes", "quality", "energy", "name" or, if it was the
            only one, "enough"; empty if none was chosen or an override chose.
        gain: Quality of the chosen candidate minus the deployed model's, less what the picking flatters it by; None
            if they could not be compared.
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
    expected: Expected | None = None
    decided_by: str = ""
    gain: Difference | None = None
    more_reviews: int | None = None
    summary: tuple[str, str] = ("", "")
    override: Overridden | None = None
