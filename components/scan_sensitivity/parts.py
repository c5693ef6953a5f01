"""The parts of a model that are scanned: the embeddings, each half of an encoder layer, each other matrix."""

import re
from dataclasses import dataclass
from typing import Any

#: Layers of DistilBERT that go together, by the beginning of their names.
_GROUP = re.compile(r"embeddings|transformer\.layer\.\d+\.(attention|ffn)(?=\.)")
_MATRIX_DIMENSIONS = 2


@dataclass(frozen=True)
class Matrix:
    """One matrix of a Keras model.

    Attributes:
        layer: Name of its layer.
        position: Among the weights of the layer.
        name: Such as "kernel".
        scales: LiteRT stores it as int8 with so many scales, each for an equal share of its columns.
    """

    layer: str
    position: int
    name: str
    scales: int


@dataclass(frozen=True)
class Part:
    """Matrices that are treated together.

    Attributes:
        name: Such as "transformer.layer.0.ffn" or "lstm recurrent_kernel".
        layers: Glob of the names of their layers.
        matrices: At least one.
    """

    name: str
    layers: str
    matrices: tuple[Matrix, ...]


def list_parts(model: Any) -> list[Part]:
    """Returns the parts of a plain Keras model, in the order of its layers; biases and norms are in none.

    Args:
        model: From `Architecture.build`.
    """
    parts: dict[tuple[str, str], list[Matrix]] = {}
    for layer in model.layers:
        matrices = _matrices(layer)
        group = _GROUP.match(layer.name)
        for matrix in matrices:
            if group:
                name, layers = group.group(), f"{group.group()}.*"
            elif len(matrices) > 1:
                name, layers = f"{layer.name} {matrix.name}", layer.name
            else:
                name = layers = layer.name
            parts.setdefault((name, layers), []).append(matrix)
    return [Part(name, layers, tuple(matrices)) for (name, layers), matrices in parts.items()]


def _matrices(layer: Any) -> list[Matrix]:
    return [
        Matrix(layer.name, position, _weight_name(weight), _scales(layer, weight.shape[-1]))
        for position, weight in enumerate(layer.weights)
        if len(weight.shape) == _MATRIX_DIMENSIONS
    ]


def _weight_name(weight: Any) -> str:
    """Returns "recurrent_kernel" for "lstm/lstm_cell/recurrent_kernel:0"."""
    return weight.name.rpartition("/")[2].partition(":")[0]


def _scales(layer: Any, columns: int) -> int:
    """Returns the number of scales that LiteRT gives a matrix: one a table, one a gate, one an output of Dense."""
    kind = type(layer).__name__
    return {"Embedding": 1, "LSTM": 4}.get(kind, columns)
