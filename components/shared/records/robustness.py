"""How candidates bear noise, and how they behave on sentences of our own: what probe_robustness hands to compare."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from components.shared.errors import UserError
from components.shared.files import write_text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Strict):
    """What one candidate reaches at one strength, with 95 % intervals.

    Attributes:
        strength: Share of the words, marks or sentences that are changed, 0..1; 0 is the reviews as they came.
        changed: Share of the reviews that are changed at all.
        value, low, high: What is measured, see `Noise`.
        loss, loss_low, loss_high: Value at strength 0 minus this one, paired: on the same resampled reviews.
    """

    strength: float
    changed: float
    value: float
    low: float
    high: float
    loss: float
    loss_low: float
    loss_high: float


class Noise(_Strict):
    """One kind of noise.

    Attributes:
        name: Such as "typos".
        meaning: What a strength is a share of, as it goes on after "10 %".
        measure: "quality", the need's metric against the true labels; or, where the noise changes what a review
            says, "probability": that of the label which the candidate gave the review as it came, which should fall.
        note: What else to know; may be empty.
        curves: Candidate to its points, by growing strength, the first at 0.
    """

    name: str
    meaning: str
    measure: Literal["quality", "probability"]
    note: str = ""
    curves: dict[str, tuple[Point, ...]]


class Failure(_Strict):
    """One case that a candidate does not pass, all of it words of ours.

    Attributes:
        text, changed: The sentence, and what it was changed to; empty if it was not changed.
        got: What the candidate says, such as "5, then 1" or "4.52, then 4.81".
    """

    text: str
    changed: str
    got: str


class BehaviourResult(_Strict):
    """How many cases of a test a candidate passes, and some that it does not."""

    passed: int
    failures: tuple[Failure, ...]


class Behaviour(_Strict):
    """One behavioural test.

    Attributes:
        key: One of `behaviour_keys.BEHAVIOURS`.
        name, kind: Such as "another product" and "invariance".
        expectation: When a case passes, in words.
        cases: Number of cases.
        results: By candidate.
    """

    key: str
    name: str
    kind: Literal["invariance", "direction", "minimum capability"]
    expectation: str
    cases: int
    results: dict[str, BehaviourResult]


class Skipped(_Strict):
    """What was not probed, and why, as a sentence."""

    name: str
    reason: str


class Robustness(_Strict):
    """The content of the artifact.

    Attributes:
        reviews: Reviews of select that noise was added to.
        metric: The need's metric.
        candidates: Those that were probed, the chosen one first.
        left_out: Those on the front that were too many.
        noises, behaviours: What was found.
        skipped: What was not probed.
    """

    reviews: int = 0
    metric: str = ""
    candidates: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    noises: tuple[Noise, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def write_robustness(path: Path, robustness: Robustness) -> None:
    """Writes what was found, as JSON."""
    write_text(path, robustness.model_dump_json(indent=2) + "\n")


def read_robustness(path: Path) -> Robustness:
    """Returns what `write_robustness` wrote.

    Raises:
        UserError: The file is missing or of another version.
    """
    try:
        return Robustness.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: not readable as robustness; run probe_robustness again") from error
