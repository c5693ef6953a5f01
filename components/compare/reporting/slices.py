"""What the report's section on slices shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.compare.charts.slices import describe_slices, draw_slices
from components.compare.slices import LEAST_OF_LABEL, LEAST_REVIEWS, SlicedCandidate
from components.compare.slicing import BANDS


@dataclass(frozen=True)
class ShownSlices:
    """The section's content.

    Attributes:
        candidates: The chosen one, then those whose slices show what compression did.
        picture: The chosen candidate's slices; empty if all are too small.
        words: What it means.
        left_out: Attribute to the reason why it is not sliced by.
        least_reviews, least_of_label, bands: See `slices` and `slicing`.
    """

    candidates: Sequence[SlicedCandidate]
    picture: Markup
    words: str
    left_out: Mapping[str, str]
    least_reviews: int = LEAST_REVIEWS
    least_of_label: int = LEAST_OF_LABEL
    bands: int = BANDS


def show_slices(sliced: Sequence[SlicedCandidate], left_out: Mapping[str, str], metric: str) -> ShownSlices | None:
    """Returns what the page shows of slices, the chosen candidate's first; None if nothing was sliced."""
    if not sliced:
        return None
    # Safe: drawn by the chart library, which escapes the names it writes.
    picture = Markup(draw_slices(sliced[0], metric))
    return ShownSlices(sliced, picture, describe_slices(sliced[0], metric), left_out)
