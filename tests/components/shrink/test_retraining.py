"""What a smaller model learns from."""

from dataclasses import replace
from typing import Any

import numpy as np

from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.fitting import FitSettings, fit, predict
from components.shrink.retraining import with_soft_labels


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
