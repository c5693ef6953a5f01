"""How the LSTM is trained with kernels rounded to int8, as LiteRT stores them.

LiteRT's fused LSTM holds one matrix for each of the four gates, each with a scale of its own. TFMOT does not
quantise a recurrent layer by itself, and its integer input is not quantisable; so the part behind the word
vectors is quantised with a configuration for recurrent kernels, and the word vectors are put in front again.
What the LSTM reads is rounded with the range of all word vectors seen so far, much as LiteRT rounds their
table (dropout, which scales what it leaves, makes that range a little wider); before the first training step there
is no range, and no sensible prediction. Fine-tuned word vectors go on learning, as gradients pass the rounding.
"""

from collections.abc import Collection
from typing import Any

from components.shared.training.keras import keras, tf, tfmot

_QuantizeConfig: Any = tfmot.quantization.keras.QuantizeConfig
_Quantizer: Any = tfmot.quantization.keras.quantizers.Quantizer
#: The layer between the word vectors and what is quantised.
EMBEDDING_DROPOUT = "embedding_dropout"
_GATES = 4
_LARGEST = 127


class BlockQuantizer(_Quantizer):
    """Rounds a matrix to int8, symmetric, one scale for each block of columns; gradients pass through."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Returns no variables: scales follow from the matrix."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:  # noqa: D102
        rows, columns = inputs.shape
        matrix = tf.reshape(inputs, (rows, self.blocks, columns // self.blocks))
        largest = tf.reduce_max(tf.abs(matrix), axis=(0, 2), keepdims=True)
        step = tf.maximum(largest / _LARGEST, keras.backend.epsilon())
        rounded = tf.reshape(tf.round(matrix / step) * step, (rows, columns))
        return inputs + tf.stop_gradient(rounded - inputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"blocks": self.blocks}


class KernelQuantization(_QuantizeConfig):
    """Rounds the kernel of a Dense layer."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns the weights to round, each with its quantizer."""
        return [(layer.kernel, BlockQuantizer(1))]

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Sets the rounded weights, in the order of `get_weights_and_quantizers`."""
        layer.kernel = quantize_weights[0]

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns no activations: their ranges are found while the model runs."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: Any) -> None:
        """Sets nothing."""
        return  # AutoGraph cannot read a function that is only a docstring.

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Returns no output: its range is found while the model runs."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Returns no arguments."""
        return {}


class RecurrentKernelQuantization(KernelQuantization):
    """Rounds both kernels of an LSTM, gate by gate."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns the weights to round, each with its quantizer."""
        return [
            (layer.cell.kernel, BlockQuantizer(_GATES)),
            (layer.cell.recurrent_kernel, BlockQuantizer(_GATES)),
        ]

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Sets the rounded weights, in the order of `get_weights_and_quantizers`."""
        layer.cell.kernel, layer.cell.recurrent_kernel = quantize_weights


_CONFIGS = {
    "lower_lstm": RecurrentKernelQuantization,
    "lower_lstm_backward": RecurrentKernelQuantization,
    "lstm": RecurrentKernelQuantization,
    "lstm_backward": RecurrentKernelQuantization,
    "classifier": KernelQuantization,
}
_SCOPE = {kind.__name__: kind for kind in (BlockQuantizer, *_CONFIGS.values())}


def quantization_aware(model: Any, kept_in_float: Collection[str] = ()) -> Any:
    """Returns a copy of an LSTM model, weights included, that trains with kernels rounded to int8.

    Args:
        model: A plain model: token numbers, embedding, EMBEDDING_DROPOUT, then the layers to quantise.
        kept_in_float: Names of layers that train as they are.
    """
    vectors = model.get_layer(EMBEDDING_DROPOUT).output
    head = keras.models.clone_model(
        keras.Model(vectors, model.output), clone_function=lambda layer: _annotated(layer, kept_in_float)
    )
    with tfmot.quantization.keras.quantize_scope(_SCOPE):
        head = tfmot.quantization.keras.quantize_apply(head)
    front = keras.models.clone_model(keras.Model(model.input, vectors))
    aware = keras.Model(front.input, head(front.output))
    copy_weights(model, aware)
    return aware


def copy_weights(source: Any, target: Any) -> None:
    """Copies weights between a plain model and a quantisation-aware one, which keeps their names."""
    by_name = {weight.name: weight for weight in source.weights}
    for weight in target.weights:
        if weight.name in by_name:
            weight.assign(by_name[weight.name])


def _annotated(layer: Any, kept_in_float: Collection[str]) -> Any:
    copy = type(layer).from_config(layer.get_config())
    if layer.name not in _CONFIGS or layer.name in kept_in_float:
        return copy
    return tfmot.quantization.keras.quantize_annotate_layer(copy, quantize_config=_CONFIGS[layer.name]())
