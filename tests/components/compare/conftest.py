"""One comparison of the small finished training."""

import pytest

from components.compare.comparison import compare_candidates
from components.shared.records.robustness import Robustness, Skipped, write_robustness


@pytest.fixture
def run(trained, measurements, tmp_path):
    def compare(seed=0, **changed):
        page = tmp_path / "page.html"
        page.write_text("<p>about the data</p>")
        robustness = tmp_path / "robustness.json"
        write_robustness(robustness, Robustness(skipped=(Skipped(name="robustness", reason="Not asked for."),)))
        arguments = {
            "features": trained.features,
            "plan": trained.plan,
            "measurements": measurements,
            "robustness": robustness,
            "sources": trained.sources,
            "pages": {"Data": page, "Cleaning": tmp_path / "missing.html"},
            "step_usages": [],
            "explained_reviews": 6,
            "redact_reviews": False,
            "override": None,
            "seed": seed,
            "table": tmp_path / "candidates.csv",
            "slices": tmp_path / "slices.csv",
            "decision": tmp_path / "decision.json",
            "winner": tmp_path / "winner",
            "explanations": tmp_path / "explanations.json",
            "report": tmp_path / "report.html",
            "model_card": tmp_path / "model_card.md",
        }
        return compare_candidates(**(arguments | changed)), tmp_path

    return compare
