"""A Keras LSTM classifier of one's own, read from its file's description; its weights are left to TensorFlow.

The layers, in order: Embedding, one LSTM or Bidirectional LSTM or two of them one above the other, Dense with
softmax (or with one sigmoid output for two labels); Dropout and SpatialDropout1D anywhere in between. Nothing of the
file is run: only these layers are known, and Lambda or custom ones are refused before Keras sees the file.
"""

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.brought.fetching import Fetched
from components.shared.brought.labels import LABELS, read_labels
from components.shared.brought.vocabulary import Vocabulary, read_vocabulary
from components.shared.errors import UserError

_DROPOUTS = ("Dropout", "SpatialDropout1D")
_RECURRENT = ("LSTM", "Bidirectional")
_KNOWN = ("InputLayer", "Embedding", *_DROPOUTS, *_RECURRENT, "Dense")
_ORDER = "Embedding, one or two LSTM or Bidirectional(LSTM), Dense, with Dropout in between"
#: What TensorFlow Lite's fused LSTM computes.
_LSTM_MUST = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}


@dataclass(frozen=True)
class Level:
    """One LSTM, or one in each direction: its units and directions."""

    units: int
    directions: int


@dataclass(frozen=True)
class KerasLstm:
    """A Keras LSTM classifier, as its file describes it.

    Attributes:
        file: The .keras or .h5 file.
        keras_version: That wrote it.
        rows, dimensions: Of the Embedding.
        trainable: Whether the word vectors learn.
        embedding_dropout, dropout: Shares left out behind the Embedding and before the Dense layer.
        levels: The LSTMs, the lowest first; one or two.
        sigmoid: Whether the one output is the probability of the second label.
        length: Words of an input.
        vocabulary: How a review becomes numbers.
        labels: One an output; of a sigmoid, the first is that of 0.
    """

    file: Path
    keras_version: str
    rows: int
    dimensions: int
    trainable: bool
    embedding_dropout: float
    dropout: float
    levels: tuple[Level, ...]
    sigmoid: bool
    length: int
    vocabulary: Vocabulary
    labels: tuple[str, ...]


def read_keras_lstm(model: Fetched) -> KerasLstm:
    """Returns what a Keras file and the files beside it say.

    Raises:
        UserError: The file cannot be read, holds another kind of model, or what lies beside it does not fit.
    """
    name = f"model {model.name}"
    config, version = _read_description(model.file, name)
    layers = _chain(config, name)
    embedding = layers["Embedding"][0]
    if embedding.get("mask_zero"):
        raise UserError(
            f"{name}: its Embedding masks the padding (mask_zero=True), which TensorFlow Lite's LSTM cannot do; "
            "give one trained with mask_zero=False"
        )
    dense = layers["Dense"][0]
    sigmoid = dense["units"] == 1 and dense["activation"] == "sigmoid"
    if not sigmoid and (dense["activation"] != "softmax" or dense["units"] < 2):
        raise UserError(
            f"{name}: its Dense layer has {dense['units']} outputs with {dense['activation']}; give a classifier "
            "with softmax, or with one sigmoid output for two labels"
        )
    if not dense.get("use_bias", True):
        raise UserError(f"{name}: its Dense layer has no bias; give one with use_bias=True")
    vocabulary = read_vocabulary(model.directory, embedding["input_dim"])
    return KerasLstm(
        file=model.file,
        keras_version=version,
        rows=embedding["input_dim"],
        dimensions=embedding["output_dim"],
        trainable=bool(embedding.get("trainable", True)),
        embedding_dropout=_dropout_behind(layers["order"], "Embedding"),
        dropout=_dropout_behind(layers["order"], _RECURRENT[0]),
        levels=_levels(layers["recurrent"], name),
        sigmoid=sigmoid,
        length=vocabulary.length or _input_length(layers, name),
        vocabulary=vocabulary,
        labels=_labels(model, 2 if sigmoid else dense["units"], name),
    )


