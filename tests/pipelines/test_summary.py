"""The closing text has the table, the verdict with its reasons, the times and the report's path."""

import json
from pathlib import Path

from pipelines.summary import summarise

CSV = """candidate,status,macro_f1,accuracy,p95_ms,reason
logistic,chosen,0.512,0.640,,It is the cheapest.
logistic-int8,not applicable,,,,no layers
logistic-prune,not applicable,,,,no layers
"""


def test_the_summary_says_what_was_decided_and_where_the_report_is(tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text(CSV, encoding="utf-8")
    decision = {
        "verdict": "deploy",
        "run": {"cost_eur": 0.00123, "energy_wh": None},
        "candidate": "logistic",
        "reasons": ["It is the cheapest."],
    }
    decision["summary"] = ["Deploy logistic: it is enough.", "It costs little."]
    (tmp_path / "decision.json").write_text(json.dumps(decision), encoding="utf-8")
    text = summarise(tmp_path, [("ingest", 1.0), ("prune", 61.0)], 90.0, 1.5)
    assert "Verdict: deploy\nDeploy logistic: it is enough.\nIt costs little.\n" in text
    assert "It is the cheapest." in text
    assert "prune 61 s" in text and "1.5 minutes" in text and "1.5 GiB" in text
    assert str(tmp_path / "report.html") in text


def test_figures_that_were_not_measured_are_not_zero(tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "decision.json").write_text(
        json.dumps({"verdict": "none", "summary": [], "reasons": [], "run": None}), encoding="utf-8"
    )
    lines = summarise(tmp_path, [], 1.0, 1.0).splitlines()
    measured = next(line for line in lines if line.startswith("logistic "))
    assert "0.512" in measured and "–" in measured and "0.00" not in measured
    assert "not applicable: logistic-int8, logistic-prune (no layers)" in lines


def test_what_the_run_cost_is_said_and_unknown_energy_is_not_zero(tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text(CSV, encoding="utf-8")
    content = {"verdict": "none", "summary": [], "reasons": [], "run": {"cost_eur": 0.0123, "energy_wh": None}}
    path = tmp_path / "decision.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "Its steps up to the comparison cost an estimated 0.012 €." in summarise(tmp_path, [], 1.0, 1.0)
    path.write_text(json.dumps(content | {"run": {"cost_eur": 0.0123, "energy_wh": 4.56}}), encoding="utf-8")
    assert "an estimated 0.012 € and 4.6 Wh." in summarise(tmp_path, [], 1.0, 1.0)
