"""Quality by slice, as dots with intervals, and in words."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.compare.charts.trade_off import ACCENT, AGAINST, INK, MUTED, PANEL_STYLE, to_svg
from components.compare.slices import Estimate, SlicedCandidate, SliceFigures

_ROW_INCHES, _AXIS_INCHES = 0.21, 0.55
#: Words name no more slices than this.
_NAMED = 5


def draw_slices(sliced: SlicedCandidate, metric: str) -> str:
    """Returns quality by slice as an SVG element that takes its colours from the page; empty without large slices.

    Dots are the candidate, squares its weaker slices, hollow circles its float parent; the dashed line is its
    quality on all reviews.

    Args:
        sliced: The candidate.
        metric: Name of the quality.
    """
    large = [one for one in sliced.slices if one.quality]
    if not large:
        return ""
    lines = _lines(large)
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "slices"}):
        figure = Figure(figsize=(9, _ROW_INCHES * len(lines) + _AXIS_INCHES), layout="constrained")
        axes = figure.add_subplot()
        axes.axvline(sliced.quality, color=MUTED, linestyle="--", linewidth=1)
        for height, line in enumerate(lines):
            if isinstance(line, SliceFigures):
                _draw_slice(axes, height, line)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        names = [line if isinstance(line, str) else f"{line.value} ({line.reviews:,})" for line in lines]
        axes.set_yticks(range(len(lines)), names)
        for line, label in zip(lines, axes.get_yticklabels(), strict=True):
            label.set_fontweight("bold" if isinstance(line, str) else "normal")
        axes.set_xlabel(f"{metric} on test, with its 95 % interval", color=INK)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=MUTED, alpha=0.25)
        axes.patch.set_visible(False)
        return to_svg(figure)


def describe_slices(sliced: SlicedCandidate, metric: str) -> str:
    """Returns in words where a candidate is weaker, and where compression harmed it."""
    large = [one for one in sliced.slices if one.quality]
    if not large:
        return "No slice has enough reviews to say anything of."
    weaker = _name([(one, one.difference) for one in large if one.weaker])
    said = (
        f"Significantly weaker than on the other reviews, by {metric}: {weaker}."
        if weaker
        else f"On none of the {len(large)} slices is it significantly weaker than on the other reviews."
    )
    if not sliced.parent:
        return said
    harmed = _name([(one, one.change) for one in large if one.harmed])
    if harmed:
        return f"{said} Compression harmed it, against {sliced.parent}: {harmed}."
    return f"{said} On none did compression do significant harm, against {sliced.parent}."


def _name(slices: Sequence[tuple[SliceFigures, Estimate | None]]) -> str:
    """Returns the slices with the largest differences, in words."""
    known = [(difference.value, f"{one.attribute}, {one.value}") for one, difference in slices if difference]
    named = [f"{name} ({value:+.3f})" for value, name in sorted(known)[:_NAMED]]
    more = [f"and {len(known) - _NAMED} more"] if len(known) > _NAMED else []
    return "; ".join([*named, *more])


def _lines(slices: Sequence[SliceFigures]) -> list[str | SliceFigures]:
    """Returns the lines of the picture: the name of each attribute, and its slices below."""
    lines: list[str | SliceFigures] = []
    for one in slices:
        if one.attribute not in lines:
            lines.append(one.attribute)
        lines.append(one)
    return lines


def _draw_slice(axes: Axes, height: int, one: SliceFigures) -> None:
    if one.quality is None:
        return
    colour = AGAINST if one.weaker else ACCENT
    axes.plot([one.quality.low, one.quality.high], [height, height], color=colour, linewidth=1.5)
    axes.plot(one.quality.value, height, marker="s" if one.weaker else "o", markersize=6, color=colour)
    if one.change is not None:
        parent = one.quality.value - one.change.value
        axes.plot(parent, height, marker="o", markersize=8, markerfacecolor="none", color=INK, linewidth=0)
