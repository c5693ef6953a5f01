"""A Keras LSTM of the user's own, rebuilt as this project's, weight by weight."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.brought.fetching import fetched
from components.shared.brought.keras_lstm import KerasLstm, read_keras_lstm
from components.shared.brought.labels import match_labels
from components.shared.errors import UserError
from components.shared.records.features import Features, read_features
from components.shared.records.plan import read_plan
from components.shared.texts.text import TextPreprocessing
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict
from components.shared.training.imports import write_imported_candidate
from components.shared.training.keras import keras

_COMPARED_REVIEWS = 64
_LARGEST_DIFFERENCE = 1e-4

Array = NDArray[np.float32]


def import_lstm(
    features: Path, plan: Path, reference: str, learning_rate: float, batch_size: int, candidates: Path
) -> dict[str, float]:
    """Writes a Keras LSTM of the user's own as the candidate "lstm".

    Args:
        features: Directory of features; the model's labels are matched to theirs.
        plan: The plan, from define.
        reference: Where the model is, see `fetched`.
        learning_rate, batch_size: What techniques take as those it was trained with.
        candidates: Directory of candidates to write.

    Returns:
        Its quality on tune, and a training time of 0, by name.

    Raises:
        UserError: The model cannot be read or rebuilt, or its labels are not those of the data.
    """
    described = read_features(features)
    with fetched(reference) as model:
        read = read_keras_lstm(model)
        order = match_labels(read.labels, described.task.labels, model.name)
        theirs = _load(read)
        architecture = _architecture(read, theirs, described, model.name, learning_rate, batch_size)
        ours = _rebuild(architecture, theirs, order, read.sigmoid)
        _check_equality(architecture, ours, theirs, order, read, features)
        return write_imported_candidate(candidates, architecture, ours, features, read_plan(plan), model.name)


def _load(read: KerasLstm) -> Any:
    """Returns the user's model in the Keras that wrote it; Keras 3 and tf.keras do not read each other's files."""
    import keras as keras_3

    library = keras_3 if read.keras_version.startswith("3.") else keras
    try:
        return library.models.load_model(read.file, compile=False)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise UserError(
            f"{read.file.name}: Keras cannot load it ({str(error)[:200]}); save it again with a recent Keras"
        ) from error


def _architecture(
    read: KerasLstm, theirs: Any, described: Features, name: str, learning_rate: float, batch_size: int
) -> Lstm:
    """Returns the architecture over the user's words; rows of the Embedding that no word uses are left out."""
    words = _words(read)
    (table,) = _layers(theirs, "Embedding")[0].get_weights()
    rows = [0, *(read.vocabulary.numbers[word] for word in words)]
    lower = read.levels[0] if len(read.levels) == 2 else None
    unknown = read.vocabulary.unknown
    sizes = LstmSizes(
        units=read.levels[-1].units,
        directions=read.levels[-1].directions,
        lower_units=lower.units if lower else 0,
        lower_directions=lower.directions if lower else 1,
        dropout=read.dropout,
        embedding_dropout=read.embedding_dropout,
        fine_tuned=read.trainable,
        classes=len(described.task.labels),
        length=read.length,
        padding=read.vocabulary.padding,
        truncating=read.vocabulary.truncating,
        unknown=None if unknown is None else rows.index(unknown),
        text=TextPreprocessing(language=described.text.language, splitting=read.vocabulary.splitting),
        base_model=name,
        learning_rate=learning_rate,
        batch_size=batch_size,
    )
    return Lstm(sizes, words, np.asarray(table, np.float32)[rows])


def _words(read: KerasLstm) -> list[str]:
    """Returns the words in the order of the user's numbers."""
    return sorted(read.vocabulary.numbers, key=read.vocabulary.numbers.__getitem__)


def _rebuild(architecture: Lstm, theirs: Any, order: list[int], sigmoid: bool) -> Any:
    """Returns this project's model with the user's weights, its outputs in the order of the data's labels."""
    model = architecture.build()
    recurrent = [array for layer in _layers(theirs, "LSTM", "Bidirectional") for array in layer.get_weights()]
    for position, layer in enumerate(architecture.recurrent_layers(model)):
        layer.set_weights(recurrent[3 * position : 3 * position + 3])
    kernel, bias = _layers(theirs, "Dense")[0].get_weights()
    if sigmoid:  # sigmoid(x) is the second of softmax((0, x))
        kernel, bias = np.concatenate([np.zeros_like(kernel), kernel], axis=1), np.append(np.zeros_like(bias), bias)
    model.get_layer("classifier").set_weights([kernel[:, order], bias[order]])
    return model


def _layers(model: Any, *kinds: str) -> list[Any]:
    """Returns the layers of some classes, from the lowest up; of Keras 2 and 3 alike."""
    return [layer for layer in model.layers if type(layer).__name__ in kinds]


def _check_equality(
    architecture: Lstm, ours: Any, theirs: Any, order: list[int], read: KerasLstm, features: Path
) -> None:
    """Compares both models on reviews of tune.

    Raises:
        UserError: They do not say the same.
    """
    encoded = read_examples(architecture, features, "tune", _COMPARED_REVIEWS).encoded
    numbers = np.array([0, *(read.vocabulary.numbers[word] for word in _words(read))], dtype=np.int32)
    given = np.asarray(theirs(numbers[architecture.inputs(encoded)[0]], training=False))
    if read.sigmoid:
        given = np.concatenate([1 - given, given], axis=1)
    difference = float(np.abs(given[:, order] - predict(architecture, ours, encoded)).max())
    print(f"rebuilt: largest difference to {read.file.name} on {len(encoded)} reviews {difference:.1e}", flush=True)
    if not difference <= _LARGEST_DIFFERENCE:
        raise UserError(
            f"{read.file.name}: rebuilt from its weights it says something else (probabilities differ by "
            f"{difference:.2g}); give a plain float32 model of the layers that are understood"
        )
