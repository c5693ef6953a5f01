"""The search for DistilBERT's hyperparameters, on the tiny pretrained model."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.finetune_distilbert import distilbert_tuning
from components.finetune_distilbert.distilbert_tuning import trial_rows
from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.shared.bundle import read_manifest
from components.shared.records.candidates import bundle_directory
from components.shared.records.searches import read_searches
from components.shared.tuning import Budget, search


def test_the_best_trial_decides_the_training(
    trained: Any, pretrained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distilbert_tuning, "search", partial(search, most_trials=2))
    settings = DistilBertSettings(
        base_model=str(pretrained["distilbert"]),
        max_length=24,
        train_rows=0,
        epochs=2,
        patience=2,
        batch_size=16,
        learning_rate=3e-3,
        seed=1,
    )
    candidates = tmp_path / "candidates"
    finetune(trained.features, trained.plan, settings, candidates, Budget(60.0, tmp_path / "tuning"))
    (found,) = read_searches(candidates)
    assert found.trials[0].values["learning_rate"] == 3e-3
    assert len(found.trials) == 2
    assert found.best_trial is not None
    assert "the whole train split for at most 2 epochs" in found.how
    assert read_manifest(bundle_directory(candidates, "distilbert")).hyperparameters == found.best


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(1, 500), (15, 500), (20, 1000), (60, 2000), (63, 2000), (70, 4000), (100000, 13500)],
)
def test_a_trial_takes_so_many_reviews_as_leave_time_for_others(minutes: float, expected: int) -> None:
    assert trial_rows(minutes, epochs=3, train_rows=13500, tune_rows=0, reviews_per_second=25) == expected


def test_a_trial_takes_fewer_reviews_if_each_epoch_has_many_to_predict() -> None:
    rows = [trial_rows(60, 3, 13500, tune_rows, 25) for tune_rows in (0, 6000, 9000, 10**6)]
    assert rows == [2000, 1000, 1000, 500]


def test_a_trial_takes_no_more_reviews_than_there_are() -> None:
    assert trial_rows(1, epochs=3, train_rows=120, tune_rows=15, reviews_per_second=25) == 120


def test_every_hyperparameter_is_a_setting() -> None:
    assert set(distilbert_tuning._SPACE) <= set(DistilBertSettings.__dataclass_fields__)
