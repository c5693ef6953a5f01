"""Quality against noise, as small pictures beside each other and in words."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from components.compare.charts.trade_off import ACCENT, AGAINST, INK, MUTED, PANEL_STYLE, to_svg
from components.shared.records.robustness import Noise, Point, Robustness

_COLUMNS, _PANEL_INCHES, _LEGEND_INCHES = 4, 2.1, 0.45
_COLOURS = (ACCENT, INK, AGAINST, MUTED, INK, AGAINST)
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3)))
#: The noise that the words always mention: one word in ten is what people mistype in a hurry.
_EVERYDAY, _EVERYDAY_STRENGTH = "typos", 0.1


def draw_robustness(robustness: Robustness, metric: str) -> str:
    """Returns a small picture a noise as an SVG element that takes its colours from the page; empty without noises.

    One line a candidate, told apart by colour, marker and dashes; the band is the 95 % interval of the first one.

    Args:
        robustness: What was found.
        metric: The need's metric, in words.
    """
    if not robustness.noises:
        return ""
    rows = -(-len(robustness.noises) // _COLUMNS)
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "robustness"}):
        figure = Figure(figsize=(9, rows * _PANEL_INCHES + _LEGEND_INCHES), layout="constrained")
        grid = figure.subplots(rows, _COLUMNS, squeeze=False)
        for axes in grid.ravel()[len(robustness.noises) :]:
            axes.set_visible(False)
        for axes, noise in zip(grid.ravel(), robustness.noises, strict=False):
            _draw_panel(axes, noise, metric)
        _share_scale([axes for axes, noise in zip(grid.ravel(), robustness.noises, strict=False) if _quality(noise)])
        lines, names = grid[0, 0].get_legend_handles_labels()
        legend = figure.legend(lines, names, loc="outside lower center", ncols=3, frameon=False, handlelength=4)
        for text in legend.get_texts():
            text.set_color(INK)
        return to_svg(figure)


def describe_robustness(robustness: Robustness, metric: str) -> list[str]:
    """Returns some sentences a candidate: what everyday typos cost it, what costs it most, how it takes negation."""
    return [_describe(name, robustness, metric) for name in robustness.candidates]


def largest_losses(robustness: Robustness) -> list[tuple[str, Noise, Point]]:
    """Returns candidate, noise and point of the largest loss of each candidate under each noise, the largest first.

    Noise that changes what a review says is left out: there, a loss is no harm.
    """
    found = [
        (name, noise, max(points, key=lambda point: point.loss))
        for noise in robustness.noises
        if _quality(noise)
        for name, points in noise.curves.items()
    ]
    return sorted((one for one in found if one[2].strength > 0), key=lambda one: -one[2].loss)


def _quality(noise: Noise) -> bool:
    return noise.measure == "quality"


def _draw_panel(axes: Axes, noise: Noise, metric: str) -> None:
    for place, (name, points) in enumerate(noise.curves.items()):
        strengths = [point.strength for point in points]
        axes.plot(
            strengths,
            [point.value for point in points],
            color=_COLOURS[place % len(_COLOURS)],
            marker=_MARKERS[place % len(_MARKERS)],
            linestyle=_DASHES[place % len(_DASHES)],
            markersize=4,
            linewidth=1.8 if place == 0 else 1.2,
            label=name,
        )
        if place == 0:
            lows, highs = [point.low for point in points], [point.high for point in points]
            axes.fill_between(strengths, lows, highs, color=ACCENT, alpha=0.15, linewidth=0)
    axes.set_title(noise.name, color=INK, fontsize=9)
    axes.set_ylabel(metric if _quality(noise) else "probability of its label", fontsize=8)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.tick_params(labelsize=8)
    axes.grid(color=MUTED, alpha=0.25)
    axes.patch.set_visible(False)


def _share_scale(panels: list[Axes]) -> None:
    """Gives panels of the same measure the same vertical scale: a steep line is a large loss in each."""
    low, high = min(axes.get_ylim()[0] for axes in panels), max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)


def _describe(name: str, robustness: Robustness, metric: str) -> str:
    sentences = []
    everyday = _find(robustness, _EVERYDAY, name, _EVERYDAY_STRENGTH)
    if everyday:
        noise, point = everyday
        sentences.append(f"{name} {_loses(point, metric)} when {point.strength:.0%} {noise.meaning}.")
    most = next((one for one in largest_losses(robustness) if one[0] == name and one[2].loss_low > 0), None)
    if most:
        _, noise, point = most
        sentences.append(f"Most it loses when {point.strength:.0%} {noise.meaning}: {_figures(point)}.")
    else:
        sentences.append("No noise is shown to cost it anything.")
    turned = _find(robustness, "negation", name, 1.0)
    if turned:
        sentences.append(_describe_negation(turned[1]))
    return " ".join(sentences)


def _find(robustness: Robustness, noise: str, candidate: str, strength: float) -> tuple[Noise, Point] | None:
    points = ((one, point) for one in robustness.noises if one.name == noise for point in one.curves[candidate])
    return next((found for found in points if found[1].strength == strength), None)


def _loses(point: Point, metric: str) -> str:
    if point.loss_low > 0:
        return f"loses {_figures(point)} {metric}"
    change = f"{-point.loss:+.3f}, {-point.loss_high:+.3f} to {-point.loss_low:+.3f}"
    return f"is not shown to lose {metric} (change {change})"


def _figures(point: Point) -> str:
    return f"{point.loss:.3f} ({point.loss_low:.3f} to {point.loss_high:.3f})"


def _describe_negation(point: Point) -> str:
    falls = f"the label that it gave falls by {point.loss:.3f} in probability"
    if point.loss_low > 0:
        return f"When every sentence that can be is negated, {falls}, as it should."
    return "When every sentence that can be is negated, the label that it gave is not shown to become less likely."
