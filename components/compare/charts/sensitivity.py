"""Which parts of a model suffer from which technique, as a heat map and in words."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from components.compare.charts.trade_off import AGAINST, INK, PANEL_STYLE, to_svg
from components.shared.records.sensitivity import PartSensitivity, Sensitivity

_ROW_INCHES, _HEAD_INCHES = 0.3, 0.45
#: Stronger, and words could not be read on it.
_STRONGEST = 0.55
#: A part that moves less of the probability than this is not worth keeping in float.
_NOTABLE_SHIFT = 0.02
_NAMED = 3


def draw_sensitivity(sensitivity: Sensitivity) -> str:
    """Returns the heat map as an SVG element that takes its colours from the page; empty without figures.

    One row a part, one column a technique; the more probability moves to other labels, the stronger the colour.
    """
    if not sensitivity.figures:
        return ""
    parts = list(dict.fromkeys(one.part for one in sensitivity.figures))
    columns = treatments_in_words(sensitivity)
    largest = max(one.shift for one in sensitivity.figures) or 1.0
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "sensitivity"}):
        figure = Figure(figsize=(9, _ROW_INCHES * len(parts) + _HEAD_INCHES), layout="constrained")
        axes = figure.add_subplot()
        for one in sensitivity.figures:
            _draw_cell(axes, list(columns).index(one.treatment), parts.index(one.part), one, one.shift / largest)
        axes.set_xlim(0, len(columns))
        axes.set_ylim(len(parts), 0)
        axes.set_xticks([column + 0.5 for column in range(len(columns))], list(columns.values()))
        axes.set_yticks([row + 0.5 for row in range(len(parts))], parts)
        axes.tick_params(length=0, colors=INK, top=True, labeltop=True, bottom=False, labelbottom=False)
        axes.patch.set_visible(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return to_svg(figure)


def treatments_in_words(sensitivity: Sensitivity) -> dict[str, str]:
    """Returns treatment -> what it is, in the order of the columns."""
    return {
        "int8": "weights in int8",
        "prune": f"{sensitivity.sparsity:.0%} of the weights zero",
        "cluster": f"{sensitivity.clusters} distinct weights",
    }


def describe_sensitivity(sensitivity: Sensitivity) -> str:
    """Returns the most sensitive parts, and how to keep them in float, in words."""
    worst = _most_sensitive(sensitivity.figures)
    if not worst:
        return (
            f"No part of {sensitivity.model} that a technique touches moves more than {_NOTABLE_SHIFT:.0%} of the "
            "probability by itself: there is nothing to keep in float."
        )
    words = treatments_in_words(sensitivity)
    named = [f"{one.part} ({words[one.treatment]}: {one.shift:.1%} of the probability moves)" for one in worst]
    layers = ",".join(dict.fromkeys(one.layers for one in worst))
    return f"Most sensitive: {', '.join(named)}. To keep their layers in float: --kept-in-float '{layers}'."


def _most_sensitive(figures: Sequence[PartSensitivity]) -> list[PartSensitivity]:
    """Returns the worst treatment of each of the most sensitive parts, the worst first."""
    notable = [one for one in figures if one.used and one.shift >= _NOTABLE_SHIFT]
    worst: dict[str, PartSensitivity] = {}
    for one in sorted(notable, key=lambda one: -one.shift):
        worst.setdefault(one.part, one)
    return list(worst.values())[:_NAMED]


def _draw_cell(axes: Axes, column: int, row: int, one: PartSensitivity, strength: float) -> None:
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=AGAINST, alpha=_STRONGEST * strength, linewidth=0))
    change = round(-one.macro_f1_loss, 3) + 0.0  # minus zero becomes zero
    text = f"{one.shift:.1%} · F1 {change:+.3f}"
    axes.text(
        column + 0.5,
        row + 0.5,
        text if one.used else f"({text})",
        ha="center",
        va="center",
        color=INK,
    )
