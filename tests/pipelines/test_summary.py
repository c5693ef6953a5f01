"""The closing text: the table, the verdict with its reasons, the times, what is in service, where reports are."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.deploy.store import promote, publish
from pipelines.summary import summarise

CSV = """candidate,status,macro_f1,accuracy,p95_ms,reason
logistic,chosen,0.512,0.640,,It is the cheapest.
logistic-int8,not applicable,,,,no layers
logistic-prune,not applicable,,,,no layers
"""
NOTHING: dict[str, Any] = {
    "verdict": "none",
    "candidate": None,
    "summary": [],
    "reasons": [],
    "caveats": [],
    "run": None,
}


def _summarise(out: Path, content: dict[str, Any], steps: tuple[tuple[str, float], ...] = ()) -> str:
    (out / "candidates.csv").write_text(CSV, encoding="utf-8")
    (out / "decision.json").write_text(json.dumps(NOTHING | content), encoding="utf-8")
    return summarise(out, "20250102-090000", list(steps), 90.0, 1.5)


def test_the_summary_says_what_was_decided_and_where_the_report_is(tmp_path: Path) -> None:
    decision = {
        "verdict": "deploy",
        "run": {"cost_eur": 0.00123, "energy_wh": None},
        "candidate": "logistic",
        "reasons": ["It is the cheapest."],
        "summary": ["Deploy logistic: it is enough.", "It costs little."],
    }
    text = _summarise(tmp_path, decision, (("ingest", 1.0), ("prune", 61.0)))
    assert "Verdict: deploy\nDeploy logistic: it is enough.\nIt costs little.\n" in text
    assert "It is the cheapest." in text
    assert "prune 61 s" in text and "1.5 minutes" in text and "1.5 GiB" in text
    assert str(tmp_path / "report.html") in text


def test_what_the_winner_cannot_do_is_said_before_the_reasons(tmp_path: Path) -> None:
    caveats = [
        {"severity": "serious", "about": "recall", "sentence": "It finds none."},
        {"severity": "warning", "about": "guard", "sentence": "A column is odd."},
        {"severity": "note", "about": "language", "sentence": "It knows one language."},
    ]
    content = {"verdict": "deploy", "candidate": "logistic", "summary": ["Deploy."], "reasons": ["It is enough."]}
    text = _summarise(tmp_path, content | {"caveats": caveats})
    assert (
        "Deploy.\nWhat logistic cannot do, and what is not sure:\n  ✕ serious: It finds none.\n"
        "  ▲ warning: A column is odd.\nReasons:\n  - It is enough."
    ) in text
    assert "It knows one language" not in text


def test_costs_are_told_to_the_cent(tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text(
        "candidate,status,macro_f1,cost_per_month_eur,reason\na,chosen,0.5,0.000156,\nb,offered,0.5,36.4876,\n"
    )
    (tmp_path / "decision.json").write_text(json.dumps(NOTHING))
    lines = summarise(tmp_path, "20250102-090000", [], 90.0, 1.5).splitlines()
    assert next(line for line in lines if line.startswith("a ")).endswith("under 0.01")
    assert next(line for line in lines if line.startswith("b ")).endswith("36.49")


def test_figures_that_were_not_measured_are_not_zero(tmp_path: Path) -> None:
    lines = _summarise(tmp_path, {}).splitlines()
    measured = next(line for line in lines if line.startswith("logistic "))
    assert "0.512" in measured and "–" in measured and "0.00" not in measured
    assert "not applicable: logistic-int8, logistic-prune (no layers)" in lines


def test_what_the_run_cost_is_said_and_unknown_energy_is_not_zero(tmp_path: Path) -> None:
    unknown = _summarise(tmp_path, {"run": {"cost_eur": 0.0123, "energy_wh": None}})
    assert "Its steps up to the comparison cost an estimated 0.01 €." in unknown
    known = _summarise(tmp_path, {"run": {"cost_eur": 0.0123, "energy_wh": 4.56}})
    assert "an estimated 0.01 € and 4.6 Wh." in known


@pytest.fixture
def deployed(logistic_bundle: Path, tmp_path: Path) -> Path:
    """OUT, with the logistic bundle in service."""
    promote(publish(logistic_bundle, tmp_path / "models").version, tmp_path / "models")
    return tmp_path


def _keep_candidate(out: Path) -> Path:
    kept = out / "runs" / "20250102-090000" / "candidate"
    kept.mkdir(parents=True)
    return kept


def test_what_was_deployed_is_said_with_its_place(deployed: Path) -> None:
    _keep_candidate(deployed)
    text = _summarise(deployed, {"verdict": "deploy", "candidate": "logistic"})
    assert f"\nDeployed: logistic as v0001, {deployed / 'models' / 'champion'}\n" in text
    assert "Not deployed" not in text and "In service" not in text


def test_what_stays_in_service_is_told_apart_from_what_was_not_deployed(deployed: Path) -> None:
    kept = _keep_candidate(deployed)
    text = _summarise(deployed, {"verdict": "inconclusive", "candidate": "lstm"})
    assert f"\nIn service, as before this run: logistic (v0001), {deployed / 'models' / 'champion'}\n" in text
    assert f"\nNot deployed: lstm, which this run chose, {kept}\n" in text


def test_nothing_in_service_is_said(tmp_path: Path) -> None:
    kept = _keep_candidate(tmp_path)
    text = _summarise(tmp_path, {"verdict": "inconclusive", "candidate": "lstm"})
    assert f"\nIn service: nothing, {tmp_path / 'models'} holds no deployed model\n" in text
    assert f"\nNot deployed: lstm, which this run chose, {kept}\n" in text


def test_a_run_that_chose_nothing_names_no_candidate(tmp_path: Path) -> None:
    text = _summarise(tmp_path, {})
    assert "In service: nothing" in text and "Not deployed" not in text


def test_a_model_in_service_that_cannot_be_read_is_said(deployed: Path) -> None:
    shutil.rmtree(deployed / "models" / "v0001")
    text = _summarise(deployed, {"verdict": "keep", "candidate": "logistic"})
    assert "\nIn service: unknown, " in text and "v0001: not a model bundle" in text


@pytest.mark.parametrize(("earlier", "count"), [((), ""), (("1",), "1"), (("1", "2", "3"), "3")])
def test_earlier_reports_are_named(tmp_path: Path, earlier: tuple[str, ...], count: str) -> None:
    for stamp in (*earlier, "20250102-090000"):
        (tmp_path / "runs" / stamp).mkdir(parents=True)
        (tmp_path / "runs" / stamp / "report.html").touch()
    text = _summarise(tmp_path, {})
    if not earlier:
        assert "Earlier reports" not in text
    else:
        last = tmp_path / "runs" / earlier[-1] / "report.html"
        assert text.endswith(f"\nEarlier reports: {count} in {tmp_path / 'runs'}, the last of them {last}")
