"""Whole runs on reviews whose labels say nothing: whatever is measured, nothing may be deployed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.ingest.sample import generate_sample

ROOT = Path(__file__).resolve().parents[2]
#: No deep models, but the linear ones and VADER, in both ways to weigh classes: enough to pick the luckiest from.
QUICK = [
    "--models",
    "logistic",
    "--techniques",
    "dynamic",
    "--latency-reviews",
    "10",
    "--measuring-attempts",
    "1",
]


def _toss(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(Rating=np.random.default_rng(3).integers(1, 3, len(table)))


def _shuffle(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(Rating=np.random.default_rng(3).permutation(table["Rating"]))


@pytest.mark.parametrize(
    ("make_labels", "rows", "options", "need"),
    [
        (_toss, 1000, ["--labels", "1,2"], ""),
        (
            _shuffle,
            800,
            [],
            "use_case: test\nreviews_per_day: 100\nquality: {metric: accuracy}\nconstraints: {minimum_quality: 0.3}\n"
            "prices: {cpu_hour_eur: 0.05, gpu_hour_eur: 2}\n",
        ),
    ],
    ids=["coin", "shuffled"],
)
def test_labels_without_a_signal_lead_to_no_deployment_and_the_verdict_says_why(
    make_labels, rows, options, need, tmp_path
):
    data, out = tmp_path / "reviews.csv", tmp_path / "out"
    make_labels(generate_sample(rows=rows, seed=7)).to_csv(data, index=False)
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.local", "--data", str(data), "--out", str(out)]
    command += [*QUICK, *options]
    if need:
        path = tmp_path / "need.yaml"
        path.write_text(need)
        command += ["--need", str(path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    decision = json.loads((out / "decision.json").read_text(encoding="utf-8"))
    assert decision["verdict"] in ("none", "inconclusive")
    assert "nothing here is shown to be better than guessing" in finished.stdout
    assert (decision["more_reviews"] is None) == (decision["verdict"] == "none")
    assert not (out / "models" / "champion").exists()
    assert "In service: nothing" in finished.stdout
