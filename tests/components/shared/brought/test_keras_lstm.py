"""What a Keras file says of itself, whichever Keras wrote it, and one clear line for what does not fit."""

import json
import shutil
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import pytest

from components.shared.brought.fetching import fetched
from components.shared.brought.keras_lstm import KerasLstm, Level, read_keras_lstm
from components.shared.errors import UserError


def _read(path: Path) -> KerasLstm:
    with fetched(str(path)) as model:
        return read_keras_lstm(model)


def _functional(layers: Any) -> list[Any]:
    return [
        layers.Dropout(0.25),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.LSTM(4, dropout=0.1),
        layers.Dropout(0.5),
        layers.Dense(3, activation="softmax"),
    ]


@pytest.fixture(scope="module")
def own(save_own_lstm: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_own_lstm(tmp_path_factory.mktemp("own"), layers=_functional)


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
def test_sizes_are_read_from_every_kind_of_file(
    library: str, file: str, save_own_lstm: Callable[..., Path], tmp_path: Path
) -> None:
    read = _read(save_own_lstm(tmp_path, library, file, _functional))
    assert (read.rows, read.dimensions, read.length, read.trainable) == (49, 6, 9, True)
    assert read.levels == (Level(3, 2), Level(4, 1))
    assert (read.embedding_dropout, read.dropout) == (0.25, 0.5)
    assert read.keras_version.startswith("3.") == (library == "keras")
    assert read.labels == ("1", "2", "3") and not read.sigmoid


def test_a_functional_model_is_read_as_a_sequential_one(own: Path, tmp_path: Path) -> None:
    keras = import_module("keras")
    sequential = keras.saving.load_model(own / "model.keras", compile=False)
    inputs = keras.Input((9,), dtype="int32")
    outputs = inputs
    for layer in sequential.layers:
        outputs = layer(outputs)
    shutil.copytree(own, tmp_path / "own")
    keras.Model(inputs, outputs).save(tmp_path / "own" / "model.keras")
    assert _read(tmp_path / "own").levels == _read(own).levels


def _changed(own: Path, directory: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Returns a copy whose configuration was changed; its weights are not looked at."""
    shutil.copytree(own, directory)
    with zipfile.ZipFile(own / "model.keras") as archive:
        metadata, config = archive.read("metadata.json"), json.loads(archive.read("config.json"))
    change(config)
    with zipfile.ZipFile(directory / "model.keras", "w") as archive:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", json.dumps(config))
    return directory


def _set(position: int, **values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda model: model["config"]["layers"][position]["config"].update(values)


def _kind(position: int, kind: str) -> Callable[[dict[str, Any]], object]:
    return lambda model: model["config"]["layers"][position].update(class_name=kind)


def _insert(kind: str) -> Callable[[dict[str, Any]], object]:
    return lambda model: model["config"]["layers"].insert(2, {"class_name": kind, "config": {"name": "mine\n"}})


# Positions: 0 input, 1 embedding, 2 dropout, 3 bidirectional, 4 lstm, 5 dropout, 6 dense.
_MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "code": (_insert("Lambda"), "its layer 'mine ' is a Lambda; what can be optimised is Embedding"),
    "convolution": (_insert("Conv1D"), "is a Conv1D"),
    "text input": (_insert("TextVectorization"), "is a TextVectorization"),
    "no embedding": (lambda model: model["config"]["layers"].pop(1), "its layers are Bidirectional, LSTM, Dense"),
    "three levels": (_kind(2, "LSTM"), "its layers are Embedding, LSTM, Bidirectional, LSTM, Dense"),
    "two Dense": (_kind(5, "Dense"), "its layers are Embedding, Bidirectional, LSTM, Dense, Dense"),
    "mask": (_set(1, mask_zero=True), "masks the padding (mask_zero=True)"),
    "activation": (_set(4, activation="relu"), "has activation=relu; TensorFlow Lite's LSTM knows tanh only"),
    "old gates": (_set(4, recurrent_activation="hard_sigmoid"), "has recurrent_activation=hard_sigmoid"),
    "no bias": (_set(4, use_bias=False), "has use_bias=False"),
    "backwards": (_set(4, go_backwards=True), "has go_backwards=True"),
    "sequences": (_set(4, return_sequences=True), "its last LSTM has return_sequences=True"),
    "sum": (_set(3, merge_mode="sum"), "merges with sum; only concat"),
    "GRU": (lambda model: model["config"]["layers"][3]["config"]["layer"].update(class_name="GRU"), "holds a GRU"),
    "logits": (_set(6, activation="linear"), "its Dense layer has 3 outputs with linear"),
    "one softmax": (_set(6, units=1), "its Dense layer has 1 outputs with softmax"),
    "other labels": (_set(6, units=4), "labels.json names 3 labels, the model has 4"),
    "no length": (_set(0, batch_shape=[None, None]), 'write {"length": 100} into preprocessing.json'),
    "no layers": (lambda model: model.pop("config"), "it does not say its layers"),
    "fewer rows": (_set(1, input_dim=10), "has number 10, the model's Embedding has 10 rows"),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_a_model_that_does_not_fit_is_one_line(mistake: str, own: Path, tmp_path: Path) -> None:
    change, words = _MISTAKES[mistake]
    with pytest.raises(UserError) as raised:
        _read(_changed(own, tmp_path / "mine", change))
    assert words in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x89HDF\r\n\x1a\n cut"])
def test_a_damaged_file_is_one_line(file: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match="is not a whole Keras model"):
        _read(tmp_path)


def test_weights_without_a_model_are_one_line(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "model.h5", "w") as stream:
        stream["weights"] = [1.0]
    with pytest.raises(UserError, match="is not a whole Keras model"):
        _read(tmp_path)


def test_labels_are_asked_for(own: Path, tmp_path: Path) -> None:
    shutil.copytree(own, tmp_path / "own")
    (tmp_path / "own" / "labels.json").unlink()
    with pytest.raises(UserError, match=r"no labels\.json beside it; write the label of each output as a list"):
        _read(tmp_path / "own")
