"""A Keras LSTM of the user's own says the same after it was taken over, whichever Keras wrote it."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, checkpoint_directory
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict
from components.train_lstm.importing import import_lstm

_TEXTS = ["Love the perfect dress", "awful, itchy AND cheap", "okay size", "", "unknown words only", "soft " * 20]


def _stacked(layers: Any) -> list[Any]:
    return [
        layers.Dropout(0.1),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.SpatialDropout1D(0.1),
        layers.LSTM(4),
        layers.Dense(3, activation="softmax"),
    ]


def _both_directions(layers: Any) -> list[Any]:
    return [
        layers.LSTM(3, return_sequences=True),
        layers.Bidirectional(layers.LSTM(4)),
        layers.Dense(3, activation="softmax"),
    ]


def _said_by_keras(directory: Path, library: str, file: str, texts: list[str]) -> Any:
    """Returns what the user's own model says, fed as a Keras user would."""
    utilities = import_module("tf_keras").preprocessing
    model = import_module(library).models.load_model(directory / file, compile=False)
    words = json.loads((directory / "vocabulary.json").read_text())
    tokenizer = utilities.text.Tokenizer()
    tokenizer.word_index = {word: number for number, word in enumerate(words, start=1)}
    numbers = utilities.sequence.pad_sequences(tokenizer.texts_to_sequences(texts), 9)
    return np.asarray(model(numbers, training=False))


@pytest.mark.parametrize(
    ("library", "file", "layers"),
    [
        ("keras", "model.keras", None),
        ("keras", "model.h5", _stacked),
        ("tf_keras", "model.keras", _both_directions),
        ("tf_keras", "model.h5", _stacked),
    ],
)
def test_the_bundle_says_what_the_users_model_says(
    library: str, file: str, layers: Any, tiny: Any, save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    labels = ["2", "3", "1"]
    own = save_own_lstm(tmp_path / "own", library, file, layers, labels=labels)
    figures = import_lstm(tiny.features, tiny.plan, str(own), 0.01, 8, tmp_path / "candidates")
    expected = _said_by_keras(own, library, file, _TEXTS)[:, [2, 0, 1]]
    assert np.ptp(expected, axis=0).max() > 0.01
    bundle = bundle_directory(tmp_path / "candidates", "lstm")
    np.testing.assert_allclose(load_bundle(bundle).predict(_TEXTS), expected, atol=1e-5)
    manifest = read_manifest(bundle)
    assert (manifest.training.seconds, manifest.training.cost_eur, manifest.base_model) == (0, 0, "own")
    assert figures["training_seconds"] == 0 and 0 <= figures["tune_macro_f1"] <= 1


def test_techniques_start_from_the_model_that_was_taken_over(
    tiny: Any, save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    own = save_own_lstm(tmp_path / "own", layers=_stacked)
    import_lstm(tiny.features, tiny.plan, str(own), 0.01, 8, tmp_path / "candidates")
    checkpoint = load_checkpoint(checkpoint_directory(tmp_path / "candidates", "lstm"))
    architecture, model = checkpoint.architecture, checkpoint.build()
    assert (architecture.learning_rate, architecture.batch_size) == (0.01, 8)
    encoded = [np.array([1, 2, 3], np.int32), np.array([4], np.int32)]
    expected = predict(architecture, model, encoded)
    aware = architecture.quantization_aware(model)
    aware.compile("sgd", "sparse_categorical_crossentropy")
    (inputs,) = architecture.inputs(encoded)
    aware.fit(inputs, np.array([0, 1]), verbose=0)
    architecture.copy_from_quantization_aware(aware, model)
    trained = predict(architecture, model, encoded)
    assert np.isfinite(trained).all() and 0 < np.abs(trained - expected).max() < 0.2


def test_one_sigmoid_output_becomes_two_labels(
    tiny: Any, save_own_lstm: Callable[..., Path], tmp_path: Path, two_labels: Path
) -> None:
    def layers(kinds: Any) -> list[Any]:
        return [kinds.LSTM(4), kinds.Dense(1, activation="sigmoid")]

    own = save_own_lstm(tmp_path / "own", layers=layers, labels=["good", "bad"])
    import_lstm(two_labels, tiny.plan, str(own), 0.01, 8, tmp_path / "candidates")
    expected = _said_by_keras(own, "keras", "model.keras", _TEXTS)[:, 0]
    predicted = load_bundle(bundle_directory(tmp_path / "candidates", "lstm")).predict(_TEXTS)
    np.testing.assert_allclose(predicted, np.stack([expected, 1 - expected], axis=1), atol=1e-5)


@pytest.fixture
def two_labels(tiny_features: Path, tmp_path: Path) -> Path:
    """Features whose labels are bad and good."""
    import shutil

    import pandas as pd

    from components.shared.records.features import DESCRIPTION, REVIEWS, read_features
    from components.shared.records.task import Task

    directory = Path(shutil.copytree(tiny_features, tmp_path / "two-labels"))
    reviews = pd.read_parquet(directory / REVIEWS)
    reviews.assign(label=reviews["label"].map({"1": "bad", "2": "bad", "3": "good"})).to_parquet(directory / REVIEWS)
    task = Task(labels=("bad", "good"), scores=(0, 1), text_column="text")
    changes = {"task": task, "class_weights": (1.0, 1.0), "class_shares": (0.5, 0.5)}
    (directory / DESCRIPTION).write_text(read_features(directory).model_copy(update=changes).model_dump_json())
    return directory


def test_other_labels_than_those_of_the_data_are_one_line(
    tiny: Any, save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    own = save_own_lstm(tmp_path / "own", labels=["a", "b", "c"])
    with pytest.raises(UserError, match=r"its labels \(a, b, c\) are not those of the data \(1, 2, 3\)"):
        import_lstm(tiny.features, tiny.plan, str(own), 0.01, 8, tmp_path / "candidates")
    assert not (tmp_path / "candidates").exists()
