"""A user's own model is optimised, measured and compared without being trained."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.ingest.sample import generate_sample
from components.shared.bundle import read_manifest

ROOT = Path(__file__).resolve().parents[2]
_NEED = "use_case: test\nreviews_per_day: 100\nprices: {cpu_hour_eur: 0.05, gpu_hour_eur: 2}\n"


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the pipeline on a few reviews with the labels 1, 2 and 3."""
    stars = {1: "1", 2: "1", 3: "2", 4: "2", 5: "3"}
    reviews = generate_sample(rows=1500, seed=3)
    reviews.assign(Rating=reviews["Rating"].map(stars)).to_csv(root / "reviews.csv", index=False)
    (root / "need.yaml").write_text(_NEED)
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.local", "--data", str(root / "reviews.csv")]
    command += ["--labels", "1,2,3", "--need", str(root / "need.yaml"), "--out", str(root / "out"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def _require_run_on(model: str, own: Path, root: Path) -> None:
    options = [
        "--models",
        "logistic",
        "--techniques",
        "dynamic",
        "--latency-reviews",
        "5",
        "--measuring-attempts",
        "1",
    ]
    options += ["--explained-reviews", "0", "--sensitivity-reviews", "0"]
    finished = _run(root, "--model", str(own), *options)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    (trained,) = root.glob(f"out/pipeline_root/*/*/*/candidates/{model}/bundle")
    manifest = read_manifest(trained)
    assert (manifest.training.seconds, manifest.base_model) == (0, own.name)
    table = pd.read_csv(root / "out" / "candidates.csv").set_index("candidate")
    other = {"lstm": "distilbert", "distilbert": "lstm"}[model]
    assert {model, f"{model}-dynamic", "logistic", "majority"} <= set(table.index) and other not in table.index
    assert table.loc[model, "accuracy"] >= 0 and pd.isna(table.loc[model, "training_s"])
    assert "brought as it is, not trained here" in table.loc[model, "reason"].lower()
    assert table.loc[f"{model}-dynamic", "status"] != "not applicable"
    assert json.loads((root / "out" / "decision.json").read_text(encoding="utf-8"))["verdict"] == "deploy"
    assert f'id="reach-{model}"' in (root / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_lstm_of_ones_own_goes_through_the_pipeline(save_own_lstm: Callable[..., Path], tmp_path: Path) -> None:
    words = "love perfect soft comfortable flattering returned awful itchy cheap tight not very but the is it".split()

    def layers(kinds: Any) -> list[Any]:  # large enough that there is something to quantise
        return [kinds.LSTM(32), kinds.Dense(3, activation="softmax")]

    own = save_own_lstm(tmp_path / "mine", words=words, file="mine.h5", layers=layers)
    _require_run_on("lstm", own, tmp_path)


@pytest.mark.slow
def test_a_distilbert_of_ones_own_goes_through_the_pipeline(own_distilbert: Path, tmp_path: Path) -> None:
    _require_run_on("distilbert", own_distilbert, tmp_path)


def test_the_dry_run_tells_what_would_be_done_to_exactly_this_model(
    save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    def layers(kinds: Any) -> list[Any]:
        return [kinds.Bidirectional(kinds.LSTM(7)), kinds.Dense(3, activation="softmax")]

    own = save_own_lstm(tmp_path / "mine", layers=layers)
    finished = _run(tmp_path, "--model", str(own), "--techniques", "layers,prune+dynamic", "--dry-run")
    assert finished.returncode == 0, finished.stderr
    assert "lstm_backward" in finished.stdout and "7x28" in finished.stdout and str(own) in finished.stdout
    assert (
        "Not built, because layers: the LSTM has no stack of encoder layers to drop from: lstm-layers"
        in finished.stdout
    )
    assert "distilbert" not in finished.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("labels", "words"),
    [(["a", "b", "c"], "are not those of the data (1, 2, 3)"), (["1", "2"], "labels.json names 2")],
)
def test_a_model_that_does_not_fit_ends_the_run_before_any_step(
    labels: list[str], words: str, save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    own = save_own_lstm(tmp_path / "mine")
    (own / "labels.json").write_text(json.dumps(labels))
    finished = _run(tmp_path, "--model", str(own))
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: model mine: ") and words in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
