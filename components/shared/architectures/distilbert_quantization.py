"""How DistilBERT is trained with simulated int8: as LiteRT computes it with dynamic-range quantisation.

There, the kernel of a Dense layer has one scale an output channel, and what the layer reads has one scale a
row, found while it runs. So ranges of activations are not learnt here: a range for a whole batch would let
the few large activations of a transformer decide for all the others.
"""

from collections.abc import Collection
from typing import Any

from components.shared.architectures.distilbert_encoder import Gelu, SelfAttention
from components.shared.training.keras import keras, tf, tfmot

_QuantizeConfig: Any = tfmot.quantization.keras.QuantizeConfig
_Quantizer: Any = tfmot.quantization.keras.quantizers.Quantizer
_LEVELS = 255


class RowQuantizer(_Quantizer):
    """Rounds each row to 256 levels between its least and its largest value; gradients pass through."""

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Returns no variables: ranges are found anew for each input."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:  # noqa: D102
        low = tf.minimum(tf.reduce_min(inputs, axis=-1, keepdims=True), 0.0)
        high = tf.maximum(tf.reduce_max(inputs, axis=-1, keepdims=True), 0.0)
        step = tf.maximum((high - low) / _LEVELS, keras.backend.epsilon())
        return inputs + tf.stop_gradient(tf.round(inputs / step) * step - inputs)

    def get_config(self) -> dict[str, Any]:
        """Returns no arguments."""
        return {}


class NoQuantization(_QuantizeConfig):
    """Leaves a layer as it is. Without it, what an annotated layer reads would get a learnt range."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns the weights to round, each with its quantizer."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Sets the rounded weights, in the order of `get_weights_and_quantizers`."""
        return

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns no activations: they are layers of their own."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: Any) -> None:
        """Sets nothing."""
        return

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Returns the quantizers of the output."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Returns no arguments."""
        return {}


class KernelQuantization(NoQuantization):
    """Rounds the kernel to int8, symmetric, one scale an output channel."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Returns the kernel with its quantizer."""
        quantizer = tfmot.quantization.keras.quantizers.LastValueQuantizer(
            num_bits=8, per_axis=True, symmetric=True, narrow_range=True
        )
        return [(layer.kernel, quantizer)]

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Sets the rounded kernel."""
        layer.kernel = quantize_weights[0]


class OutputQuantization(NoQuantization):
    """Rounds the output, because Dense layers read it."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Returns the quantizer of the output."""
        return [RowQuantizer()]


# MaskedMean is left out: it reads the mask, and integer inputs of annotated layers cannot be rounded.
_CONFIGS: dict[type, type[NoQuantization]] = {
    keras.layers.Dense: KernelQuantization,
    keras.layers.LayerNormalization: OutputQuantization,
    SelfAttention: OutputQuantization,
    Gelu: OutputQuantization,
    keras.layers.Add: NoQuantization,
    keras.layers.Dropout: NoQuantization,
}
_SCOPE = {
    config.__name__: config for config in (NoQuantization, KernelQuantization, OutputQuantization, RowQuantizer)
}


def quantization_aware(model: Any, kept_in_float: Collection[str] = ()) -> Any:
    """Returns a copy of a DistilBERT, weights included, that trains with simulated int8.

    Args:
        model: A plain model.
        kept_in_float: Names of layers whose kernels train as they are.
    """
    annotated = keras.models.clone_model(model, clone_function=lambda layer: _annotated(layer, kept_in_float))
    annotated.set_weights(model.get_weights())
    with tfmot.quantization.keras.quantize_scope(_SCOPE):
        return tfmot.quantization.keras.quantize_apply(annotated)


def copy_trained_weights(aware: Any, model: Any) -> None:
    """Copies kernels, biases, embeddings and layer norms, which bear the same names in both models."""
    trained = {weight.name: weight for weight in aware.weights}
    for weight in model.weights:
        weight.assign(trained[weight.name])


def _annotated(layer: Any, kept_in_float: Collection[str]) -> Any:
    copy = type(layer).from_config(layer.get_config())
    if type(layer) not in _CONFIGS:
        return copy
    config = NoQuantization if layer.name in kept_in_float else _CONFIGS[type(layer)]
    return tfmot.quantization.keras.quantize_annotate_layer(copy, quantize_config=config())
