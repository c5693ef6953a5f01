"""What a local run prints at its end: candidates, verdict and reasons, what is in service, where the reports are."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from components.deploy.store import CHAMPION, champion
from components.shared.bundle import read_manifest
from components.shared.deciding.wording import write_euros
from components.shared.errors import UserError
from pipelines.results import CANDIDATE, REPORT, RUNS, earlier_reports

_EUROS = "euros"
#: How a caveat is marked; notes stand in the report alone.
_SIGNS = {"serious": "✕ serious", "warning": "▲ warning"}
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
    "cost_per_month_eur": ("€/month (est.)", _EUROS),
}


def summarise(
    out: Path, stamp: str, step_seconds: list[tuple[str, float]], seconds: float, peak_memory_gib: float
) -> str:
    """Returns the closing text of a run.

    Args:
        out: Directory of the results.
        stamp: Name of the run among those kept in OUT/runs.
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
            *_caveats(decision),
            *(f"  - {reason}" for reason in decision["reasons"]),
            "",
            f"Took {seconds / 60:.1f} minutes (longest: {slowest}); peak memory of a step {peak_memory_gib:.1f} GiB.",
            *_run_costs(decision["run"]),
            *_in_service(decision, out, stamp),
            f"Report: {out / REPORT}",
            *_earlier_reports(out, stamp),
        ]
    )


def _caveats(decision: dict[str, Any]) -> list[str]:
    """Returns what the chosen candidate cannot do, one line each; none if it is nothing."""
    lines = [
        f"  {_SIGNS[caveat['severity']]}: {caveat['sentence']}"
        for caveat in decision["caveats"]
        if caveat["severity"] in _SIGNS
    ]
    return [f"What {decision['candidate']} cannot do, and what is not sure:", *lines, "Reasons:"] if lines else []


def _in_service(decision: dict[str, Any], out: Path, stamp: str) -> list[str]:
    """Returns what is in service, and where the chosen candidate is if that is something else."""
    deployed = decision["verdict"] == "deploy"
    lines = [_describe_champion(out / "models", deployed)]
    if decision["candidate"] and not deployed:
        kept = out / RUNS / stamp / CANDIDATE
        lines.append(f"Not deployed: {decision['candidate']}, which this run chose, {kept}")
    return lines


def _describe_champion(store: Path, deployed: bool) -> str:
    """Returns a line on what the model store says is deployed; `deployed`: this run did it."""
    try:
        version = champion(store)
        if version is None:
            return f"In service: nothing, {store} holds no deployed model"
        candidate = read_manifest(store / version).candidate
    except UserError as error:
        return f"In service: unknown, {error}"
    if deployed:
        return f"Deployed: {candidate} as {version}, {store / CHAMPION}"
    return f"In service, as before this run: {candidate} ({version}), {store / CHAMPION}"


def _earlier_reports(out: Path, stamp: str) -> list[str]:
    reports = earlier_reports(out, stamp)
    return [f"Earlier reports: {len(reports)} in {out / RUNS}, the last of them {reports[-1]}"] if reports else []


def _run_costs(run: dict[str, Any] | None) -> list[str]:
    """Returns a line on what the steps up to the comparison cost; none if nothing is known of them."""
    if run is None:
        return []
    energy = "" if run["energy_wh"] is None else f" and {run['energy_wh']:.2g} Wh"
    return [f"Its steps up to the comparison cost an estimated {write_euros(run['cost_eur'])}{energy}."]


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
    if form == _EUROS and value:
        return write_euros(float(value)).removesuffix(" €")
    return format(float(value), form) if value else "–"
