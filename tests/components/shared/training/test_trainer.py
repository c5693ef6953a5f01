"""Training steps: several devices, mixed precision, layer-wise learning rates, frozen layers."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.finetune_distilbert.base_model import BaseModel, copy_weights, load_base_model
from components.shared.architectures.distilbert import DistilBert
from components.shared.errors import UserError
from components.shared.records.candidates import checkpoint_directory
from components.shared.records.history import History
from components.shared.training.examples import read_examples
from components.shared.training.fitting import FitSettings, fit, start_reproducibly
from components.shared.training.keras import keras, tf
from components.shared.training.trainer import Trainer, every_gpu

_SCRIPT = Path(__file__).with_name("two_devices.py")
_SETTINGS = FitSettings(epochs=1, batch_size=16, learning_rate=0.003, seed=3)


@pytest.fixture(scope="module")
def base(pretrained: dict[str, Path]) -> BaseModel:
    return load_base_model(str(pretrained["distilbert"]))


@pytest.fixture(scope="module")
def architecture(base: BaseModel) -> DistilBert:
    # A copy for mixed precision would drop other units.
    sizes = base.sizes.model_copy(update={"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0})
    return DistilBert(sizes, base.tokenizer, 3, 16, "tiny", learning_rate=0.003, batch_size=16)


def _model(base: BaseModel, architecture: DistilBert) -> Any:
    start_reproducibly(1)
    model = architecture.build()
    copy_weights(base, model)
    return model


def _train(architecture: DistilBert, model: Any, features: Path, settings: FitSettings) -> History:
    train, tune = (read_examples(architecture, features, split) for split in ("train", "tune"))
    return fit(architecture, model, train, tune, (1.0, 1.0, 1.0), settings)


def _moved(before: dict[str, Any], model: Any) -> dict[str, float]:
    """Returns layer -> largest change of a weight."""
    return {
        name: max(float(np.abs(old - new).max()) for old, new in zip(weights, _weights(model)[name], strict=True))
        for name, weights in before.items()
    }


def _weights(model: Any) -> dict[str, Any]:
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def test_two_devices_learn_what_one_learns(tiny: Any, pretrained: dict[str, Path]) -> None:
    arguments = [tiny.features, checkpoint_directory(tiny.trained, "lstm"), pretrained["distilbert"]]
    ended = subprocess.run([sys.executable, str(_SCRIPT), *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    # Sums in another order; Adam divides small numbers by small ones.
    assert found["lstm"] < [1e-4, 1e-5] and found["distilbert"] < [1e-4, 1e-5], found
    assert found["resumed on two"] == [0.0, 0.0]


def test_without_several_gpus_one_device_trains() -> None:
    assert every_gpu().num_replicas_in_sync == 1


def test_mixed_precision_learns_nearly_the_same_in_float32_weights(
    tiny: Any, base: BaseModel, architecture: DistilBert
) -> None:
    plain, mixed = _model(base, architecture), _model(base, architecture)
    first = _train(architecture, plain, tiny.features, _SETTINGS)
    second = _train(architecture, mixed, tiny.features, replace(_SETTINGS, mixed_precision=True))
    assert second.mixed_precision and not first.mixed_precision
    assert second.loss != first.loss and second.loss == pytest.approx(first.loss, rel=0.05)
    assert {weight.dtype for weight in mixed.get_weights()} == {np.dtype(np.float32)}


def test_in_mixed_precision_only_what_needs_it_is_in_float32(base: BaseModel, architecture: DistilBert) -> None:
    model = _model(base, architecture)
    trainer = Trainer(model, 0.1, None, 1, {}, tf.distribute.get_strategy(), mixed_precision=True)
    policies = {layer.name: layer.compute_dtype for layer in trainer._trained.layers if layer.weights}
    assert policies.pop("classifier") == "float32" and set(policies.values()) == {"float16"}
    assert trainer._trained([np.ones((2, 5), np.int32)] * 2).dtype == tf.float32
    assert keras.mixed_precision.global_policy().name == "float32"


def test_lower_layers_learn_more_slowly_with_layer_decay(
    tiny: Any, base: BaseModel, architecture: DistilBert
) -> None:
    model = _model(base, architecture)
    factors = architecture.learning_rate_factors(model, 0.1)
    assert factors["classifier"] == 1 and factors["transformer.layer.1.ffn.lin1"] == pytest.approx(0.1)
    assert factors["transformer.layer.0.ffn.lin1"] == pytest.approx(0.01)
    assert factors["embeddings.word_embeddings"] == pytest.approx(0.001)
    before = _weights(model)
    _train(architecture, model, tiny.features, replace(_SETTINGS, learning_rate_factors=factors))
    moved = _moved(before, model)
    # Adam's first steps are as long as the learning rate, whatever the gradient.
    assert moved["classifier"] > 3 * moved["transformer.layer.1.ffn.lin1"]
    assert moved["transformer.layer.1.ffn.lin1"] > 3 * moved["transformer.layer.0.ffn.lin1"] > 0
    assert moved["transformer.layer.0.ffn.lin1"] > 3 * moved["embeddings.word_embeddings"] > 0


def test_without_decay_every_layer_has_the_same_rate(base: BaseModel, architecture: DistilBert) -> None:
    assert set(architecture.learning_rate_factors(_model(base, architecture), 1.0).values()) == {1.0}


def test_frozen_layers_keep_their_weights(tiny: Any, base: BaseModel, architecture: DistilBert) -> None:
    model = _model(base, architecture)
    architecture.freeze(model, 1)
    before = _weights(model)
    _train(architecture, model, tiny.features, _SETTINGS)
    for name, change in _moved(before, model).items():
        frozen = name.startswith(("embeddings.", "transformer.layer.0."))
        assert (change == 0) == frozen, name


def test_no_frozen_layers_means_that_the_embeddings_learn_too(base: BaseModel, architecture: DistilBert) -> None:
    model = _model(base, architecture)
    architecture.freeze(model, 0)
    assert all(layer.trainable for layer in model.layers)


def test_more_frozen_layers_than_there_are_is_refused(base: BaseModel, architecture: DistilBert) -> None:
    with pytest.raises(UserError, match="3 layers are to be frozen, tiny has 2"):
        architecture.freeze(_model(base, architecture), 3)
