"""Measurements of the small finished training, made once."""

from pathlib import Path

import pytest

from components.compare.comparison import compare_candidates
from components.evaluate import evaluation, machine


@pytest.fixture(scope="session")
def measurements(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What evaluate measured, without a champion; read only."""
    root = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
        patch.setattr(evaluation, "_STARTS", 1)
        evaluation.evaluate_candidates(
            features=trained.features,
            plan=trained.plan,
            sources=trained.sources,
            champion=root / "champion",
            latency_reviews=10,
            destination=root / "measurements",
        )
    return root / "measurements"


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
            "step_usages": [],
            "explained_reviews": 6,
            "redact_reviews": False,
            "seed": seed,
            "table": tmp_path / "candidates.csv",
            "decision": tmp_path / "decision.json",
            "winner": tmp_path / "winner",
            "explanations": tmp_path / "explanations.json",
            "report": tmp_path / "report.html",
        }
        return compare_candidates(**(arguments | changed)), tmp_path

    return compare
