"""Drops attention heads of an encoder, and neurons of its feed-forward parts.

As in Muralidharan et al., "Compact language models via pruning and knowledge distillation" (2024), a head or neuron
counts by what it puts out on reviews; here by the length of the vector that it then adds to a word piece, as one may
be loud and say little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import DistilBert
from components.shared.distilbert_sizes import Sizes
from components.shared.training.batches import prediction_batches
from components.shared.training.checkpoints import Weights, set_weights
from components.shared.training.keras import keras

_BATCH = 32

#: Reader, as "transformer.layer.0.ffn.lin2" -> one value for each head, shape (n_heads,), or neuron, (hidden_dim,).
Importance = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class _Part:
    """The heads, or the neurons, of a layer of the encoder: equal groups of columns, those of neurons have one.

    Attributes:
        source: Layer that puts the columns out.
        writers: Dense layers with a column of weights for each of them.
        reader: Dense layer with a row of weights for each of them.
        count: Field of `Sizes` that says how many groups there are.
    """

    source: str
    writers: tuple[str, ...]
    reader: str
    count: str


_PARTS = (
    _Part("attention", ("attention.q_lin", "attention.k_lin", "attention.v_lin"), "attention.out_lin", "n_heads"),
    _Part("ffn.gelu", ("ffn.lin1",), "ffn.lin2", "hidden_dim"),
)


def measure_importance(architecture: DistilBert, weights: Weights, reviews: Sequence[Encoded]) -> Importance:
    """Returns how much each head and neuron adds: lengths of vectors, summed over the word pieces of reviews.

    Where the head of the model reads the first word piece alone, the last layer is judged on that one.

    Args:
        architecture: Of the model.
        weights: Of the model, as in a checkpoint.
        reviews: As it reads them.
    """
    model = architecture.build()
    set_weights(model, weights)
    blocks = _blocks(architecture.sizes)
    parts = {f"{block}.{part.reader}": (block, part) for block in blocks for part in _PARTS}
    sources = {reader: model.get_layer(f"{block}.{part.source}").output for reader, (block, part) in parts.items()}
    inside = keras.Model(model.inputs, sources)
    importance = {reader: np.zeros(getattr(architecture.sizes, part.count)) for reader, (_, part) in parts.items()}
    for rows in prediction_batches(reviews, _BATCH):
        inputs = architecture.inputs([reviews[row] for row in rows])
        words = inputs[1] == 1
        first = words & (np.arange(words.shape[1]) == 0)
        for reader, output in inside(inputs).items():
            judged = first if architecture.head == "first" and reader.startswith(blocks[-1]) else words
            added = _added(output.numpy()[judged.ravel()], weights[f"{reader}/0"], len(importance[reader]))
            importance[reader] += added
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
        for part in _PARTS:
            reader = f"{block}.{part.reader}/0"
            values = importance[f"{block}.{part.reader}"]
            kept = np.sort(np.argsort(-values, kind="stable")[: getattr(smaller, part.count)])
            columns = np.arange(len(weights[reader])).reshape(len(values), -1)[kept].ravel()
            left[reader] = weights[reader][columns]
            for name in (f"{block}.{writer}/{number}" for writer in part.writers for number in (0, 1)):
                left[name] = weights[name][..., columns]
    return left


def _blocks(sizes: Sizes) -> list[str]:
    return [f"transformer.layer.{number}" for number in range(sizes.n_layers)]


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
