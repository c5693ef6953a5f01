"""The search for the LSTM's hyperparameters, on a space of tiny models."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from components.shared.bundle import read_manifest
from components.shared.records.candidates import bundle_directory, gather
from components.shared.records.features import read_split
from components.shared.records.history import History
from components.shared.records.searches import read_searches
from components.shared.training import examples
from components.shared.training.fitting import fit
from components.shared.tuning import Budget, search
from components.train_lstm import lstm_tuning
from components.train_lstm.training import LstmSettings, train

_SETTINGS = LstmSettings(
    embedding_training="frozen",
    units=2,
    directions=1,
    dropout=0.1,
    embedding_dropout=0.0,
    epochs=3,
    patience=3,
    batch_size=16,
    learning_rate=0.01,
    seed=5,
)


@pytest.fixture
def tiny_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three trials of at most four units."""
    space = {
        "units": CategoricalDistribution((2, 4)),
        "learning_rate": FloatDistribution(1e-3, 1e-1, log=True),
    }
    monkeypatch.setattr(lstm_tuning, "_SPACE", space)
    monkeypatch.setattr(lstm_tuning, "search", partial(search, most_trials=3))


def test_the_best_trial_decides_the_training_and_select_and_test_are_not_read(
    tiny: Any, tiny_search: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def record(directory: Path, split: str) -> Any:
        read.append(split)
        return read_split(directory, split)

    monkeypatch.setattr(examples, "read_split", record)
    monkeypatch.setattr("components.shared.records.features.read_split", record)
    metrics = train(tiny.features, tiny.plan, _SETTINGS, tmp_path / "lstm", Budget(60.0, tmp_path / "tuning"))
    (found,) = read_searches(tmp_path / "lstm")
    assert set(read) == {"train", "tune"}
    assert len(found.trials) == 3
    assert found.trials[0].values == {"units": 2, "learning_rate": 0.01, "word_vectors": "random-frozen"}
    manifest = read_manifest(bundle_directory(tmp_path / "lstm", "lstm"))
    assert manifest.hyperparameters == found.best
    best = found.trials[found.best_trial or 0]
    assert metrics["tune_macro_f1"] == pytest.approx(best.score)  # the same training once more

    gather([tmp_path / "lstm"], tmp_path / "gathered")
    assert read_searches(tmp_path / "gathered") == [found]


def test_trials_on_large_tables_learn_from_a_sample_and_the_final_model_from_all(
    tiny: Any, tiny_search: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []

    def record(*arguments: Any, **named: Any) -> History:
        rows.append(len(arguments[2].labels))
        return fit(*arguments, **named)

    monkeypatch.setattr(lstm_tuning, "SEARCH_ROWS", 24)
    monkeypatch.setattr("components.train_lstm.training.fit", record)
    train(tiny.features, tiny.plan, _SETTINGS, tmp_path / "lstm", Budget(60.0, tmp_path / "tuning"))
    (found,) = read_searches(tmp_path / "lstm")
    assert rows == [24, 24, 24, 60]
    assert "24 of the 60 reviews" in found.how


def test_without_a_budget_nothing_is_searched(tiny: Any) -> None:
    assert read_searches(tiny.trained) == []
    assert read_manifest(bundle_directory(tiny.trained, "lstm")).hyperparameters == {}


def test_every_hyperparameter_is_a_setting() -> None:
    assert set(lstm_tuning._SPACE) <= set(LstmSettings.__dataclass_fields__)
