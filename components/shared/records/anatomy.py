"""What a deep model is made of, and what each technique does to it: told by the plan before anything is trained."""

import math

from pydantic import BaseModel, ConfigDict

#: Shape of one array of weights; None is what only the data will tell.
Shape = tuple[int | None, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(_Strict):
    """One layer of the Keras model that will be built.

    Attributes:
        name, kind: Its name, and the name of its class, such as "Dense".
        shapes: Of its weights, in their order; empty for a layer without weights.
        at_most: Whether the first number of the first shape is an upper bound, such as of words in a vocabulary.
        frozen: Whether its weights do not learn.
    """

    name: str
    kind: str
    shapes: tuple[Shape, ...] = ()
    at_most: bool = False
    frozen: bool = False

    @property
    def parameters(self) -> int | None:
        """Number of its weights; None if that depends on the data."""
        counts = [_count(shape) for shape in self.shapes]
        return None if None in counts else sum(filter(None, counts))

    @property
    def matrices(self) -> list[int]:
        """Number of weights in each of its matrices of known size; biases are none."""
        return [count for shape in self.shapes if len(shape) > 1 and (count := _count(shape)) is not None]


class Effect(_Strict):
    """What one technique does to some layers of a model.

    Attributes:
        technique: Such as "prune".
        layers: What the layers are called, those of all blocks together, such as "transformer.layer.*.ffn.lin1".
        kind: The class of the layers.
        parameters: Number of those of their weights that are known; None if none are before the data are.
        share: Of all weights that are known, in 0..1; None if theirs are not.
        changed: Whether the technique changes them.
        words: What it does, or why it leaves them.
    """

    technique: str
    layers: tuple[str, ...]
    kind: str
    parameters: int | None
    share: float | None
    changed: bool
    words: str


class Anatomy(_Strict):
    """One deep model, read before it exists.

    Attributes:
        model: "lstm" or "distilbert".
        source: What was read, in words.
        layers: In the order of the data's flow.
        assumed: Whether sizes and depth are not known before the model is fetched: `layers` then has one layer of the
            encoder, which stands for all, and no sizes.
        heads: Attention heads of each layer of the encoder; None if not known, or if there are none.
        trim_obstacle: Why its vocabulary cannot be trimmed; empty if nothing is known to stand in the way.
        effects: What each wanted technique does, kind by kind of layer.
    """

    model: str
    source: str
    layers: tuple[Layer, ...]
    assumed: bool = False
    heads: int | None = None
    trim_obstacle: str = ""
    effects: tuple[Effect, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of all weights that are known."""
        return count_parameters(self.layers)


def count_parameters(layers: tuple[Layer, ...]) -> int:
    """Returns the number of the weights that are known."""
    return sum(layer.parameters or 0 for layer in layers)


def _count(shape: Shape) -> int | None:
    return None if None in shape else math.prod(size for size in shape if size is not None)
