"""Drops attention heads of an encoder, and neurons of its feed-forward parts.

As in Muralidharan et al., "Compact language models via pruning and knowledge distillation" (2024), a head or neuron
counts by what it puts out on reviews; here by the length of the vector that it then adds to a word piece, as one may
be loud and say little.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import DistilBert
from components.shared.distilbert_sizes import Sizes
from components.shared.training.batches import prediction_batches
from components.shared.training.checkpoints import Weights, set_weights
from components.shared.training.keras import keras

#: Dense layer that reads the columns of heads or neurons -> the layer that puts them out, and the Dense layers that
#: have a column of weights for each.
_READERS = {
    "attention.out_lin": ("attention", ("attention.q_lin", "attention.k_lin", "attention.v_lin")),
    "ffn.lin2": ("ffn.gelu", ("ffn.lin1",)),
}
_BATCH = 32

#: Reader, as "transformer.layer.0.ffn.lin2" -> one value for each head, shape (n_heads,), or neuron, (hidden_dim,).
Importance = Mapping[str, NDArray[np.float64]]


def measure_importance(architecture: DistilBert, weights: Weights, reviews: Sequence[Encoded]) -> Importance:
    """Returns how much each head and neuron adds: lengths of vectors, summed over the word pieces of reviews.

    Args:
        architecture: Of the model.
        weights: Of the model, as in a checkpoint.
        reviews: As it reads them.
    """
    model = architecture.build()
    set_weights(model, weights)
    outputs = {
        f"{block}.{reader}": model.get_layer(f"{block}.{source}").output
        for block in _blocks(architecture.sizes)
        for reader, (source, _) in _READERS.items()
    }
    inside = keras.Model(model.inputs, outputs)
    importance = {reader: np.zeros(_groups(architecture.sizes, reader)) for reader in outputs}
    for rows in prediction_batches(reviews, _BATCH):
        inputs = architecture.inputs([reviews[row] for row in rows])
        words = inputs[1].ravel() == 1
        for reader, output in inside(inputs).items():
            importance[reader] += _added(output.numpy()[words], weights[f"{reader}/0"], len(importance[reader]))
    return importance


def drop_heads_and_neurons(weights: Weights, importance: Importance, sizes: Sizes, smaller: Sizes) -> Weights:
    """Returns the weights of the most important heads and neurons of each layer, in their order, and of all else.

    Args:
        weights: Of the model, as in a checkpoint.
        importance: Of its heads and neurons.
        sizes: Of its encoder.
        smaller: The same with fewer heads and neurons.
    """
    left = dict(weights)
    for block in _blocks(sizes):
        for reader, (_, writers) in _READERS.items():
            name = f"{block}.{reader}"
            values = importance[name]
            groups = np.sort(np.argsort(-values, kind="stable")[: _groups(smaller, name)])
            columns = np.arange(len(weights[f"{name}/0"])).reshape(len(values), -1)[groups].ravel()
            left[f"{name}/0"] = weights[f"{name}/0"][columns]
            for writer in writers:
                for number in (0, 1):
                    left[f"{block}.{writer}/{number}"] = weights[f"{block}.{writer}/{number}"][..., columns]
    return left


def _blocks(sizes: Sizes) -> list[str]:
    return [f"transformer.layer.{number}" for number in range(sizes.n_layers)]


def _groups(sizes: Sizes, reader: str) -> int:
    return sizes.hidden_dim if reader.endswith("ffn.lin2") else sizes.n_heads


def _added(outputs: NDArray[np.float32], weights: NDArray[np.float32], groups: int) -> NDArray[np.float64]:
    """Returns the summed length of what each group of columns adds, shape (groups,).

    Args:
        outputs: Of the groups side by side, (rows, columns).
        weights: By which they are added, (columns, dim).
        groups: How many there are.
    """
    parts = outputs.reshape(len(outputs), groups, -1)
    matrices = weights.reshape(groups, parts.shape[2], -1)
    squares = np.einsum("rgi,gij,rgj->rg", parts, matrices @ matrices.transpose(0, 2, 1), parts, optimize=True)
    return np.sqrt(np.maximum(squares, 0)).sum(axis=0, dtype=np.float64)
