"""Trains what is left of a model to predict what the whole predicts.

The training signal is that of Hinton et al., "Distilling the knowledge in a neural network" (2015), at temperature 1.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from components.shared.records.features import read_features
from components.shared.training.checkpoints import Checkpoint
from components.shared.training.examples import Examples, read_examples
from components.shared.training.fitting import FitSettings, fit, predict

_WARMUP = 0.1


@dataclass(frozen=True)
class Retraining:
    """How what is left trains on.

    Attributes:
        rows: Train on this many reviews, stratified by label; 0 means all of train.
        epochs: At most this many passes over them; the weights of the best one on tune are taken.
        learning_rate: Peak of Adam's schedule; 0 means what the model was trained with.
        soft_label_weight: Share of the whole model's probabilities in what is learnt; the rest is the label.
        seed: Seed of the choice of rows, of resampling, of shuffling, of dropout and of word dropout.
    """

    rows: int
    epochs: int
    learning_rate: float
    soft_label_weight: float
    seed: int


def retrain(parent: Checkpoint, smaller: Checkpoint, features: Path, settings: Retraining) -> Any:
    """Returns the Keras model of a smaller checkpoint, trained on what its parent predicts.

    Args:
        parent: The whole model.
        smaller: What is left of it.
        features: Directory of features.
        settings: How to train.
    """
    description, architecture = read_features(features), smaller.architecture
    train = read_examples(architecture, features, "train", settings.rows, settings.seed)
    model = smaller.build()
    fit(
        architecture,
        model,
        with_soft_labels(train, parent, settings.soft_label_weight),
        read_examples(architecture, features, "tune"),
        architecture.class_weights(description),
        FitSettings(
            epochs=settings.epochs,
            batch_size=architecture.batch_size,
            learning_rate=settings.learning_rate or architecture.learning_rate,
            seed=settings.seed,
            patience=settings.epochs,
            warmup=_WARMUP,
            word_dropout=description.word_dropout,
        ),
    )
    return model


def with_soft_labels(examples: Examples, teacher: Checkpoint, weight: float) -> Examples:
    """Returns examples whose soft labels are a teacher's probabilities, mixed with the labels.

    Args:
        examples: Reviews as the teacher reads them.
        teacher: A trained model.
        weight: Of the teacher, in 0..1.
    """
    if not weight:
        return examples
    predicted = predict(teacher.architecture, teacher.build(), examples.encoded)
    labels = np.eye(predicted.shape[1], dtype=np.float32)[examples.labels]
    return replace(examples, soft_labels=weight * predicted + (1 - weight) * labels)
