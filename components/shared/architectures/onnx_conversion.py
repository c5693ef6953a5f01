"""From Keras to ONNX Runtime: conversion with tf2onnx, quantisation with ONNX Runtime's own tools."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import tf2onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from components.shared.architectures.base import OnnxConversionError
from components.shared.training.keras import tf

# Opset 17 is the newest that onnxruntime's quantiser, and every ONNX Runtime since 1.12, know.
_OPSET = 17
#: Operations whose weights are quantised.
_WITH_WEIGHTS = ("Gather", "Gemm", "LSTM", "MatMul")
_NO_KERNELS = {
    "float16": "ONNX Runtime has no float16 kernels for CPUs: it would compute in float32, after conversions",
    "int8": "full int8 is built for LiteRT alone: ONNX Runtime has no static int8 for an LSTM, and for a transformer "
    "one range for each tensor, which loses its accuracy",
}


def convert(serve: Any, quantization: str = "", per_channel: bool = True, kept_in_float: Sequence[str] = ()) -> bytes:
    """Returns a model for ONNX Runtime.

    Args:
        serve: A tf.function with an input signature; the names there become those of the inputs.
        quantization: "" (float32) or "dynamic".
        per_channel: Each output channel of a matrix has a scale of its own; otherwise each matrix has one.
        kept_in_float: Names of layers with a matrix, see `with_matrices`, that stays float32.

    Raises:
        OnnxConversionError: The conversion fails, is not one for ONNX Runtime, or cannot keep a layer in float.
    """
    if quantization in _NO_KERNELS:
        raise OnnxConversionError(_NO_KERNELS[quantization])
    converted = _exported(serve)
    return quantize(converted, per_channel, kept_in_float) if quantization else converted.SerializeToString()


def _exported(serve: Any) -> onnx.ModelProto:
    """Returns a float model: what `tf2onnx.convert.from_function` does, without tf2onnx's own optimiser.

    ONNX Runtime optimises a graph when it loads it. With a DistilBERT of 23 million weights, tf2onnx's optimiser
    changed neither a prediction nor a time, but took 5 seconds and 3.4 GiB of memory.
    """
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    function = serve.get_concrete_function()
    inputs = [tensor.name for tensor in function.inputs if tensor.dtype != tf.resource]
    outputs = [tensor.name for tensor in function.outputs]
    names = dict(zip(inputs, (one.name for one in serve.input_signature), strict=True))
    try:
        frozen = tf2onnx.tf_loader.from_function(function, inputs, outputs)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            converted = tf2onnx.tfonnx.process_tf_graph(
                graph, opset=_OPSET, input_names=inputs, output_names=outputs, tensors_to_rename=names
            )
            return converted.make_model(serve.__name__)
    # tf2onnx raises whatever comes: there is no error class of its own.
    except Exception as error:
        raise OnnxConversionError(f"tf2onnx: {error}") from error


def quantize(converted: onnx.ModelProto, per_channel: bool = True, kept_in_float: Sequence[str] = ()) -> bytes:
    """Returns a float model with int8 weights; what a layer reads is rounded while it runs, one scale for all of it.

    Args:
        converted: What `convert` returns without quantisation.
        per_channel, kept_in_float: As for `convert`.

    Raises:
        OnnxConversionError: A layer cannot be kept in float.
    """
    kept = [name for layer in kept_in_float for name in _nodes_of(converted, layer)]
    with tempfile.TemporaryDirectory() as scratch:
        destination = Path(scratch) / "quantized.onnx"
        quantize_dynamic(
            converted,
            destination,
            per_channel=per_channel,
            # Processors without VNNI sum two products in 16 bits, which may overflow; weights of 7 bits would prevent
            # that. Candidates are measured where they run, so it shows.
            reduce_range=False,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
        )
        return destination.read_bytes()


def with_matrices(model: Any, layers: Sequence[str]) -> list[str]:
    """Returns those of a Keras model's layers that have a matrix; `quantize` leaves all others in float anyway."""
    return [name for name in layers if any(weight.shape.rank > 1 for weight in model.get_layer(name).weights)]


def _nodes_of(converted: onnx.ModelProto, layer: str) -> list[str]:
    """Returns the names of the nodes with the weights of a Keras layer: "<model>/<layer>/<operation>"."""
    nodes = [node for node in converted.graph.node if node.op_type in _WITH_WEIGHTS]
    names = [node.name for node in nodes if layer in node.name.split("/")[1:-1]]
    if not names:
        raise OnnxConversionError(f"the layer {layer} cannot be kept in float: tf2onnx has merged it into others")
    return names
