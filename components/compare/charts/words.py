"""Pictures of words and what they add to a probability, as SVG that takes its colours from the page."""

import contextlib
import warnings
from collections.abc import Iterator, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.compare.charts.trade_off import ACCENT, AGAINST, MUTED, PANEL_STYLE, to_svg
from components.shared.explanations import DrivingWords, Explanation
from components.shared.texts.printable import printable

_WIDTH, _COLUMNS, _BAR_INCHES, _FRAME_INCHES = 9.0, 3, 0.19, 0.75
_LONGEST_WORD = 18
_STRONGEST = 12


def draw_driving_words(drivers: Sequence[DrivingWords]) -> str:
    """Returns, label by label, bars of the words that raise its probability (right) or lower it (left).

    Empty if no word changes anything.
    """
    panels = {
        one.label: [(effect.word, effect.contribution) for effect in (*one.raising, *reversed(one.lowering))]
        for one in drivers
    }
    if not any(panels.values()):
        return ""
    rows = -(-len(panels) // _COLUMNS)
    longest = max(map(len, panels.values()))
    with _drawing("driving words"):
        figure = Figure(figsize=(_WIDTH, rows * (longest * _BAR_INCHES + _FRAME_INCHES)))
        grid = figure.subplots(rows, min(len(panels), _COLUMNS), squeeze=False, sharex=True)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_visible(False)
        for axes, (label, bars) in zip(grid.ravel(), panels.items(), strict=False):
            _draw_bars(axes, bars, longest)
            axes.set_title(f"label {_short(label)}", fontsize=10)
        figure.supxlabel("added to the probability, mean", fontsize=9)
        figure.tight_layout(w_pad=0.6)
        return to_svg(figure)


def draw_review_words(explanation: Explanation, label: int) -> str:
    """Returns bars of a review's strongest words, as they follow each other, for the label with this index.

    Empty if no word changes anything.
    """
    values = explanation.of_label(label)
    strongest = sorted(range(len(values)), key=lambda place: -abs(values[place]))[:_STRONGEST]
    bars = [(explanation.words[place], values[place]) for place in sorted(strongest) if values[place]]
    if not bars:
        return ""
    with _drawing("words of a review"):
        figure = Figure(figsize=(_WIDTH, len(bars) * _BAR_INCHES + _FRAME_INCHES))
        axes = figure.subplots()
        _draw_bars(axes, bars, len(bars))
        axes.set_xlabel(f"added to the probability of {_short(explanation.labels[label])}")
        figure.tight_layout()
        return to_svg(figure)


@contextlib.contextmanager
def _drawing(salt: str) -> Iterator[None]:
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": salt}), warnings.catch_warnings():
        # The page's fonts draw the words, not those that matplotlib misses characters in.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _draw_bars(axes: Axes, bars: Sequence[tuple[str, float]], places: int) -> None:
    """Draws one bar a word, top down, with its number; `places` is the room for bars."""
    values = [value for _, value in bars]
    colours = [ACCENT if value > 0 else AGAINST for value in values]
    drawn = axes.barh(range(len(bars)), values, color=colours)
    axes.bar_label(drawn, [f"{value:+.2f}" for value in values], padding=2, fontsize=7)
    axes.set_yticks(range(len(bars)), [_short(word) for word, _ in bars])
    axes.set_ylim(places - 0.5, -0.5)
    axes.margins(x=0.3)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.patch.set_visible(False)


def _short(word: str) -> str:
    shown = printable(word)
    return shown if len(shown) <= _LONGEST_WORD else shown[: _LONGEST_WORD - 1] + "…"
