"""Drops layers of an encoder, and trains the rest to predict what the whole predicts.

Sajjad et al., "On the effect of dropping layers of pre-trained transformer models" (2023); the training signal is
that of Hinton et al., "Distilling the knowledge in a neural network" (2015), at temperature 1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from components.shared.architectures.distilbert import DistilBert
from components.shared.records.features import read_features
from components.shared.training.checkpoints import Checkpoint, Weights
from components.shared.training.examples import Examples, read_examples
from components.shared.training.fitting import FitSettings, fit, predict
from components.shared.training.techniques import NothingToDoError

_LAYER = re.compile(r"transformer\.layer\.(\d+)\.(.+)")
_WARMUP = 0.1


@dataclass(frozen=True)
class LayersSettings:
    """How layers are dropped, and how the rest trains on.

    Attributes:
        kept_layers: Number of layers that stay.
        rows: Train on this many reviews, stratified by label; 0 means all of train.
        epochs: At most this many passes over them; the weights of the best one on tune are taken.
        learning_rate: Peak of Adam's schedule; 0 means what the model was trained with.
        soft_label_weight: Share of the whole model's probabilities in what is learnt; the rest is the label.
        seed: Seed of the choice of rows, of resampling, of shuffling, of dropout and of word dropout.
    """

    kept_layers: int
    rows: int
    epochs: int
    learning_rate: float
    soft_label_weight: float
    seed: int


def choose_layers(layers: int, kept: int) -> list[int]:
    """Returns which of an encoder's layers stay, counted from 0 at the bottom: spread evenly, the lowest included.

    Of MiniLM's six, fine-tuned on clothing reviews, layers 0, 2 and 4 recovered best (one epoch on 3,000 reviews,
    macro-F1 on tune 0.528; 0, 1 and 2 had 0.507, and 1, 3 and 5 had 0.477; the whole model 0.565).

    Args:
        layers: How many there are.
        kept: How many stay, at least 1.

    Raises:
        NothingToDoError: There are no more than that.
    """
    if kept >= layers:
        raise NothingToDoError(f"kept_layers is {kept}, the encoder has {layers} layers: none would go")
    return [number * layers // kept for number in range(kept)]


def drop_layers(architecture: DistilBert, weights: Weights, kept: Sequence[int]) -> tuple[DistilBert, Weights]:
    """Returns a model with some of its encoder's layers, in the order given, and everything else.

    Args:
        architecture: Of the model.
        weights: Of the model, as in a checkpoint.
        kept: Layers that stay, counted from 0 at the bottom.
    """
    new_number = {old: new for new, old in enumerate(kept)}
    left = {}
    for name, weight in weights.items():
        layer = _LAYER.fullmatch(name)
        if layer is None:
            left[name] = weight
        elif int(layer[1]) in new_number:
            left[f"transformer.layer.{new_number[int(layer[1])]}.{layer[2]}"] = weight
    return architecture.with_layers(len(kept)), left


def retrain(parent: Checkpoint, smaller: Checkpoint, features: Path, settings: LayersSettings) -> Any:
    """Returns the Keras model of a smaller checkpoint, trained on what its parent predicts.

    Args:
        parent: The whole model.
        smaller: From `drop_layers`.
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
