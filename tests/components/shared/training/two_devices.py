"""Trains on one and on two logical processors: `two_devices.py FEATURES LSTM_CHECKPOINT DISTILBERT`.

Prints as JSON, for each comparison, the largest difference of weights between the two, and of losses.
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from components.finetune_distilbert.base_model import copy_weights, load_base_model
from components.shared.architectures.distilbert import DistilBert
from components.shared.records.history import History
from components.shared.training import fitting
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.examples import Examples, read_examples
from components.shared.training.fitting import FitSettings, fit, start_reproducibly
from components.shared.training.keras import keras, tf
from components.shared.training.training_state import TrainingStates

_SETTINGS = FitSettings(epochs=2, batch_size=9, learning_rate=0.003, seed=3, patience=2, warmup=0.1)


class _Interrupted(Exception):
    pass


class _Interrupt(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 3:
            raise _Interrupted


def _fresh(architecture: Any, checkpoint: Any, dropout: bool) -> Any:
    start_reproducibly(1)
    model = architecture.build()
    if checkpoint is not None:
        copy_weights(checkpoint, model)
    for layer in model.submodules:
        if not dropout and isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def main(features: str, lstm: str, distilbert: str) -> None:
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    base = load_base_model(distilbert)
    trained = load_checkpoint(Path(lstm)).architecture
    sizes = base.sizes.model_copy(update={"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0})
    options: dict[str, Any] = {
        "classes": 3,
        "max_length": 16,
        "base_model": "",
        "learning_rate": 0.1,
        "batch_size": 9,
    }
    plain = DistilBert(sizes, base.tokenizer, **options)
    found = {}
    for name, architecture, weights in (("lstm", trained, None), ("distilbert", plain, base)):
        train, tune = (read_examples(architecture, Path(features), split) for split in ("train", "tune"))
        # 61 reviews: the last batch of an epoch is one review, for two devices.
        train = Examples([*train.encoded, train.encoded[0]], np.append(train.labels, train.labels[0]))
        settings = replace(_SETTINGS, batch_size=10)

        def run(
            strategy: Any = None,
            dropout: bool = False,
            states: Any = None,
            callbacks: Any = (),
            architecture: Any = architecture,
            weights: Any = weights,
            examples: Any = (train, tune),
            settings: Any = settings,
        ) -> tuple[Any, History]:
            model = _fresh(architecture, weights, dropout)
            arguments = (*examples, (1.0, 2.0, 0.5), settings, callbacks, states, strategy)
            history = fit(architecture, model, *arguments)
            return model.get_weights(), history

        found[name] = _difference(run(), run(two))
        if name == "lstm":
            found["resumed on two"] = _difference(run(two, dropout=True), _resumed(run, two))
    print(json.dumps(found))


def _resumed(run: Any, two: Any) -> tuple[Any, History]:
    """Returns what comes out on two devices, dropout included, after an interruption in the first epoch."""
    fitting.SECONDS_BETWEEN_SAVES = 0
    with tempfile.TemporaryDirectory() as directory:
        try:
            with TrainingStates(Path(directory) / "states") as states:
                run(two, dropout=True, states=states, callbacks=[_Interrupt()])
        except _Interrupted:
            pass
        with TrainingStates(Path(directory) / "states") as states:
            weights, history = run(two, dropout=True, states=states)
    assert history.earlier_seconds > 0 and history.devices == 2
    return weights, history


def _difference(one: tuple[Any, History], other: tuple[Any, History]) -> list[float]:
    weights = max(float(np.abs(first - second).max()) for first, second in zip(one[0], other[0], strict=True))
    losses = zip(one[1].loss, other[1].loss, strict=True)
    return [weights, max(abs(first - second) for first, second in losses)]


if __name__ == "__main__":
    main(*sys.argv[1:])
