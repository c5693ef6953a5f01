"""Training a tiny LSTM: what it learns, what it ships, and that the bundle computes what was trained."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from components.shared.bundle import load_bundle, read_manifest
from components.shared.bundle import read_profile as read_profile_of_bundle
from components.shared.records.candidates import bundle_directory, checkpoint_directory, list_bundles
from components.shared.records.features import (
    DESCRIPTION,
    read_embeddings,
    read_features,
    read_profile,
    read_split,
    read_training_reviews,
    write_embeddings,
)
from components.shared.records.plan import read_plan
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict
from components.train_lstm.training import LstmSettings, train

_SETTINGS = LstmSettings(
    embedding_training="frozen",
    units=4,
    directions=1,
    dropout=0.1,
    embedding_dropout=0.0,
    epochs=2,
    patience=0,
    batch_size=16,
    learning_rate=0.01,
    seed=1,
)


def test_the_lstm_learns_words_that_tell_the_label(tiny: Any) -> None:
    assert tiny.metrics["tune_macro_f1"] > 0.8
    labels = load_bundle(bundle_directory(tiny.trained, "lstm")).predict(tiny.texts[:2]).argmax(axis=1)
    assert labels.tolist() == [2, 0]


def test_training_reports_cost_and_quality(tiny: Any) -> None:
    assert set(tiny.metrics) >= {
        "training_seconds",
        "peak_memory_mb",
        "cost_eur",
        "tune_macro_f1",
        "tune_accuracy",
        "epochs",
        "reviews_per_second",
    }
    price = read_plan(tiny.plan).need.prices.cpu_hour_eur
    usage = read_manifest(bundle_directory(tiny.trained, "lstm")).training
    assert usage.device == "cpu"
    assert usage.cost_eur == pytest.approx(tiny.metrics["training_seconds"] / 3600 * price)


def test_the_bundle_computes_what_the_keras_model_computes(tiny: Any) -> None:
    reviews = read_split(tiny.features, "tune")
    checkpoint = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
    predicted = load_bundle(bundle_directory(tiny.trained, "lstm")).predict(reviews["text"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_the_word_vectors_that_ship_are_those_of_the_features(tiny: Any) -> None:
    vectors = read_embeddings(tiny.features, "random")
    checkpoint = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    np.testing.assert_array_equal(checkpoint.weights["embedding/0"], vectors)
    bundle = bundle_directory(tiny.trained, "lstm")
    interpreter = Interpreter(model_path=str(bundle / "model.tflite"))
    tables = [
        interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_tensor_details()
        if tuple(detail["shape"]) == vectors.shape
    ]
    assert len(tables) == 1
    np.testing.assert_array_equal(tables[0], vectors)
    words = json.loads((bundle / "vocabulary.json").read_text(encoding="utf-8"))
    assert len(words) == len(vectors) - 1


def test_the_same_seed_gives_the_same_model(tiny: Any, tmp_path: Path) -> None:
    for name in ("first", "second"):
        train(tiny.features, tiny.plan, _SETTINGS, tmp_path / name)
    train(tiny.features, tiny.plan, replace(_SETTINGS, seed=2), tmp_path / "other")
    first, second, other = (
        load_checkpoint(checkpoint_directory(tmp_path / name, "lstm")).weights
        for name in ("first", "second", "other")
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["lstm/0"], other["lstm/0"])


def test_the_input_length_and_the_text_preprocessing_are_those_of_the_features(tiny: Any) -> None:
    features = read_features(tiny.features)
    preprocessing = read_manifest(bundle_directory(tiny.trained, "lstm")).preprocessing
    assert preprocessing["length"] == features.sequence_length
    assert preprocessing["text"] == features.text.model_dump(mode="json")


def test_the_bundle_keeps_what_train_looked_like(tiny: Any, tiny_pruned: Path) -> None:
    expected = read_profile(tiny.features)
    assert expected.rows == len(read_split(tiny.features, "train"))
    for bundle in (bundle_directory(tiny.trained, "lstm"), bundle_directory(tiny_pruned, "lstm-prune")):
        assert read_profile_of_bundle(bundle) == expected


class _Stopped(Exception):
    """Raised in place of training, with what it was asked to do."""


def test_what_the_features_say_of_training_is_asked_for(
    tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*asked: Any, **_: Any) -> None:
        raise _Stopped(*asked)

    features = Path(shutil.copytree(tiny.features, tmp_path / "features"))
    described = read_features(features).model_copy(update={"imbalance": "oversample", "word_dropout": 0.4})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    monkeypatch.setattr("components.train_lstm.training.fit", stop)
    with pytest.raises(_Stopped) as stopped:
        train(features, tiny.plan, replace(_SETTINGS, seed=8), tmp_path / "candidates")
    architecture, _, learnt, tune, weights, settings = stopped.value.args
    reviews = read_training_reviews(features, 8)
    assert len(set(np.bincount(learnt.labels).tolist())) == 1 and len(learnt.labels) == len(reviews)
    assert all(map(np.array_equal, learnt.encoded, architecture.encode(reviews)))
    assert len(tune.labels) == len(read_split(tiny.features, "tune"))
    assert weights == [1.0, 1.0, 1.0] and settings.word_dropout == 0.4


@pytest.fixture(scope="module")
def variants(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """Candidates and figures of word vectors that tell words apart, and of empty ones."""
    root = tmp_path_factory.mktemp("variants")
    features = Path(shutil.copytree(tiny.features, root / "features"))
    vectors = read_embeddings(features, "random")
    write_embeddings(features, "empty", np.zeros((len(vectors), 4), dtype=np.float32))
    described = read_features(features).model_copy(update={"embeddings": ("empty", "random")})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    settings = replace(_SETTINGS, epochs=5, patience=5, batch_size=8, learning_rate=0.05)
    metrics = train(features, tiny.plan, settings, root / "candidates")
    return root / "candidates", metrics


def test_every_variant_is_a_candidate_and_the_best_on_tune_is_the_lstm(
    variants: tuple[Path, dict[str, float]],
) -> None:
    candidates, metrics = variants
    assert set(list_bundles(candidates)) == {"lstm", "lstm-empty-frozen"}
    assert read_manifest(bundle_directory(candidates, "lstm")).base_model == "random"
    reached, other = metrics["tune_macro_f1_random-frozen"], metrics["tune_macro_f1_empty-frozen"]
    assert metrics["tune_macro_f1"] == reached > other


def test_techniques_find_the_checkpoint_of_the_best_alone(variants: tuple[Path, dict[str, float]]) -> None:
    candidates, _ = variants
    assert [path.parent.name for path in candidates.glob("*/checkpoint")] == ["lstm"]


def test_a_variant_is_scored_as_itself(tiny: Any, variants: tuple[Path, dict[str, float]]) -> None:
    candidates, _ = variants
    bundle = bundle_directory(candidates, "lstm-empty-frozen")
    manifest = read_manifest(bundle)
    assert (manifest.candidate, manifest.model, manifest.base_model) == ("lstm-empty-frozen", "lstm", "empty")
    predicted = load_bundle(bundle).predict(tiny.texts)
    assert np.ptp(predicted, axis=0).max() < 1e-6  # frozen vectors of nothing but zeros tell no words apart
