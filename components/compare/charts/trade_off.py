"""The trade-off chart: quality against cost, as SVG.

Matplotlib's SVG and a few lines of the page's script do what a charting library in the browser would do here:
details where the pointer or the keyboard is. Embedded, such a library weighs 1 to 5 MB, and without scripts
nothing would be drawn.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Placeholders that become CSS colours, so that the chart follows the page from light to dark.
INK, ACCENT, MUTED, AGAINST = "#010203", "#010204", "#010205", "#010206"
_CSS = {INK: "currentColor", ACCENT: "var(--accent)", MUTED: "var(--muted)", AGAINST: "var(--against)"}
#: Settings of pictures that stand beside each other in one figure.
PANEL_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_LABEL_INCHES = 0.19
_LEAST_INCHES = 4.0
#: Room below the chart for the numbers and the name of the horizontal axis.
_AXIS_INCHES = 0.65
#: Costs further apart than this are drawn on a logarithmic scale.
_LOG_RATIO = 20
_LABEL_X = 1.06
#: With more candidates than this, only those that matter to the choice have their name written.
_MOST_NAMES = 25


@dataclass(frozen=True)
class Point:
    """One candidate in the chart.

    Attributes:
        name: Identifier.
        cost: Where it stands on the horizontal axis.
        quality, low, high: Where it stands on the vertical one, with its 95 % interval.
        offered, on_front, chosen: How it is drawn.
        best: Whether it is the one with the highest quality of those offered.
        details: Lines of text that the page shows where the pointer is.
    """

    name: str
    cost: float
    quality: float
    low: float
    high: float
    offered: bool
    on_front: bool
    chosen: bool
    best: bool = False
    details: tuple[str, ...] = ()


def draw_trade_off(points: Sequence[Point], quality_name: str, cost_name: str) -> str:
    """Returns the chart as an SVG element that takes its colours from the page; empty without points.

    Names stand in a column at the right, one line each, tied to their points, so that they never overlap. Every
    point is an element of class "candidate" with its details as title.
    """
    if not points:
        return ""
    ordered = sorted(points, key=lambda point: (point.quality, point.name))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "trade-off", "font.family": "sans-serif"}):
        named = [point for point in ordered if len(points) <= _MOST_NAMES or _matters(point)]
        height = max(_LEAST_INCHES, _LABEL_INCHES * len(named))
        figure = Figure(figsize=(9, height + _AXIS_INCHES))
        share = height / (height + _AXIS_INCHES)
        axes = figure.add_axes((0.09, 0.99 - share, 0.54, share))
        _prepare(axes, ordered, quality_name, cost_name)
        _draw_staircase(axes, [point for point in ordered if point.offered])
        for rank, point in enumerate(ordered):
            _draw_point(axes, point, _name_of_group(rank))
        low, high = axes.get_ylim()
        wanted = [(point.quality - low) / (high - low) for point in named]
        for point, label_height in zip(named, place_labels(wanted, _LABEL_INCHES / height), strict=True):
            _write_name(axes, point, label_height)
        return _add_details(to_svg(figure), ordered)


def place_labels(wanted: Sequence[float], gap: float) -> list[float]:
    """Returns where labels stand: as close to where they are wanted as a gap between neighbours allows.

    Args:
        wanted: Heights in 0..1, ascending; no more of them than there are gaps in 1.
        gap: From the middle of one label to the middle of the next.
    """
    heights: list[float] = []
    floor = gap / 2
    for height in wanted:
        heights.append(max(height, floor))
        floor = heights[-1] + gap
    ceiling = 1 - gap / 2
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], ceiling)
        ceiling = heights[place] - gap
    return heights


def _matters(point: Point) -> bool:
    return point.on_front or point.chosen or point.best


def _name_of_group(rank: int) -> str:
    return f"candidate-{rank}"


def _add_details(svg: str, points: Sequence[Point]) -> str:
    """Returns the picture in which the group of each point has its details as title; ranks are places in `points`."""
    for rank, point in enumerate(points):
        described = Markup('<g id="{}" class="candidate" role="img"><title>{}</title>').format(
            _name_of_group(rank), "\n".join((point.name, *point.details))
        )
        svg = svg.replace(f'<g id="{_name_of_group(rank)}">', described, 1)
    return svg


def _prepare(axes: Axes, points: Sequence[Point], quality_name: str, cost_name: str) -> None:
    axes.set_xlabel(cost_name, color=INK, parse_math=False)
    axes.set_ylabel(quality_name, color=INK, parse_math=False)
    costs = [point.cost for point in points]
    if min(costs) > 0 and max(costs) > _LOG_RATIO * min(costs):
        axes.set_xscale("log")
    axes.tick_params(which="both", colors=INK)
    axes.grid(color=MUTED, alpha=0.25)
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_color(MUTED)
        spine.set_visible(side in ("left", "bottom"))


def _draw_staircase(axes: Axes, offered: Sequence[Point]) -> None:
    """Draws steps: at each cost, the best quality that an offered candidate has for it."""
    steps: list[Point] = []
    for point in sorted(offered, key=lambda point: (point.cost, -point.quality)):
        if not steps or point.quality > steps[-1].quality:
            steps.append(point)
    axes.plot(
        [point.cost for point in steps],
        [point.quality for point in steps],
        drawstyle="steps-post",
        color=ACCENT,
        linewidth=1.5,
        zorder=2,
    )


def _draw_point(axes: Axes, point: Point, group: str) -> None:
    colour = _colour(point)
    axes.plot([point.cost, point.cost], [point.low, point.high], color=colour, alpha=0.3, linewidth=1, zorder=1)
    axes.plot(
        point.cost,
        point.quality,
        marker="*" if point.chosen else "o" if point.offered else "x",
        markersize=15 if point.chosen else 6,
        color=colour,
        linestyle="none",
        zorder=3,
        gid=group,
    )


def _colour(point: Point) -> str:
    return ACCENT if point.on_front else INK if point.offered else MUTED


def _write_name(axes: Axes, point: Point, label_height: float) -> None:
    """Writes name and quality beside the chart, tied to the point; `label_height` is in 0..1."""
    colour = _colour(point)
    axes.annotate(
        f"{point.name}  {point.quality:.3f}",
        xy=(point.cost, point.quality),
        xycoords="data",
        xytext=(_LABEL_X, label_height),
        textcoords="axes fraction",
        va="center",
        color=colour,
        fontweight="bold" if point.chosen else "normal",
        parse_math=False,
        arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.3, "linewidth": 0.6, "relpos": (0, 0.5)},
    )


def to_svg(figure: Figure) -> str:
    """Returns a figure as an SVG element in which the placeholders have become the page's colours."""
    figure.patch.set_visible(False)
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    for placeholder, css in _CSS.items():
        svg = svg.replace(placeholder, css)
    return svg