def _read_description(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """Returns the model's configuration, and the version of Keras that wrote it."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                config = json.loads(archive.read("config.json"))
                return config, str(json.loads(archive.read("metadata.json"))["keras_version"])
        return _read_hdf5(file)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{name}: {file.name} is not a whole Keras model ({type(error).__name__}); save it with "
            "model.save('model.keras')"
        ) from error


def _read_hdf5(file: Path) -> tuple[dict[str, Any], str]:
    # Here, because only .h5 files need it.
    import h5py

    with h5py.File(file, "r") as stream:
        return json.loads(_text(stream.attrs["model_config"])), _text(stream.attrs["keras_version"])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _chain(model: dict[str, Any], name: str) -> dict[str, Any]:
    """Returns the configurations of the layers by class, "order" and "recurrent", once they fit the pattern."""
    try:
        described = model["config"]["layers"]
        layers = [(str(layer["class_name"]), layer["config"]) for layer in described]
        branches = any(len(layer.get("inbound_nodes") or ()) > 1 for layer in described)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{name}: it does not say its layers; give a Sequential or functional Keras model") from error
    for kind, config in layers:
        if kind not in _KNOWN:
            raise UserError(
                f"{name}: its layer '{str(config.get('name', ''))[:40]}' is a {kind[:40]}; "
                f"what can be optimised is {_ORDER}"
            )
    weighted = [kind for kind, _ in layers if kind not in ("InputLayer", *_DROPOUTS)]
    pattern = ["Embedding", *(kind for kind in weighted if kind in _RECURRENT), "Dense"]
    if branches or weighted != pattern or not 3 <= len(weighted) <= 4:
        raise UserError(f"{name}: its layers are {', '.join(weighted)}; what can be optimised is {_ORDER}")
    by_kind: dict[str, Any] = {kind: [config for other, config in layers if other == kind] for kind in _KNOWN}
    recurrent = [(kind, config) for kind, config in layers if kind in _RECURRENT]
    return by_kind | {"order": layers, "recurrent": recurrent}


def _levels(recurrent: Sequence[tuple[str, dict[str, Any]]], name: str) -> tuple[Level, ...]:
    kind, last = recurrent[-1]
    if (last["layer"]["config"] if kind == "Bidirectional" else last).get("return_sequences"):
        raise UserError(f"{name}: its last LSTM has return_sequences=True; give one that says one thing a review")
    return tuple(_level(kind, one, name) for kind, one in recurrent)


def _level(kind: str, config: dict[str, Any], name: str) -> Level:
    """Returns an LSTM of the file, once it computes what TensorFlow Lite's does."""
    if kind == "LSTM":
        return Level(_units(config, name), 1)
    if config.get("merge_mode", "concat") != "concat":
        raise UserError(
            f"{name}: its Bidirectional layer merges with {config['merge_mode']}; only concat is understood"
        )
    forward, backward = config["layer"], config.get("backward_layer")
    if forward["class_name"] != "LSTM":
        raise UserError(
            f"{name}: its Bidirectional layer holds a {forward['class_name']}; give one that holds an LSTM"
        )
    units = _units(forward["config"], name)
    if backward and backward["config"]["units"] != units:
        raise UserError(f"{name}: its Bidirectional layer has directions of unequal size; give one with equal ones")
    return Level(units, 2)


def _units(config: dict[str, Any], name: str) -> int:
    for option, wanted in _LSTM_MUST.items():
        if config.get(option, wanted) != wanted:
            raise UserError(
                f"{name}: its LSTM '{str(config.get('name', ''))[:40]}' has {option}={str(config[option])[:40]}; "
                f"TensorFlow Lite's LSTM knows {wanted} only"
            )
    return int(config["units"])


def _dropout_behind(layers: Sequence[tuple[str, dict[str, Any]]], kind: str) -> float:
    """Returns the share that is left out behind the Embedding, or behind the last LSTM."""
    kinds = _RECURRENT if kind in _RECURRENT else (kind,)
    last = max(position for position, (other, _) in enumerate(layers) if other in kinds)
    return float(next(_rates(layers[last + 1 :]), 0.0))


def _rates(layers: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[float]:
    for kind, config in layers:
        if kind not in _DROPOUTS:
            return
        yield config["rate"]


def _input_length(layers: dict[str, Any], name: str) -> int:
    """Returns the number of words that the model was built for."""
    for config in (*layers["InputLayer"], *layers["Embedding"]):
        shape = config.get("batch_shape") or config.get("batch_input_shape") or (None, None)
        if length := config.get("input_length") or shape[1]:
            return int(length)
    raise UserError(
        f'{name}: it does not say how many words an input has; write {{"length": 100}} into preprocessing.json'
    )


def _labels(model: Fetched, outputs: int, name: str) -> tuple[str, ...]:
    labels = read_labels(model.directory)
    if labels is None:
        raise UserError(
            f"{name}: no {LABELS} beside it; write the label of each output as a list, such as [1, 2, 3, 4, 5]"
        )
    if len(labels) != outputs or len(set(labels)) < outputs:
        raise UserError(f"{name}: {LABELS} names {len(set(labels))} labels, the model has {outputs}; name each once")
    return labels
