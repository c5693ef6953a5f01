"""Which layers stay, with which weights, and what they learn from."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.shared.architectures.distilbert import DistilBert
from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.fitting import FitSettings, fit, predict
from components.shared.training.techniques import NothingToDoError
from components.shrink.layers import choose_layers, drop_layers, with_soft_labels


@pytest.mark.parametrize(
    ("layers", "kept", "chosen"),
    [(6, 3, [0, 2, 4]), (6, 5, [0, 1, 2, 3, 4]), (6, 2, [0, 3]), (6, 1, [0]), (12, 4, [0, 3, 6, 9]), (2, 1, [0])],
)
def test_layers_that_stay_are_spread_evenly_from_the_bottom(layers: int, kept: int, chosen: list[int]) -> None:
    assert choose_layers(layers, kept) == chosen


@pytest.mark.parametrize("kept", [6, 7])
def test_a_number_of_layers_that_drops_none_is_refused(kept: int) -> None:
    with pytest.raises(NothingToDoError, match=f"kept_layers is {kept}, the encoder has 6 layers: none would go"):
        choose_layers(6, kept)


def test_the_layers_that_stay_keep_their_weights_and_their_order(optimised: Any) -> None:
    parent = load_checkpoint(checkpoint_directory(optimised.trained, "distilbert"))
    assert isinstance(parent.architecture, DistilBert)
    architecture, weights = drop_layers(parent.architecture, parent.weights, [1])
    assert architecture.sizes == parent.architecture.sizes.model_copy(update={"n_layers": 1})
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, parent.weights[name.replace("layer.0", "layer.1")])
    assert {f"{layer.name}/0" for layer in architecture.build().layers if layer.weights} <= set(weights)
    assert not any("layer.1" in name for name in weights)


def test_soft_labels_mix_what_the_teacher_says_with_the_labels(tiny: Any) -> None:
    teacher = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    train = read_examples(teacher.architecture, tiny.features, "train")
    said = predict(teacher.architecture, teacher.build(), train.encoded)
    soft = with_soft_labels(train, teacher, 0.25).soft_labels
    assert soft is not None
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(soft, 0.25 * said + 0.75 * np.eye(3)[train.labels], atol=1e-6)
    assert with_soft_labels(train, teacher, 0.0) is train


def test_a_model_learns_soft_labels_in_place_of_labels(tiny: Any) -> None:
    parent = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    train = read_examples(parent.architecture, tiny.features, "train")
    always_the_first = np.tile(np.array([[0.8, 0.1, 0.1]], dtype=np.float32), (len(train.labels), 1))
    taught, model = replace(train, soft_labels=always_the_first), parent.build()
    settings = FitSettings(epochs=15, batch_size=8, learning_rate=0.05, seed=1)
    fit(parent.architecture, model, taught, train, (1.0, 1.0, 1.0), settings)
    predicted = predict(parent.architecture, model, train.encoded)
    np.testing.assert_allclose(predicted.mean(axis=0), [0.8, 0.1, 0.1], atol=0.1)


def test_soft_labels_that_are_the_labels_teach_the_same(tiny: Any) -> None:
    parent = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    train = read_examples(parent.architecture, tiny.features, "train")
    settings = FitSettings(epochs=1, batch_size=8, learning_rate=0.01, seed=1)
    weights = []
    for examples in (train, replace(train, soft_labels=np.eye(3, dtype=np.float32)[train.labels])):
        model = parent.build()
        fit(parent.architecture, model, examples, train, (1.0, 2.0, 0.5), settings)
        weights.append(model.get_weights())
    for hard, soft in zip(*weights, strict=True):
        np.testing.assert_array_equal(hard, soft)
