"""The chart of a run: seconds and euros, step by step, as SVG that takes its colours from the page."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.compare.charts.trade_off import ACCENT, INK, MUTED, PANEL_STYLE, to_svg
from components.compare.run_costs import StepCost

_WIDTH, _BAR_INCHES, _FRAME_INCHES = 9.0, 0.2, 0.6


def draw_run_costs(steps: Sequence[StepCost]) -> str:
    """Returns horizontal bars of what each step took, top down; pale ones are from the cache. Empty without steps."""
    if not steps:
        return ""
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "run costs"}):
        figure = Figure(figsize=(_WIDTH, len(steps) * _BAR_INCHES + _FRAME_INCHES), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_bars(left, steps, [step.usage.seconds for step in steps], "{:,.1f}")
        _draw_bars(right, steps, [step.cost_eur for step in steps], "{:.2g}")
        left.set_xlabel("seconds (measured)", color=INK)
        right.set_xlabel("€ (estimated)", color=INK)
        left.set_yticks(range(len(steps)), [step.name for step in steps])
        left.set_ylim(len(steps) - 0.5, -0.5)
        return to_svg(figure)


def describe_run(steps: Sequence[StepCost]) -> str:
    """Returns in words what the picture shows: the steps that took longest."""
    ran = [step for step in steps if not step.cached]
    total = sum(step.usage.seconds for step in ran)
    if not total:
        return "Every step came from the cache."
    longest = sorted(ran, key=lambda step: -step.usage.seconds)[:3]
    shares = ", ".join(f"{step.name} {step.usage.seconds / total:.0%}" for step in longest)
    return f"Of {total:,.0f} seconds in {len(ran)} steps, most went to: {shares}."


def _draw_bars(axes: Axes, steps: Sequence[StepCost], values: Sequence[float], pattern: str) -> None:
    colours = [MUTED if step.cached else ACCENT for step in steps]
    drawn = axes.barh(range(len(steps)), values, color=colours)
    axes.bar_label(drawn, [pattern.format(value) for value in values], padding=2, fontsize=7)
    axes.margins(x=0.15)
    axes.tick_params(axis="y", length=0)
    axes.patch.set_visible(False)
