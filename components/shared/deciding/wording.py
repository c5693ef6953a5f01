"""Figures of the decision in words."""

from components.shared.deciding.decision import METRIC_NAMES, Candidate, Difference, Expected, Standing
from components.shared.deciding.skill import Guessing
from components.shared.need import Need


def write_euros(value: float) -> str:
    """Returns an amount to the cent: more digits than that an estimate does not have."""
    return f"{value:,.2f} €" if value >= 0.005 or value == 0 else "under 0.01 €"


def write_cost(one: Candidate) -> str:
    """Returns what a candidate costs a month, with the part that nearly all of it is."""
    part = one.cost.decisive_part
    return f"{write_euros(one.cost_eur)} a month" + (f" ({part})" if part else "")


def write_difference(difference: Difference) -> str:
    """Returns a difference with its interval."""
    return f"{difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"


def write_number_of_more(more: int) -> str:
    """Returns a number of reviews to two digits: it is an estimate."""
    rounded = int(float(f"{more:.2g}")) if more >= 10 else more
    return f"about {rounded:,} more {'review' if rounded == 1 else 'reviews'} to choose on"


def write_more_reviews(more: int | None) -> str:
    """Returns what would settle a comparison, as the end of a sentence."""
    if more is None:
        return "no number of reviews like these would settle it"
    return f"{write_number_of_more(more)} would settle it (estimated)"


def write_cost_and_certainty(chosen: Candidate, expected: Expected, reviews: int, candidates: int) -> str:
    """Returns the second sentence of a summary: what the chosen model costs, how good it is, and how sure that is.

    Args:
        chosen: What was chosen.
        expected: What is to be expected of it on other reviews.
        reviews: Number of select reviews.
        candidates: How many it was chosen from.
    """
    picked = (
        f"It was chosen from {candidates} on {reviews:,} reviews, where"
        if candidates > 1
        else f"On {reviews:,} reviews"
    )
    other = f"on as many others like these, {expected.low:.2f} to {expected.high:.2f} is to be expected"
    return (
        f"The model costs an estimated {write_cost(chosen)}. {picked} it reaches {chosen.quality:.2f} of 1 in "
        f"the quality asked for; {other}."
    )


def write_choice(
    chosen: Candidate,
    best: Candidate,
    standing: Standing,
    need: Need,
    decided_by: str,
    tied: int,
    enough: int,
) -> str:
    """Returns why this one was chosen of those that are good enough: the rule that decided, and the figures.

    Args:
        chosen, best: Candidates; may be the same.
        standing: Of the chosen one.
        need: Metric and margin.
        decided_by: See `choice.choose`.
        tied: How many of them weigh the same as the chosen one, itself included.
        enough: How many are good enough.
    """
    metric, margin = METRIC_NAMES[need.quality.metric], need.quality.margin
    figures = f"{metric} {chosen.quality:.3f}, {write_cost(chosen)}, estimated"
    if enough == 1:
        return (
            f"{chosen.name} has the highest quality of those that meet the need ({figures}), and no other is shown "
            f"to be within the margin of {margin:g} of it."
        )
    weight, tie = _weight_in_words(need), f"these {enough}" if tied == enough else f"{tied} of them"
    rule = {
        "enough": "none of the others is better, lighter or simpler than",
        "burden": f"{weight} decides: the lightest is",
        "changes": f"{weight} does not separate {tie}; with the fewest techniques and conversions it is",
        "quality": f"{weight} does not separate {tie}; of the simplest of them, the best is",
        "energy": f"neither {weight} nor quality separates the simplest of them; what takes the least energy is",
        "name": "nothing that was measured separates the last of them; the first by name is",
    }[decided_by]
    distance = (
        "it also has the highest quality of them"
        if chosen is best or standing.difference is None
        else f"against the best, {best.name} ({metric} {best.quality:.3f}), its difference is "
        f"{write_difference(standing.difference)}"
    )
    return (
        f"{enough} are shown to be within the margin of {margin:g} of the best, and {rule} {chosen.name} "
        f"({figures}); {distance}."
    )


def write_guessing_levels(guessing: Guessing, need: Need) -> str:
    """Returns what guessing, and a lexicon that costs nothing, reach: the end of a sentence."""
    metric = METRIC_NAMES[need.quality.metric]
    lexicon = (
        "" if guessing.lexicon is None else f", with VADER, a lexicon that costs nothing, {guessing.lexicon:.3f}"
    )
    return (
        f"{metric} is {guessing.most_frequent:.3f} by always saying the most frequent label, by guessing with the "
        f"shares of the labels {guessing.label_shares:.3f}{lexicon}"
    )


def write_guessing(chosen: Candidate, guessing: Guessing, need: Need) -> str:
    """Returns how much better than guessing the chosen candidate is shown to be."""
    levels = write_guessing_levels(guessing, need)
    if chosen.skill is None:
        return f"For comparison: {levels}."
    return (
        f"It is shown to be better than guessing, by at least {chosen.skill.low:.3f} with all candidates in mind: "
        f"{levels}."
    )


def _weight_in_words(need: Need) -> str:
    weights = need.weights
    return "cost" if not (weights.latency or weights.memory or weights.size) else "the weighted burden"
