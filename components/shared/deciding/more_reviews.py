"""How many more reviews would settle a comparison that these reviews leave open: an estimate."""

import math
import statistics
from collections.abc import Sequence

from components.shared.deciding.decision import Difference


def estimate_more_reviews(
    difference: Difference, reviews: int, floors: Sequence[float], ceilings: Sequence[float]
) -> int | None:
    """Returns how many more reviews would bring one end of the interval past one of the given values.

    The width of an interval falls with the square root of the number of reviews. It is assumed that the
    difference itself stays as it is and that new reviews are like these; so this is an estimate, and a poor one
    where the difference lies close to the value.

    Args:
        difference: With an interval that passes none of the values.
        reviews: How many it was measured on.
        floors: It would be settled if the interval's lower end lay above one of them.
        ceilings: It would be settled if its upper end lay below one of them.

    Returns:
        At least 1; None if no number of reviews would do.
    """
    value = difference.value
    shares = [(value - floor) / (value - difference.low) for floor in floors if value > floor]
    shares += [(ceiling - value) / (difference.high - value) for ceiling in ceilings if value < ceiling]
    if not shares:
        return None
    return max(1, math.ceil(reviews / max(shares) ** 2) - reviews)


def reviews_to_tell_apart(reaches: Sequence[float], margin: float, reviews: int) -> int | None:
    """Returns how many reviews it takes to tell two candidates apart that differ by the margin: an estimate.

    Args:
        reaches: How far the paired interval of each difference to the best reaches below it; on these reviews.
        margin: The need's.
        reviews: How many the intervals were measured on.

    Returns:
        For the median of the candidates; None if there is nothing to tell apart, or no margin.
    """
    if not reaches or margin <= 0:
        return None
    return math.ceil(reviews * (statistics.median(reaches) / margin) ** 2)
