"""What a local run prints at its end: the candidates' table, the verdict with its reasons, where the report is."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

#: Column of candidates.csv -> heading and number format.
_COLUMNS = {
    "candidate": ("candidate", ""),
    "status": ("status", ""),
    "macro_f1": ("macro-F1", ".3f"),
    "accuracy": ("accuracy", ".3f"),
    "average_error": ("avg. error", "+.3f"),
    "p95_ms": ("p95 ms", ".2f"),
    "reviews_per_second": ("reviews/s", ".0f"),
    "peak_memory_mb": ("memory MB", ".0f"),
    "size_mb": ("size MB", ".2f"),
    "gzip_mb": ("gzip MB", ".2f"),
    "cost_per_month_eur": ("€/month (est.)", ".4f"),
}


def summarise(out: Path, step_seconds: list[tuple[str, float]], seconds: float, peak_memory_gib: float) -> str:
    """Returns the closing text of a run.

    Args:
        out: Directory of the results.
        step_seconds: (step, wall seconds), in order.
        seconds: Wall seconds of the whole run.
        peak_memory_gib: Largest resident memory of any step.
    """
    decision = json.loads((out / "decision.json").read_text(encoding="utf-8"))
    with (out / "candidates.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    slowest = ", ".join(f"{step} {took:.0f} s" for step, took in sorted(step_seconds, key=lambda s: -s[1])[:4])
    return "\n".join(
        [
            "",
            "Candidates, measured on the select split (€ estimated from the need's prices):",
            *_table([row for row in rows if row["macro_f1"]]),
            *_without_figures([row for row in rows if not row["macro_f1"]]),
            "",
            f"Verdict: {decision['verdict']}",
            *decision["summary"],
            *(f"  - {reason}" for reason in decision["reasons"]),
            "",
            f"Took {seconds / 60:.1f} minutes (longest: {slowest}); peak memory of a step {peak_memory_gib:.1f} GiB.",
            *_run_costs(decision["run"]),
            f"Report: {out / 'report.html'}",
        ]
    )


def _run_costs(run: dict[str, Any] | None) -> list[str]:
    """Returns a line on what the steps up to the comparison cost; none if nothing is known of them."""
    if run is None:
        return []
    energy = "" if run["energy_wh"] is None else f" and {run['energy_wh']:.2g} Wh"
    return [f"Its steps up to the comparison cost an estimated {run['cost_eur']:.2g} €{energy}."]


def _table(rows: list[dict[str, str]]) -> list[str]:
    headings = [heading for heading, _ in _COLUMNS.values()]
    cells = [[_format(row.get(name, ""), form) for name, (_, form) in _COLUMNS.items()] for row in rows]
    widths = [max(len(line[column]) for line in [headings, *cells]) for column in range(len(headings))]
    return [
        "  ".join(_pad(*cell) for cell in zip(line, widths, range(len(line)), strict=True))
        for line in [headings, *cells]
    ]


def _without_figures(rows: list[dict[str, str]]) -> list[str]:
    """Returns a line for each reason why candidates have no figures, with their names."""
    candidates: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        candidates[row["status"], row["reason"]].append(row["candidate"])
    return [f"{status}: {', '.join(names)} ({reason})" for (status, reason), names in candidates.items()]


def _pad(text: str, width: int, column: int) -> str:
    """Returns words to the left, numbers to the right."""
    return text.ljust(width) if column < 2 else text.rjust(width)


def _format(value: str, form: str) -> str:
    if not form:
        return value
    return format(float(value), form) if value else "–"
