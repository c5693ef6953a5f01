"""The pictures of the automatic searches, as SVG: each trial, and the best so far."""

import itertools

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from components.compare.charts.trade_off import ACCENT, INK, MUTED, PANEL_STYLE, to_svg
from components.shared.deciding.selection import METRIC_NAMES
from components.shared.records.searches import Search, in_words


def draw_search(search: Search) -> str:
    """Returns the trials of a search as an SVG element that takes its colours from the page.

    Dots are finished trials, crosses are those that were stopped; the line is the best so far. Empty if no trial
    has a score.
    """
    scored = [(trial.number + 1, trial.score, trial.outcome) for trial in search.trials if trial.score is not None]
    if not scored:
        return ""
    finished = [(number, score) for number, score, outcome in scored if outcome == "finished"]
    stopped = [(number, score) for number, score, outcome in scored if outcome == "stopped"]
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "automatic tuning"}):
        figure = Figure(figsize=(9, 2.4), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(*zip(*stopped, strict=True), linestyle="none", marker="x", markersize=5, color=MUTED)
        axes.plot(*zip(*finished, strict=True), linestyle="none", marker="o", markersize=5, color=INK)
        best = list(itertools.accumulate((score for _, score in finished), max))
        if best:
            numbers = [*(number for number, _ in finished), len(search.trials)]
            axes.plot(numbers, [*best, best[-1]], drawstyle="steps-post", color=ACCENT, linewidth=1.5)
        axes.set_xlabel("trial", color=INK)
        axes.set_ylabel(f"{METRIC_NAMES[search.metric]} on tune", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.tick_params(colors=INK)
        axes.grid(color=MUTED, alpha=0.25)
        axes.patch.set_visible(False)
        for side, spine in axes.spines.items():
            spine.set_color(MUTED)
            spine.set_visible(side in ("left", "bottom"))
        return to_svg(figure)


def describe_search(search: Search) -> str:
    """Returns in words what the picture of a search shows."""
    stopped = sum(trial.outcome == "stopped" for trial in search.trials)
    took = sum(trial.seconds for trial in search.trials) / 60
    counted = f"{len(search.trials)} trials in {took:.1f} of {search.minutes:.1f} minutes, {stopped} of them stopped."
    if search.best_trial is None:
        return f"{counted} None was finished, so that the settings stay: {in_words(search.best)}."
    best = search.trials[search.best_trial]
    first = search.trials[0]
    came_from = ""
    if first.outcome == "finished" and first.score is not None:
        came_from = f", after {first.score:.3f} with the settings that would be taken without a search"
    return (
        f"{counted} The best, trial {best.number + 1}, has {METRIC_NAMES[search.metric]} {best.score:.3f} on "
        f"tune{came_from}. Chosen: {in_words(search.best)}."
    )
