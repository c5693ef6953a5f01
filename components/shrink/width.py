"""Drops neurons of the feed-forward parts of an encoder, which hold two thirds of its work.

As in Muralidharan et al., "Compact language models via pruning and knowledge distillation" (2024), a neuron counts by
how strongly reviews excite it; here times the length of the vector that it then adds, as a neuron may be loud and say
little.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import DistilBert
from components.shared.training.batches import prediction_batches
from components.shared.training.checkpoints import Checkpoint, Weights
from components.shared.training.keras import keras

_FEED_FORWARD = re.compile(r"transformer\.layer\.(\d+)\.ffn\.(lin1|lin2)/(\d)")
_BATCH = 32

#: Layer, counted from 0 at the bottom -> one value for each of its neurons, shape (hidden_dim,).
Importance = Mapping[int, NDArray[np.float64]]


def measure_importance(checkpoint: Checkpoint, reviews: Sequence[Encoded]) -> Importance:
    """Returns how much each neuron adds: its mean absolute output over word pieces times the norm of its weights.

    Args:
        checkpoint: A DistilBERT.
        reviews: As it reads them.
    """
    model = checkpoint.build()
    neurons = {layer.name: layer.output for layer in model.layers if layer.name.endswith(".ffn.gelu")}
    excited = keras.Model(model.inputs, neurons)
    sums: dict[str, NDArray[np.float64]] = {name: np.zeros(()) for name in neurons}
    for rows in prediction_batches(reviews, _BATCH):
        inputs = checkpoint.architecture.inputs([reviews[row] for row in rows])
        words = inputs[1].ravel() == 1
        for name, output in excited(inputs).items():
            sums[name] = sums[name] + np.abs(output.numpy()[words]).sum(axis=0, dtype=np.float64)
    return {
        layer: sums[name] * np.linalg.norm(checkpoint.weights[name.replace("gelu", "lin2/0")], axis=1)
        for layer, name in enumerate(neurons)
    }


def drop_neurons(
    architecture: DistilBert, weights: Weights, importance: Importance, kept: int
) -> tuple[DistilBert, Weights]:
    """Returns a model with the most important neurons of each layer, in their order, and everything else.

    Args:
        architecture: Of the model.
        weights: Of the model, as in a checkpoint.
        importance: Of its neurons.
        kept: Neurons that stay in each layer.
    """
    stay = {layer: np.sort(np.argsort(-values, kind="stable")[:kept]) for layer, values in importance.items()}
    left = {}
    for name, weight in weights.items():
        part = _FEED_FORWARD.fullmatch(name)
        if part is None or part[2] + part[3] == "lin21":  # the bias of what the neurons add
            left[name] = weight
        else:
            left[name] = weight.take(stay[int(part[1])], axis=0 if part[2] == "lin2" else -1)
    return architecture.with_neurons(kept), left
