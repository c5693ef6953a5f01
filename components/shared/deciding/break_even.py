"""From how many reviews a day a model of one's own is cheaper than a paid service. A pure function."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from components.shared.deciding.costs import cost_per_review_eur, fixed_cost_per_day_eur
from components.shared.need import Need
from components.shared.records.measurements import Measurement
from components.shared.services.record import Offer


@dataclass(frozen=True)
class OwnCost:
    """What the chosen model costs: so much a day whatever it does, and so much for a review, in euros."""

    candidate: str
    fixed_per_day_eur: float
    per_review_eur: float


@dataclass(frozen=True)
class BreakEven:
    """A paid service against the chosen model.

    Attributes:
        offer: The service and its price.
        reviews_per_day: The fewest reviews a day at which the model is cheaper; None if it never is, or if there is
            no model.
        words: What that means, as a sentence.
    """

    offer: Offer
    reviews_per_day: int | None
    words: str


def own_cost(chosen: Measurement, need: Need) -> OwnCost:
    """Returns what the chosen model costs; on a machine that is always on, one more review costs nothing.

    That holds for as many reviews as one machine scores in a day.
    """
    paid_anyway = need.mode == "always_on" and chosen.price_per_1000_eur is None
    per_review = 0.0 if paid_anyway else cost_per_review_eur(chosen, need)
    return OwnCost(chosen.candidate, fixed_cost_per_day_eur(chosen, need), per_review)


def compare_with_services(offers: Sequence[Offer], own: OwnCost | None, need: Need) -> list[BreakEven]:
    """Returns the break-even volume of each paid service, whether it was measured or only has a price.

    Args:
        offers: The services.
        own: Cost of the chosen model; None if none was chosen.
        need: The volume of the use case.
    """
    return [_compare(offer, own, need) for offer in offers]


def break_even_reviews(own: OwnCost, price_per_review_eur: float) -> int | None:
    """Returns the fewest reviews a day, at least 1, for which one's own model costs less than the service.

    It does so for n reviews if fixed + n x own < n x price, that is n > fixed / (price - own).

    Returns:
        None if a review costs no more with the service: then it is never dearer.
    """
    saving = price_per_review_eur - own.per_review_eur
    if saving <= 0:
        return None
    return math.floor(own.fixed_per_day_eur / saving) + 1


def _compare(offer: Offer, own: OwnCost | None, need: Need) -> BreakEven:
    if own is None:
        return BreakEven(offer, None, "No model was chosen, so there is nothing to compare it with.")
    reviews = break_even_reviews(own, offer.price_per_1000_eur / 1000)
    if reviews is None:
        words = f"The service costs no more than {own.candidate}, however many reviews there are."
        return BreakEven(offer, None, words)
    side = "is cheaper" if need.reviews_per_day >= reviews else "is not"
    words = (
        f"{own.candidate} is cheaper from {reviews:,} {'review' if reviews == 1 else 'reviews'} a day on; "
        f"at the need's {need.reviews_per_day:,} it {side}."
    )
    return BreakEven(offer, reviews, words)
