"""Figures of the decision in words."""

from components.shared.deciding.bootstrap import Samples, interval
from components.shared.deciding.decision import Candidate, Difference


def write_euros(value: float) -> str:
    """Returns an amount that tells cheap candidates apart: three digits, cents or not."""
    return f"{value:.3g} €" if value < 1 else f"{value:,.2f} €"


def write_difference(difference: Difference) -> str:
    """Returns a difference with its interval."""
    return f"{difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"


def write_more_reviews(more: int | None) -> str:
    """Returns what would settle a comparison, as the end of a sentence."""
    if more is None:
        return "no number of reviews like these would settle it"
    return f"about {more:,} more reviews to choose on would settle it (estimated)"


def write_cost_and_certainty(chosen: Candidate, samples: Samples) -> str:
    """Returns the second sentence of a summary: what the chosen model costs, how good it is, and how sure that is."""
    low, high = interval(samples)
    return (
        f"The estimated cost of {chosen.name} is {write_euros(chosen.cost_eur)} a month, and it reaches "
        f"{chosen.quality:.2f} out of 1 in the quality that was asked for; on other reviews like these, {low:.2f} to "
        f"{high:.2f} is to be expected."
    )
