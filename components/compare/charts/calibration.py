"""How far a candidate's probabilities can be trusted: reliability and ROC, as SVG and in words."""

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.compare.charts.trade_off import ACCENT, INK, MUTED, PANEL_STYLE, to_svg
from components.shared.metrics import QualityFigures, ReliabilityBin, RocCurve

_COLUMNS = 5
#: A smaller calibration error is nothing that a user of the probabilities would notice.
_SMALL_ERROR = 0.03
#: Area of the dot of a bin with all reviews, in square points.
_LARGEST_DOT = 400


def draw_reliability(bins: Sequence[ReliabilityBin]) -> str:
    """Returns the reliability curve as an SVG element that takes its colours from the page; empty without bins.

    On the dashed line, a model is right as often as it says; the larger a dot, the more reviews.
    """
    if not bins:
        return ""
    rows = sum(one.rows for one in bins)
    confidence, accuracy = [one.confidence for one in bins], [one.accuracy for one in bins]
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "reliability"}):
        figure = Figure(figsize=(4.5, 4), layout="constrained")
        axes = figure.add_subplot()
        _prepare(axes)
        axes.plot(confidence, accuracy, color=ACCENT, linewidth=1.5)
        axes.scatter(confidence, accuracy, s=[_LARGEST_DOT * one.rows / rows + 8 for one in bins], color=ACCENT)
        axes.set_xlabel("probability of the predicted label", color=INK)
        axes.set_ylabel("share that is right", color=INK)
        return to_svg(figure)


def describe_reliability(figures: QualityFigures) -> str:
    """Returns in words whether probabilities are too high or too low."""
    confidence = sum(one.rows * one.confidence for one in figures.reliability) / figures.rows
    gap = confidence - figures.accuracy
    if figures.calibration_error <= _SMALL_ERROR:
        judged = "its probabilities can be taken as they are"
    elif abs(gap) <= _SMALL_ERROR:
        judged = "too sure of some reviews and not sure enough of others"
    else:
        judged = "surer than it should be" if gap > 0 else "less sure than it could be"
    return (
        f"Expected calibration error {figures.calibration_error:.3f}: it calls its labels {confidence:.0%} probable, "
        f"and {figures.accuracy:.0%} of them are right; {judged}."
    )


def draw_roc(curves: Mapping[str, RocCurve]) -> str:
    """Returns the ROC curves as an SVG element, a panel for each label; empty without curves.

    Args:
        curves: Label to its curve against all others.
    """
    if not curves:
        return ""
    columns, rows = min(len(curves), _COLUMNS), math.ceil(len(curves) / _COLUMNS)
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "roc"}):
        figure = Figure(figsize=(9, 0.4 + 9 / _COLUMNS * rows), layout="constrained")
        for number, (label, curve) in enumerate(curves.items()):
            axes = figure.add_subplot(rows, columns, number + 1)
            _prepare(axes)
            axes.plot(curve.false_positive_rate, curve.true_positive_rate, color=ACCENT, linewidth=1.5)
            axes.set_title(label, color=INK, fontsize=9, parse_math=False)
        figure.supxlabel("share of the other labels' reviews that also get it", color=INK, fontsize=9)
        figure.supylabel("share that gets it", color=INK, fontsize=9)
        return to_svg(figure)


def describe_roc(areas: Mapping[str, float | None]) -> str:
    """Returns the areas under the curves in words; "" if there are none.

    Args:
        areas: Label to area, None where it cannot be computed.
    """
    known = {label: area for label, area in areas.items() if area is not None}
    if not known:
        return ""
    best, worst = max(known, key=lambda label: known[label]), min(known, key=lambda label: known[label])
    return (
        f"Told apart best from the others: {best} (area under the curve {known[best]:.3f}), "
        f"worst: {worst} ({known[worst]:.3f}); by chance it would be 0.5."
    )


def _prepare(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.tick_params(colors=INK)
    axes.grid(color=MUTED, alpha=0.25)
    axes.patch.set_visible(False)
