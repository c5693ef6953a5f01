"""What the chosen model cannot do, or what is not sure of it, most severe first: pure functions of what was measured.

None of it decides: what must decide is a limit of the need. It is said first wherever the verdict is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.stats import binomtest

from components.shared.behaviour_keys import CAPABILITIES, BehaviourCount
from components.shared.deciding.bootstrap import CONFIDENCE
from components.shared.deciding.decision import Difference, Expected
from components.shared.deciding.wording import write_difference

Severity = Literal["serious", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "note")

#: A label of which less than this share is found is hardly found; of which less than a tenth, practically never.
_HARDLY_FOUND, _NEVER_FOUND = 0.25, 0.10
#: Of fewer reviews of a label nothing is said but that they are few.
_FEWEST_OF_LABEL = 5
#: A behaviour is failed below the one rate, and fundamentally so below the other.
_FAILED, _FAILED_UTTERLY = 0.8, 0.5
#: Share of reviews shorter or longer than nearly all of train, from which on it is said.
_UNUSUAL_SHARE = 0.05

_ABOUT_BEHAVIOUR = {
    "neutral_typo": "keeps its label after a typo in a neutral word",
    "another_product": "keeps its label for another product",
    "another_name": "keeps its label for another name",
    "another_number": "keeps its label for another number",
    "added_complaint": "does not score a text higher for a complaint that is added",
    "added_praise": "does not score a text lower for praise that is added",
    "praise_negated": "does not score praise higher once it is negated",
    "complaint_negated": "does not score a complaint lower once it is negated",
    "plain_praise": "takes plain praise for praise",
    "plain_complaint": "takes a plain complaint for a complaint",
    "negated_praise": "takes negated praise for anything but praise",
}
_OPPOSITE = {"plain_praise": "plain praises complaints", "plain_complaint": "plain complaints praise"}


@dataclass(frozen=True)
class Caveat:
    """One thing to know before the model is used.

    Attributes:
        severity: "serious": it may well make the model unfit; "warning": to be weighed; "note": to be known.
        about: A short key, such as "recall".
        sentence: With its figures.
    """

    severity: Severity
    about: str
    sentence: str


@dataclass(frozen=True)
class LabelRecall:
    """How many of the test reviews of one label are found."""

    label: str
    reviews: int
    found: int


@dataclass(frozen=True)
class Simpler:
    """A simpler candidate.

    Attributes:
        name: Identifier.
        difference: The chosen candidate's quality minus its, on test.
        fit: Whether it keeps to the limits of the need.
    """

    name: str
    difference: Difference
    fit: bool = True


@dataclass(frozen=True)
class Lengths:
    """How long reviews are, in words.

    Attributes:
        low, high: What 98 % of the train reviews lie between.
        outside: Share of the select and test reviews that do not, 0..1.
    """

    low: float
    high: float
    outside: float


@dataclass(frozen=True)
class Findings:
    """What was measured of the chosen candidate that a caveat may come from.

    Attributes:
        metric: The need's, in words.
        expected: What was to be expected of it, from select.
        on_test: What it reaches on test.
        select_reviews: How many it was chosen on.
        recalls: On test, label by label.
        behaviours: By behavioural test.
        simpler: Candidates that are simpler.
        margin_reviews: About how many select reviews would tell two candidates apart that differ by the margin; None
            if there is nothing to tell apart.
        busy: How the machine was busy while it was measured, in words; empty if it was not.
        doubts: Of the leak and sampling guard, as sentences.
        lengths: None if they are not known.
        language: ISO 639-1 code of the reviews that it learned from.
    """

    metric: str
    expected: Expected
    on_test: float
    select_reviews: int
    recalls: Sequence[LabelRecall] = ()
    behaviours: Mapping[str, BehaviourCount] | None = None
    simpler: Sequence[Simpler] = ()
    margin_reviews: int | None = None
    busy: str = ""
    doubts: Sequence[str] = ()
    lengths: Lengths | None = None
    language: str = "en"


def find_caveats(findings: Findings) -> tuple[Caveat, ...]:
    """Returns the caveats, the most severe first, otherwise in the order of what they are about."""
    found = [
        *_of_labels(findings),
        *_of_behaviours(findings),
        *_of_test(findings),
        *_of_simpler(findings),
        *_of_reviews(findings),
        *_of_measuring(findings),
        *_of_data(findings),
    ]
    return tuple(sorted(found, key=lambda caveat: SEVERITIES.index(caveat.severity)))


def worst(caveats: Sequence[Caveat]) -> list[Caveat]:
    """Returns those that are more than notes."""
    return [caveat for caveat in caveats if caveat.severity != "note"]


def _of_labels(findings: Findings) -> Iterator[Caveat]:
    for one in findings.recalls:
        if one.reviews < _FEWEST_OF_LABEL:
            yield Caveat(
                "warning",
                "recall",
                f"Only {_count(one.reviews, 'test review')} labelled {one.label}: whether it finds any is not known.",
            )
            continue
        share = one.found / one.reviews
        if share >= _HARDLY_FOUND:
            continue
        bounds = binomtest(one.found, one.reviews).proportion_ci(CONFIDENCE, method="wilson")
        how = "none" if not one.found else f"{one.found}"
        yield Caveat(
            "serious" if share < _NEVER_FOUND else "warning",
            "recall",
            f"It finds {how} of the {one.reviews:,} test reviews labelled {one.label} ({share:.0%}, 95 % interval "
            f"{bounds.low:.0%} to {bounds.high:.0%}).",
        )


def _of_behaviours(findings: Findings) -> Iterator[Caveat]:
    if not findings.behaviours:
        yield Caveat("note", "behaviour", "Whether it tells plain praise from plain complaints was not measured.")
        return
    for key, count in findings.behaviours.items():
        if count.pass_rate >= _FAILED:
            continue
        utterly = key in CAPABILITIES and count.pass_rate < _FAILED_UTTERLY
        if key in _OPPOSITE and count.opposite and count.opposite > count.cases / 2:
            sentence = f"It calls {count.opposite} of {count.cases} {_OPPOSITE[key]}, such as “The dress is ugly.”"
            if key == "plain_praise":
                sentence = f"It calls {count.opposite} of {count.cases} {_OPPOSITE[key]}."
        else:
            sentence = f"In only {count.passed} of {count.cases} sentences it {_ABOUT_BEHAVIOUR[key]}."
        yield Caveat("serious" if utterly else "warning", key.replace("_", "-"), sentence)


def _of_test(findings: Findings) -> Iterator[Caveat]:
    expected = findings.expected
    if expected.low <= findings.on_test <= expected.high:
        return
    below = findings.on_test < expected.low
    yield Caveat(
        "serious" if below else "note",
        "test",
        f"On test its {findings.metric} is {findings.on_test:.3f}, {'below' if below else 'above'} the "
        f"{expected.low:.3f} to {expected.high:.3f} that was to be expected.",
    )


def _of_simpler(findings: Findings) -> Iterator[Caveat]:
    """Yields the nearest of what is simpler: one that might be taken instead, and one that breaks a limit."""
    for fit in (True, False):
        some = [one for one in findings.simpler if one.fit is fit]
        nearest = min(some, key=lambda one: (one.difference.value, one.name), default=None)
        if nearest is None or nearest.difference.low > 0:
            continue
        worse = nearest.difference.value <= 0
        yield Caveat(
            "serious" if worse and fit else "warning",
            "simpler",
            f"On test it is {'no better' if worse else 'not shown to be better'} than {nearest.name}, which is "
            f"simpler{'' if fit else ', but breaks a limit of the need'}: its {findings.metric} differs by "
            f"{write_difference(nearest.difference)}.",
        )


def _of_reviews(findings: Findings) -> Iterator[Caveat]:
    wanted = findings.margin_reviews
    if wanted is not None and wanted > findings.select_reviews:
        yield Caveat(
            "warning",
            "few-reviews",
            f"It was chosen on {findings.select_reviews:,} reviews; to tell candidates apart that differ by the "
            f"need's margin, about {wanted:,} are needed (estimated).",
        )


def _of_measuring(findings: Findings) -> Iterator[Caveat]:
    if findings.busy:
        yield Caveat("warning", "busy-machine", f"{findings.busy[0].upper()}{findings.busy[1:]}.")


def _of_data(findings: Findings) -> Iterator[Caveat]:
    for doubt in findings.doubts:
        yield Caveat("warning", "guard", doubt)
    lengths = findings.lengths
    if lengths is not None:
        usual = f"98 % of the reviews that it learned from have {lengths.low:.0f} to {lengths.high:.0f} words"
        if lengths.outside > _UNUSUAL_SHARE:
            yield Caveat("warning", "length", f"{usual}, and {lengths.outside:.0%} of the others have not.")
        else:
            yield Caveat("note", "length", f"{usual}: shorter and longer ones it hardly knows.")
    yield Caveat(
        "note", "language", f"It learned from reviews in the language '{findings.language}' alone: it knows no other."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
