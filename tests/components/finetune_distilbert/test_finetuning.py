"""Fine-tuning of a tiny DistilBERT, from features to a bundle that scores."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, checkpoint_directory, list_bundles, read_failures
from components.shared.records.features import DESCRIPTION, read_features, read_split, read_training_reviews
from components.shared.records.plan import Cell, Plan, read_plan
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict


@dataclass(frozen=True)
class Finetuned:
    """A finished fine-tuning."""

    features: Path
    plan: Path
    settings: DistilBertSettings
    candidates: Path
    metrics: dict[str, float]


def _write_plan(trained_plan: Path, path: Path) -> Path:
    other = read_plan(trained_plan)
    cells = (Cell(model="distilbert"), Cell(model="distilbert", chain=("dynamic",)))
    plan = Plan(need=other.need, models=("distilbert",), cells=cells, code_fingerprint=other.code_fingerprint)
    path.write_text(plan.model_dump_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finetuned(trained: Any, pretrained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Finetuned:
    root = tmp_path_factory.mktemp("finetuned")
    settings = DistilBertSettings(
        base_model=str(pretrained["distilbert"]),
        max_length=24,
        train_rows=0,
        epochs=4,
        patience=2,
        batch_size=16,
        learning_rate=3e-3,
        seed=1,
    )
    plan = _write_plan(trained.plan, root / "plan.json")
    metrics = finetune(trained.features, plan, settings, root / "candidates")
    return Finetuned(trained.features, plan, settings, root / "candidates", metrics)


def test_the_model_learns_more_than_the_majority_class(finetuned: Finetuned) -> None:
    tune = read_split(finetuned.features, "tune")
    majority = tune["label"].value_counts(normalize=True).max()
    assert finetuned.metrics["tune_accuracy"] > majority
    assert finetuned.metrics["tune_macro_f1"] > 0.3


def test_the_bundle_scores_raw_reviews_as_the_checkpoint_does(finetuned: Finetuned) -> None:
    reviews = read_split(finetuned.features, "select").head(30)
    checkpoint = load_checkpoint(checkpoint_directory(finetuned.candidates, "distilbert"))
    expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
    predicted = load_bundle(bundle_directory(finetuned.candidates, "distilbert")).predict(reviews["natural"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_the_bundle_says_where_it_comes_from(finetuned: Finetuned) -> None:
    manifest = read_manifest(bundle_directory(finetuned.candidates, "distilbert"))
    assert (manifest.model, manifest.chain, manifest.base_model) == ("distilbert", (), finetuned.settings.base_model)
    assert manifest.data_fingerprint == read_features(finetuned.features).data_fingerprint
    assert manifest.training.seconds == finetuned.metrics["training_seconds"] > 0
    assert manifest.training.cost_eur == finetuned.metrics["cost_eur"] > 0
    assert read_failures(finetuned.candidates) == {}


def test_the_input_length_is_the_95_percent_quantile_on_train(finetuned: Finetuned) -> None:
    checkpoint = load_checkpoint(checkpoint_directory(finetuned.candidates, "distilbert"))
    lengths = [len(encoded) for encoded in checkpoint.architecture.encode(read_split(finetuned.features, "train"))]
    assert finetuned.metrics["max_length"] == max(lengths) < 24
    assert np.mean(np.array(lengths) < max(lengths)) <= 0.95


def test_the_same_seed_gives_the_same_model(finetuned: Finetuned, tmp_path: Path) -> None:
    once, twice = (
        finetune(
            finetuned.features, finetuned.plan, replace(finetuned.settings, train_rows=64, epochs=1), tmp_path / name
        )
        for name in ("once", "twice")
    )
    assert once["tune_macro_f1"] == twice["tune_macro_f1"]
    first, second = (
        load_checkpoint(checkpoint_directory(tmp_path / name, "distilbert")).weights for name in ("once", "twice")
    )
    for name, weights in first.items():
        np.testing.assert_array_equal(weights, second[name])


def test_a_base_model_that_cannot_be_found_is_refused_and_leaves_no_candidate(
    finetuned: Finetuned, tmp_path: Path
) -> None:
    settings = replace(finetuned.settings, base_model="./no/such/model")
    with pytest.raises(UserError, match="no such directory"):
        finetune(finetuned.features, finetuned.plan, settings, tmp_path / "candidates")
    assert list_bundles(tmp_path / "candidates") == {}


def test_a_length_without_room_for_text_is_refused(finetuned: Finetuned, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 3"):
        finetune(
            finetuned.features, finetuned.plan, replace(finetuned.settings, max_length=2), tmp_path / "candidates"
        )


class _Stopped(Exception):
    """Raised in place of training."""


def test_what_the_features_say_of_training_is_asked_for(
    trained: Any, pretrained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def stop(*_: Any, **named: Any) -> None:
        asked.update(named)
        raise _Stopped

    features = Path(shutil.copytree(trained.features, tmp_path / "features"))
    described = read_features(features).model_copy(update={"imbalance": "undersample", "word_dropout": 0.2})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    settings = DistilBertSettings(str(pretrained["distilbert"]), 24, 0, 1, 0, 16, 3e-3, seed=6)
    monkeypatch.setattr("components.finetune_distilbert.finetuning.fit", stop)
    with pytest.raises(_Stopped):
        finetune(features, _write_plan(trained.plan, tmp_path / "plan.json"), settings, tmp_path / "candidates")
    truth = described.task.indices(read_training_reviews(features, 6)["label"].tolist())
    np.testing.assert_array_equal(asked["train"].labels, truth)
    assert len(set(np.bincount(truth).tolist())) == 1
    assert len(asked["tune"].labels) == len(read_split(trained.features, "tune"))
    assert asked["class_weights"] == [1.0] * 5 and asked["settings"].word_dropout == 0.2
