"""The result of the inference benchmark: a table for each model, printed and as Markdown, and a picture."""

import csv
import statistics
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.inference_turns import Figures
from components.shared.bundle import gzip_bytes, read_manifest
from components.shared.errors import UserError
from components.shared.files import atomic_path, write_text
from components.shared.records.measurements import Machine

_BYTES_PER_MB = 1_000_000
_BASELINES = {
    "a": "(a) TensorFlow graph mode, fixed length",
    "b": "(b) ONNX Runtime int8, as they come",
    "c": "(c) ONNX Runtime int8, sorted",
    "k": "(k) Keras predict",
}


def describe(machine: Machine, reviews: int, turns: int) -> str:
    """Returns one sentence on where and how it was measured."""
    return (
        f"{reviews} reviews of select as they come, {turns} turns; {machine.cores} cores of {machine.processor} "
        f"({', '.join(machine.flags) or 'no instruction set of interest'}), {machine.system}."
    )


def write_page(
    results: Sequence[tuple[str, Mapping[str, Figures]]],
    quality: Mapping[str, float],
    output: Path,
    how: str,
) -> None:
    """Writes inference.md and inference.svg into a directory.

    Args:
        results: Model and the figures of its contenders, by name.
        quality: From `read_quality`.
        output: Directory to write into.
        how: The sentence from `describe`.
    """
    tables = [describe_figures(model, figures, quality) for model, figures in results]
    write_text(output / "inference.md", "\n\n".join([how, *tables]) + "\n")
    with atomic_path(output / "inference.svg") as staged:
        _draw(results, staged)


def read_quality(run: Path) -> dict[str, float]:
    """Returns the macro-F1 on select of every candidate that was measured.

    Args:
        run: OUT of a finished run.

    Raises:
        UserError: The run left no table.
    """
    table = run / "candidates.csv"
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            return {row["candidate"]: float(row["macro_f1"]) for row in csv.DictReader(stream) if row["macro_f1"]}
    except OSError as error:
        raise UserError(f"{table}: {error.strerror}; --run takes the OUT of a run that ended well") from error


def describe_figures(model: str, figures: Mapping[str, Figures], quality: Mapping[str, float]) -> str:
    """Returns the figures of a model's contenders as a table in Markdown.

    Args:
        model: "distilbert" or "lstm".
        figures: From `take_turns`.
        quality: From `read_quality`.
    """
    bases = [name for name, one in figures.items() if one.contender.baseline]
    keras = bases[-1] if bases[-1] == "k" else ""
    heads = [model, "run as", "macro-F1", "reviews/s", *(f"× ({base})" for base in bases if base != keras)]
    heads += ["p50 / p95 ms", "p95 of (a) ÷"]
    heads += ["p50 of (k) ÷", "reviews/s in calls of 32", "× (k)"] if keras else []
    heads += ["gzip MB", "float's ÷"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, one in figures.items():
        cells = [_BASELINES[name] if name in bases else name, _run_as(one), _of_candidate(one, quality)]
        cells += [_spread(one.rates, ".0f")]
        cells += [_ratio(one.rates, figures[base].rates) for base in bases if base != keras]
        cells += [f"{statistics.median(one.p50_ms):.2f} / {statistics.median(one.p95_ms):.2f}"]
        cells += [_ratio(figures["a"].p95_ms, one.p95_ms)]
        if keras:
            cells += [_ratio(figures[keras].p50_ms, one.p50_ms), _spread(one.batch_rates, ".0f")]
            cells += [_ratio(one.batch_rates, figures[keras].batch_rates)]
        lines.append(f"| {' | '.join([*cells, *_sizes(model, one, figures)])} |")
    return "\n".join(lines)


def _run_as(one: Figures) -> str:
    """Returns workers × threads of each, and the batch if reviews are scored together; nothing for a baseline."""
    if one.contender.baseline:
        return ""
    execution = one.contender.execution
    batch = f", batch {execution.batch_size}" if execution.batch_size else ""
    return f"{execution.workers} × {execution.threads}{batch}"


def _of_candidate(one: Figures, quality: Mapping[str, float]) -> str:
    if one.contender.baseline:
        return ""
    reached = quality.get(read_manifest(one.contender.directory).candidate)
    return f"{reached:.3f}" if reached is not None else ""


def _sizes(model: str, one: Figures, figures: Mapping[str, Figures]) -> tuple[str, str]:
    if one.contender.baseline:
        return "", ""
    whole = figures.get(f"{model} (litert)")
    size = _gzip_bytes(one.contender.directory)
    return f"{size / _BYTES_PER_MB:.2f}", f"{_gzip_bytes(whole.contender.directory) / size:.1f}" if whole else ""


@cache
def _gzip_bytes(directory: Path) -> int:
    """Returns `gzip_bytes`, which takes seconds for a float model; every row asks for that of its float model."""
    return gzip_bytes(directory)


def _ratio(values: Sequence[float], others: Sequence[float]) -> str:
    """Returns the median of the ratios turn by turn, with the least and the largest."""
    return _spread([value / other for value, other in zip(values, others, strict=True)], ".1f")


def _spread(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def _draw(results: Sequence[tuple[str, Mapping[str, Figures]]], path: Path) -> None:
    """Writes an SVG of reviews a second of every contender, with the range over the turns, one panel a model."""
    rows = [len(figures) for _, figures in results]
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "inference", "font.family": "sans-serif"}):
        figure = Figure(figsize=(9, 0.26 * sum(rows) + 1.2 * len(rows)), layout="constrained")
        panels = figure.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
        for axes, (model, figures) in zip(panels, results, strict=True):
            ordered = sorted(figures.items(), key=lambda item: statistics.median(item[1].rates))
            names = [_BASELINES.get(name, name) for name, _ in ordered]
            medians = [statistics.median(one.rates) for _, one in ordered]
            below = [median - min(one.rates) for median, (_, one) in zip(medians, ordered, strict=True)]
            above = [max(one.rates) - median for median, (_, one) in zip(medians, ordered, strict=True)]
            colours = ["#888888" if one.contender.baseline else "#2b6cb0" for _, one in ordered]
            axes.barh(names, medians, xerr=[below, above], color=colours, error_kw={"elinewidth": 0.8})
            axes.set_title(f"{model}: reviews a second, as they come (bar: median; line: all turns)", fontsize=10)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=8)
            axes.margins(y=0.02)
        # Within the context: these settings are read when the picture is written.
        figure.savefig(path, format="svg", metadata={"Date": None})
