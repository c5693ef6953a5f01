"""What the report's section on probabilities shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.compare.charts.calibration import (
    describe_reliability,
    describe_roc,
    draw_reliability,
    draw_roc,
)
from components.shared.metrics import CALIBRATION_BINS, QualityFigures, RocCurve


@dataclass(frozen=True)
class ShownCalibration:
    """The section's content.

    Attributes:
        figures: The chosen candidate's quality on test.
        reliability, roc: Pictures; `roc` is empty if no label has a curve.
        reliability_in_words, roc_in_words: What they mean.
        areas: Label to the area under its ROC curve.
        bins: Into how many the probabilities were cut.
    """

    figures: QualityFigures
    reliability: Markup
    reliability_in_words: str
    roc: Markup
    roc_in_words: str
    areas: Mapping[str, float | None]
    bins: int = CALIBRATION_BINS


def show_calibration(
    figures: QualityFigures, curves: Mapping[str, RocCurve], labels: Sequence[str]
) -> ShownCalibration:
    """Returns what the page shows of one candidate.

    Args:
        figures: Its quality on test.
        curves: Label to ROC curve.
        labels: In the order of the figures.
    """
    areas = dict(zip(labels, figures.roc_auc, strict=True))
    return ShownCalibration(
        figures=figures,
        # Safe: drawn by the chart library, which escapes the names it writes.
        reliability=Markup(draw_reliability(figures.reliability)),
        reliability_in_words=describe_reliability(figures),
        # Safe, as above.
        roc=Markup(draw_roc(curves)),
        roc_in_words=describe_roc(areas),
        areas=areas,
    )
