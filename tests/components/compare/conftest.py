"""Measurements of the small finished training, made once."""

from pathlib import Path

import pytest

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
