"""The layers of the LSTM, from its sizes; TensorFlow, which builds them, is not needed to name them."""

from dataclasses import dataclass

from components.shared.records.anatomy import Layer, Shape


@dataclass(frozen=True)
class LstmShape:
    """What decides the layers of an LSTM.

    Attributes:
        rows: Words of the vocabulary, the padding included.
        at_most: Whether `rows` is an upper bound, because the data decides.
        dimensions: Of a word vector; None if its file decides.
        frozen: Whether the word vectors do not learn.
        units, directions: As in `LstmSizes`.
        classes: Number of labels; None if the data decides.
        lower_units, lower_directions: As in `LstmSizes`.
    """

    rows: int
    at_most: bool
    dimensions: int | None
    frozen: bool
    units: int
    directions: int
    classes: int | None
    lower_units: int = 0
    lower_directions: int = 1


def list_lstm_layers(shape: LstmShape) -> tuple[Layer, ...]:
    """Returns the layers that `Lstm.build` builds."""
    layers = [
        Layer(name="tokens", kind="InputLayer"),
        Layer(
            name="embedding",
            kind="Embedding",
            shapes=((shape.rows, shape.dimensions),),
            at_most=shape.at_most,
            frozen=shape.frozen,
        ),
        Layer(name="embedding_dropout", kind="SpatialDropout1D"),
    ]
    width = shape.dimensions
    if shape.lower_units:
        layers += _level("lower_", width, shape.lower_units, shape.lower_directions)
        width = shape.lower_units * shape.lower_directions
    layers += _level("", width, shape.units, shape.directions)
    layers += [
        Layer(name="dropout", kind="Dropout"),
        Layer(
            name="classifier",
            kind="Dense",
            shapes=((shape.units * shape.directions, shape.classes), (shape.classes,)),
        ),
    ]
    return tuple(layers)


def _level(prefix: str, width: int | None, units: int, directions: int) -> list[Layer]:
    """Returns one LSTM, or one for each direction and what joins them."""
    weights: tuple[Shape, ...] = ((width, 4 * units), (units, 4 * units), (4 * units,))
    layers = [Layer(name=f"{prefix}lstm", kind="LSTM", shapes=weights)]
    if directions == 2:
        layers.append(Layer(name=f"{prefix}lstm_backward", kind="LSTM", shapes=weights))
        if prefix:
            layers.append(Layer(name=f"{prefix}reversal", kind="TimeReversal"))
        layers.append(Layer(name=f"{prefix}directions", kind="Concatenate"))
    return layers
