"""A user who names one column gets a tuned, deployed model without another decision."""

import json
import subprocess
import sys
from pathlib import Path

from components.ingest.sample import generate_sample
from components.shared.bundle import load_bundle, read_manifest
from components.shared.records.searches import SEARCHES

ROOT = Path(__file__).resolve().parents[2]


def test_one_named_column_and_minutes_lead_to_a_deployed_model(tmp_path: Path) -> None:
    names = {"Title": "headline", "Review Text": "remark", "Rating": "satisfaction"}
    table = generate_sample(rows=2000, seed=7)[[*names]].rename(columns=names)
    table.to_csv(tmp_path / "remarks.csv", index=False)
    out = tmp_path / "out"
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.local", "--data", str(tmp_path / "remarks.csv")]
    command += ["--label-column", "satisfaction", "--tune-minutes", "1", "--models", "logistic", "--out", str(out)]
    command += ["--latency-reviews", "10", "--measuring-attempts", "1", "--techniques", "dynamic"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr + finished.stdout

    assert json.loads((out / "decision.json").read_text(encoding="utf-8"))["verdict"] == "deploy"
    assert load_bundle(out / "models" / "champion").task.text_column == "remark"
    (searches,) = out.glob(f"pipeline_root/*/*/train-floor/candidates/{SEARCHES}")
    found = {one["candidate"]: one for one in json.loads(searches.read_text(encoding="utf-8"))["searches"]}
    for candidate, one in found.items():
        assert one["trials"]
        assert read_manifest(searches.parent / candidate / "bundle").hyperparameters == one["best"]
    assert {path.suffix for path in (out / "tuning").iterdir()} == {".db"}
    report = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="tuning"' in report and "trials in" in report
    assert "best so far" in (out / "run.log").read_text(encoding="utf-8")
