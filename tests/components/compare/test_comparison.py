import json

import pandas as pd
import pytest
from components.compare.comparison import compare_candidates
from components.compare.table import STATUSES
from components.shared.bundle import load_bundle, read_manifest


@pytest.fixture
def run(trained, measurements, tmp_path):
    def compare(seed=0, **changed):
        page = tmp_path / "page.html"
        page.write_text("<p>about the data</p>")
        arguments = {
            "features": trained.features,
            "plan": trained.plan,
            "measurements": measurements,
            "sources": trained.sources,
            "pages": {"Data": page, "Cleaning": tmp_path / "missing.html"},
            "seed": seed,
            "table": tmp_path / "candidates.csv",
            "decision": tmp_path / "decision.json",
            "winner": tmp_path / "winner",
            "report": tmp_path / "report.html",
        }
        return compare_candidates(**(arguments | changed)), tmp_path

    return compare


def test_a_comparison_writes_table_decision_winner_and_report(run):
    comparison, out = run()
    table = pd.read_csv(out / "candidates.csv")
    decision = json.loads((out / "decision.json").read_text())
    chosen = table[table["status"] == "chosen"]["candidate"].tolist()
    assert comparison.verdict == decision["verdict"] == "deploy"
    assert chosen == [decision["candidate"]]
    assert read_manifest(out / "winner").candidate == decision["candidate"]
    assert load_bundle(out / "winner").predict(["love it"]).shape == (1, 5)
    assert decision["candidate"] in (out / "report.html").read_text()
    assert sum(map(sum, comparison.winner_confusion)) == 100
