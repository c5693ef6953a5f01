"""The exploration's plots, as SVG elements that take their colours from the page, light or dark."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.explore.statistics import WordsOfLabel

# Placeholders that become CSS colours.
_INK, _ACCENT, _MUTED = "#010203", "#010204", "#010205"
_CSS = {_INK: "currentColor", _ACCENT: "var(--accent)", _MUTED: "var(--muted)"}
_WIDTH = 8.6
_COLUMNS = 5
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "exploration",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "text.parse_math": False,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw_class_balance(counts: pd.Series) -> str:
    """Returns bars of the number of reviews of each label; `counts` is indexed by label, worst first."""

    def draw(figure: Figure) -> None:
        axes = _axes(figure)
        bars = axes.bar(counts.index.astype(str), counts.to_numpy(), color=_ACCENT, width=0.7)
        axes.bar_label(bars, [f"{count:,}\n{count / counts.sum():.1%}" for count in counts], padding=2)
        axes.margins(y=0.2)
        axes.set(xlabel="label", ylabel="reviews")

    return _svg(draw, height=2.8)


def draw_lengths(lengths: pd.Series, labels: pd.Series, order: Sequence[str]) -> str:
    """Returns box plots of the words a review, by label; whiskers span the 5 % to the 95 % quantile."""

    def draw(figure: Figure) -> None:
        axes = _axes(figure)
        line = {"color": _INK}
        axes.boxplot(
            [lengths[labels == label].to_numpy() for label in order],
            tick_labels=list(order),
            whis=(5, 95),
            showfliers=False,
            widths=0.5,
            patch_artist=True,
            boxprops={"facecolor": _ACCENT, "alpha": 0.45, "edgecolor": _INK},
            medianprops=line | {"linewidth": 2},
            whiskerprops=line,
            capprops=line,
        )
        axes.set_ylim(bottom=0)
        axes.set(xlabel="label", ylabel="words a review")

    return _svg(draw, height=2.8)


def draw_correlations(table: pd.DataFrame) -> str:
    """Returns the correlation table as shaded cells; the shade is the size, the number tells the sign."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.17, 0.16, 0.8, 0.82))
        names, values = list(table.columns), table.to_numpy(dtype=float)
        for row in range(len(names)):
            for column in range(len(names)):
                value = float(values[row, column])
                cell = (column - 0.48, row - 0.48)
                axes.add_patch(mpl.patches.Rectangle(cell, 0.96, 0.96, color=_ACCENT, alpha=0.6 * abs(value), lw=0))
                axes.text(column, row, f"{value:.2f}", ha="center", va="center")
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    return _svg(draw, height=0.45 * len(table) + 0.6)


def draw_missing(shares: pd.Series) -> str:
    """Returns bars of the share of missing values; `shares` is indexed by column."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.2, 0.16, 0.72, 0.82))
        bars = axes.barh([name.replace("_", " ") for name in shares.index], 100 * shares.to_numpy(), color=_ACCENT)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=3)
        axes.invert_yaxis()
        axes.set_xlim(0, max(10.0, 115 * shares.max()))
        axes.set_xlabel("missing, %")

    return _svg(draw, height=0.26 * len(shares) + 0.7)


def draw_words(words: Sequence[WordsOfLabel], kind: str, unit: str, scale: float = 1.0) -> str:
    """Returns, side by side for each label, bars of its words.

    Args:
        words: The words of each label.
        kind: "frequent" or "telling".
        unit: What the bars show.
        scale: Factor of the values, such as 100 for percent.
    """
    rows = -(-len(words) // _COLUMNS)
    columns = min(len(words), _COLUMNS)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
        for place, axes in enumerate(grid.ravel()):
            if place >= len(words):
                axes.set_visible(False)
                continue
            strongest: list[tuple[str, float]] = getattr(words[place], kind)
            positions = range(len(strongest))
            axes.barh(positions, [scale * value for _, value in strongest], color=_ACCENT)
            axes.set_yticks(positions, [word[:14] for word, _ in strongest])
            axes.invert_yaxis()
            axes.set_title(f"label {words[place].label}", fontsize=10)
            axes.patch.set_visible(False)
            axes.tick_params(axis="y", length=0)
        figure.supxlabel(unit, fontsize=9)
        figure.tight_layout(w_pad=0.4)

    return _svg(draw, height=2.9 * rows + 0.3)


def _axes(figure: Figure) -> Axes:
    axes = figure.add_axes((0.09, 0.18, 0.89, 0.78))
    axes.patch.set_visible(False)
    return axes


def _svg(draw: Callable[[Figure], None], height: float) -> str:
    """Returns what `draw` draws, as an <svg> element of the page's width; `height` is in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        figure.patch.set_visible(False)
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(
            buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    svg = buffer.getvalue()
    for placeholder, colour in _CSS.items():
        svg = svg.replace(placeholder, colour)
    return svg[svg.index("<svg") :]
