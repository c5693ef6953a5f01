"""The gate: whether the chosen candidate goes into service. Pure functions.

Situations and verdicts, first match:

1. Nothing is deployed, the deployed model is missing from the store, or it knows other labels: there is nothing
   to compare with. The chosen candidate is deployed, unless a rival that costs half or less, and would save what the
   need calls worthwhile, is neither shown to be good enough nor shown to be worse: then that much money hangs on too
   few reviews, and it is inconclusive. A smaller saving is not waited for: a model in service can still be replaced
   by a cheaper one.
2. The deployed model could not be measured, or is a paid service: inconclusive, as nothing is replaced unseen.
3. It is the chosen candidate: keep.
4. It breaks a limit of the need, which the chosen one keeps: deploy.
5. It is shown not to be worse than the chosen one by the margin, and costs no more but for a tie: keep.
6. The chosen one is shown to be better, or shown not to be worse by the margin and saves MINIMUM_SAVING of the costs
   and more than a tie: deploy.
7. The chosen one is shown not to be better by the margin: keep.
8. Otherwise: inconclusive, with an estimate of how many more reviews would settle it.

"Shown" means that the paired 95 % interval of the difference lies on that side as a whole. The chosen one was picked
on these reviews and the deployed model was not, so what the picking flatters it by is taken off the difference first.
Costs tie where they differ by less than is worthwhile to the need, or by less than between two measurings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.shared.deciding.bootstrap import Samples, interval
from components.shared.deciding.choice import cost_tie_eur
from components.shared.deciding.decision import METRIC_NAMES, Candidate, Deployed, Difference, Verdict
from components.shared.deciding.more_reviews import estimate_more_reviews
from components.shared.deciding.wording import write_difference, write_euros, write_more_reviews
from components.shared.need import Need

#: Replacing a deployed model is work and risk: as good as it is not enough, it has to save this share of its cost.
MINIMUM_SAVING = 0.10
#: A first deployment waits for more reviews only if a candidate that saves this share may be good enough.
DECISIVE_SAVING = 0.50


@dataclass(frozen=True)
class Rival:
    """A far cheaper candidate of which it is open whether it is good enough; `difference` is to the best."""

    name: str
    difference: Difference


@dataclass(frozen=True)
class Outcome:
    """What the gate says.

    Attributes:
        verdict: Of the whole decision.
        reason: For an engineer, a sentence with figures.
        plain: The same for a product owner.
        gain: See `Decision`.
        more_reviews: See `Decision`.
    """

    verdict: Verdict
    reason: str
    plain: str
    gain: Difference | None = None
    more_reviews: int | None = None


def compare_quality(one: Candidate, other: Candidate, samples: Mapping[str, Samples]) -> Difference:
    """Returns the quality of one candidate minus another's, with the paired bootstrap's interval."""
    return compare_figures(one.name, other.name, {one.name: one.quality, other.name: other.quality}, samples)


def compare_figures(one: str, other: str, figures: Mapping[str, float], samples: Mapping[str, Samples]) -> Difference:
    """Returns a figure of one candidate minus another's, with the paired bootstrap's interval.

    Args:
        one, other: Names.
        figures: Name to the figure, on some reviews.
        samples: Name to the figure on the same resamples of these reviews.
    """
    return Difference(figures[one] - figures[other], *interval(samples[one] - samples[other]))


def pass_gate(
    chosen: Candidate,
    deployed: Deployed,
    champion_objections: Sequence[str],
    rivals: Sequence[Rival],
    samples: Mapping[str, Samples],
    flattered_by: float,
    reviews: int,
    need: Need,
) -> Outcome:
    """Returns the verdict on the chosen candidate.

    Args:
        chosen: The candidate that the rules take of those that are good enough.
        deployed: What is deployed now.
        champion_objections: Which limits of the need the deployed model breaks, as sentences.
        rivals: Far cheaper candidates that may be good enough as well, the cheapest first.
        samples: By name, the deployed model's too: the need's metric on the same resamples.
        flattered_by: What the picking flatters the chosen candidate's quality by, see `Expected`.
        reviews: Number of select reviews.
        need: Margin and metric.
    """
    if deployed.status in ("none", "missing", "other labels"):
        return _deploy_first(chosen, deployed, rivals, reviews, need)
    champion = deployed.figures
    if champion is None:
        return _leave_unmeasured(chosen, deployed)
    gain = _take_off(compare_quality(chosen, champion, samples), max(flattered_by, 0.0))
    if chosen.content == champion.content:
        plain = f"Keep the model in service: it is {chosen.name} already, which is still the right choice."
        return Outcome("keep", f"{chosen.name} is what is deployed already.", plain, gain)
    if champion_objections:
        return Outcome(
            "deploy",
            f"The deployed model no longer meets the need, and {chosen.name} does. {' '.join(champion_objections)}",
            f"Replace the model in service by {chosen.name}: the old one no longer keeps to the limits of the need.",
            gain,
        )
    return _weigh_gain(chosen, champion, gain, reviews, need)


def _take_off(difference: Difference, amount: float) -> Difference:
    return Difference(difference.value - amount, difference.low - amount, difference.high - amount)


def _deploy_first(
    chosen: Candidate, deployed: Deployed, rivals: Sequence[Rival], reviews: int, need: Need
) -> Outcome:
    situation = {
        "none": "nothing is deployed yet",
        "missing": f"the deployed model is missing from the store ({deployed.note})",
        "other labels": f"the deployed model does other work ({deployed.note})",
    }[deployed.status]
    if not rivals:
        return Outcome(
            "deploy",
            f"{situation[0].upper()}{situation[1:]}, and {chosen.name} meets the need.",
            f"Deploy {chosen.name}: it keeps to every limit of the need and is shown to be better than guessing, and "
            "nothing noticeably cheaper is shown to be as good.",
        )
    rival, margin = rivals[0], need.quality.margin
    more = estimate_more_reviews(rival.difference, reviews, floors=[-margin], ceilings=[0.0])
    reason = (
        f"{chosen.name} meets the need and {situation}, but {rival.name} weighs half as much or less, and whether it "
        f"is within the margin of {margin:g} of the best is open: its {METRIC_NAMES[need.quality.metric]} differs by "
        f"{write_difference(rival.difference)}; {write_more_reviews(more)}."
    )
    plain = (
        f"Deploy nothing yet: {chosen.name} would do, but {rival.name} costs half as much or less and may do as "
        f"well; {write_more_reviews(more)}."
    )
    return Outcome("inconclusive", reason, plain, more_reviews=more)


def _leave_unmeasured(chosen: Candidate, deployed: Deployed) -> Outcome:
    advice = f"repair it, or remove it to deploy {chosen.name}"
    if deployed.status == "service":
        advice = f"whether {chosen.name} takes its place is for people to decide: override deploy does it"
    return Outcome(
        "inconclusive",
        f"The deployed model could not be compared ({deployed.note}); {advice}.",
        f"Change nothing yet: what is in service could not be compared with {chosen.name}; {advice}.",
    )


def _weigh_gain(chosen: Candidate, champion: Candidate, gain: Difference, reviews: int, need: Need) -> Outcome:
    metric, margin = METRIC_NAMES[need.quality.metric], need.quality.margin
    figures = (
        f"its {metric} differs from the deployed model's by {write_difference(gain)} on the same reviews, less what "
        "the picking flatters it by"
    )
    costs = f"{write_euros(chosen.cost_eur)} against {write_euros(champion.cost_eur)} a month, estimated"
    saves = champion.cost_eur - chosen.cost_eur > cost_tie_eur(chosen, champion, need)
    cheaper = saves and chosen.cost_eur <= (1 - MINIMUM_SAVING) * champion.cost_eur
    if gain.high < margin and not saves:
        return Outcome(
            "keep",
            f"The deployed model is shown to be within the margin of {margin:g} of {chosen.name}, and costs no more "
            f"that would matter ({costs}): {figures}.",
            f"Keep the model in service: {chosen.name} would be neither noticeably better nor noticeably cheaper.",
            gain,
        )
    if gain.low > 0:
        return Outcome(
            "deploy",
            f"{chosen.name} is better than the deployed model: {figures}.",
            f"Replace the model in service by {chosen.name}: it is shown to be better.",
            gain,
        )
    if gain.low > -margin and cheaper:
        return Outcome(
            "deploy",
            f"{chosen.name} is as good as the deployed model within the margin of {margin:g} and at least "
            f"{MINIMUM_SAVING:.0%} cheaper ({costs}): {figures}.",
            f"Replace the model in service by {chosen.name}: it is shown to be as good for the need, and is cheaper.",
            gain,
        )
    if gain.high < margin:
        return Outcome(
            "keep",
            f"{chosen.name} is not better than the deployed model by the margin of {margin:g}, nor as good and "
            f"{MINIMUM_SAVING:.0%} cheaper ({costs}): {figures}.",
            f"Keep the model in service: {chosen.name} is not noticeably better, nor as good and clearly cheaper.",
            gain,
        )
    more = estimate_more_reviews(gain, reviews, floors=[0.0, -margin] if cheaper else [0.0], ceilings=[margin])
    return Outcome(
        "inconclusive",
        f"{chosen.name} may or may not be better than the deployed model by the margin of {margin:g}: {figures}; "
        f"{write_more_reviews(more)}, and until then the deployed model stays.",
        f"Change nothing yet: these {reviews:,} reviews do not tell whether {chosen.name} is better than the model "
        f"in service; {write_more_reviews(more)}.",
        gain,
        more,
    )
