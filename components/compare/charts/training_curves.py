"""How training went, as a small picture a model, and in words for those who do not see it."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from components.compare.charts.trade_off import ACCENT, INK, MUTED, PANEL_STYLE, to_svg
from components.shared.records.history import History

_INCHES = (9.0, 1.9)


def draw_curves(history: History) -> str:
    """Returns loss, macro-F1 on tune, gradient norm and speed by epoch as an SVG element; empty without epochs.

    A dot marks the epoch whose weights were kept.
    """
    if not history.loss:
        return ""
    with mpl.rc_context(PANEL_STYLE | {"svg.hashsalt": "training curves"}):
        figure = Figure(figsize=_INCHES)
        panels = {
            "training loss": history.loss,
            "macro-F1 on tune": history.tune_macro_f1,
            "gradient norm": history.gradient_norm,
            "reviews/s": history.speeds,
        }
        for axes, (title, values) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
            _draw_panel(axes, title, values, history.best_epoch)
        figure.tight_layout(w_pad=1.2)
        return to_svg(figure)


def describe_curves(history: History) -> str:
    """Returns what the picture shows, in one sentence."""
    if not history.loss:
        return "No epoch was trained."
    best = history.best_epoch
    return (
        f"{len(history.loss)} epochs; the weights of epoch {best + 1} were kept. "
        f"Training loss from {history.loss[0]:.3f} to {history.loss[-1]:.3f}, "
        f"macro-F1 on tune from {history.tune_macro_f1[0]:.3f} to {history.tune_macro_f1[-1]:.3f} "
        f"(kept: {history.tune_macro_f1[best]:.3f}), "
        f"gradient norm from {history.gradient_norm[0]:.2f} to {history.gradient_norm[-1]:.2f}, "
        f"{history.reviews_per_second:,.0f} reviews/s."
    )


def _draw_panel(axes: Axes, title: str, values: Sequence[float], best: int) -> None:
    epochs = range(1, len(values) + 1)
    axes.plot(epochs, values, color=ACCENT, linewidth=1.5, marker="." if len(values) < 10 else "")
    axes.plot(best + 1, values[best], color=ACCENT, marker="o", markersize=6)
    axes.set_title(title, fontsize=9, color=INK)
    axes.set_xlabel("epoch", fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.set_ylim(bottom=0, top=max(values) * 1.15 or 1.0)
    axes.grid(color=MUTED, alpha=0.25)
    axes.patch.set_visible(False)
