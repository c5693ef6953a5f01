"""Checkpoints: what a technique needs to train a model on.

weights.npz        "<layer>/<position>" -> array, one for each weight of each layer; no pickle
checkpoint.json    see `Checkpoint`
and what the architecture writes of itself
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from components.shared.architectures.base import Architecture
from components.shared.architectures.registry import architecture_of
from components.shared.chains import Chain
from components.shared.files import atomic_path
from components.shared.meter import Usage
from components.shared.predictors.models import ONNX_FILE
from components.shared.records.candidates import onnx_directory

_WEIGHTS, _DESCRIPTION = "weights.npz", "checkpoint.json"
#: "<layer>/<position>" -> array.
Weights = dict[str, NDArray[Any]]


class _Description(BaseModel):
    """The content of checkpoint.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    chain: Chain
    training: Usage


@dataclass(frozen=True)
class Checkpoint:
    """A trained model that a technique can start from.

    Attributes:
        architecture: How it is built and fed.
        weights: Its weights, by layer and position.
        chain: Techniques that were applied, in order.
        training: What all its training took, from the start.
        float_onnx: The same model for ONNX Runtime; missing where it does not work there.
    """

    architecture: Architecture
    weights: Weights
    chain: Chain
    training: Usage
    float_onnx: Path

    def build(self) -> Any:
        """Returns a new plain Keras model with these weights; wrapping it leaves the checkpoint as it is."""
        model = self.architecture.build()
        set_weights(model, self.weights)
        return model


def save_checkpoint(directory: Path, architecture: Architecture, model: Any, chain: Chain, training: Usage) -> None:
    """Writes a checkpoint atomically.

    Args:
        directory: The checkpoint's directory; replaced if it exists.
        architecture: What built the model.
        model: A plain Keras model, stripped of all wrappers.
        chain: Techniques that were applied.
        training: What all its training took, from the start.
    """
    description = _Description(model=architecture.name, chain=chain, training=training)
    with atomic_path(directory) as staged:
        staged.mkdir()
        architecture.save(staged)
        np.savez(staged / _WEIGHTS, allow_pickle=False, **get_weights(model))
        (staged / _DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_checkpoint(directory: Path) -> Checkpoint:
    """Returns what `save_checkpoint` wrote."""
    description = _Description.model_validate_json((directory / _DESCRIPTION).read_bytes())
    with np.load(directory / _WEIGHTS, allow_pickle=False) as arrays:
        weights = dict(arrays)
    architecture = architecture_of(description.model).load(directory)
    float_onnx = onnx_directory(directory.parents[1], directory.parent.name) / ONNX_FILE
    return Checkpoint(architecture, weights, description.chain, description.training, float_onnx)


def get_weights(model: Any) -> Weights:
    """Returns the weights of a plain Keras model as "<layer>/<position>" -> array.

    Keras numbers the names of weights anew within a process; names of layers and positions stay.
    """
    return {
        f"{layer.name}/{position}": weight
        for layer in model.layers
        for position, weight in enumerate(layer.get_weights())
    }


def set_weights(model: Any, weights: Weights) -> None:
    """Gives a plain Keras model the weights that `get_weights` returned.

    Raises:
        KeyError: A weight of the model is not among them.
        ValueError: A shape differs.
    """
    for layer in model.layers:
        layer.set_weights([weights[f"{layer.name}/{position}"] for position in range(len(layer.weights))])
