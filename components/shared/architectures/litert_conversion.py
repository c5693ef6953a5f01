"""From a Keras model to LiteRT, quantised or not, and what a converted model has stored.

The converter quantises every matrix that it can. A layer that has to stay float is found in the converted model
by the values of its weights, because a fused operation such as the LSTM no longer bears the name of its layer.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.tools import flatbuffer_utils

from components.shared.training.keras import ConverterError, keras, tf

#: One calibration batch: name of an input to its array.
Feed = dict[str, NDArray[np.int32]]
_Array = NDArray[Any]

_GATES = 4
_LARGEST = 127
#: Of the operator FULLY_CONNECTED, since which a float input may meet an int8 kernel with a scale for each row.
_HYBRID_DENSE_VERSION = 12
_TYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT8: np.int8,
}
_OPERATIONS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
#: The operations whose matrices techniques may change: Dense layers and the LSTM, not word vectors.
_MATRIX_OPERATIONS = ("FULLY_CONNECTED", "UNIDIRECTIONAL_SEQUENCE_LSTM")


def convert(
    function: Any,
    model: Any,
    quantization: str = "",
    per_channel: bool = True,
    kept_in_float: Sequence[str] = (),
    calibration: Callable[[], Iterable[Feed]] | None = None,
    int8_operations: Collection[str] = (),
    dynamic_in_int8: Sequence[str] = (),
) -> bytes:
    """Returns a model for LiteRT.

    Args:
        function: A concrete function that calls the model.
        model: The Keras model.
        quantization: "" (float32), "dynamic", "float16" or "int8".
        per_channel: Each output channel of a matrix has a scale of its own; otherwise each matrix has one.
        kept_in_float: Names of layers whose weights stay float32.
        calibration: Gives the batches whose activations set the ranges of "int8".
        int8_operations: Operations that "int8" computes with integers; empty means all that LiteRT can.
        dynamic_in_int8: Names of Dense layers to which "int8" does what "dynamic" does to all.

    Raises:
        ConverterError: The converter refuses, or a layer cannot be kept in float.
    """
    # The converter saves what it is given first. Of a Keras model that would trace every layer, which takes longer
    # than all the rest; the function needs its weights alone.
    weights = tf.Module()
    weights.weights = model.weights
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], weights)
    converter._experimental_disable_per_channel = not per_channel
    if quantization:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    kept = [model.get_layer(name) for name in kept_in_float]
    if quantization != "int8":
        converted = converter.convert()
        return _with_floats(converted, kept) if quantization and kept else converted
    converter.representative_dataset = calibration
    converter._experimental_calibrate_only = True
    dynamic = [model.get_layer(name) for name in dynamic_in_int8 if name not in kept_in_float]
    converted = _quantize_calibrated(converter.convert(), per_channel, [*kept, *dynamic], int8_operations)
    return _with_int8_kernels(converted, dynamic, per_channel) if dynamic else converted


def stored_matrices(converted: bytes) -> list[_Array]:
    """Returns the matrices that Dense layers and LSTMs have in a converted model, as they are stored.

    Of an int8 matrix these are the whole numbers, before any scale: what a compressor sees.
    """
    model = _read(converted)
    found: dict[int, _Array] = {}
    for graph in model.subgraphs:
        expanded = {
            operator.outputs[0]: operator.inputs[0]
            for operator in graph.operators
            if _operation(model, operator) == "DEQUANTIZE"
        }
        for operator in graph.operators:
            if _operation(model, operator) in _MATRIX_OPERATIONS:
                for index in operator.inputs:
                    # An input that is not there has the index -1.
                    if index < 0:
                        continue
                    tensor = graph.tensors[expanded.get(index, index)]
                    array = _constant(model, tensor)
                    if array is not None and array.ndim == 2:
                        found[tensor.buffer] = array
    return list(found.values())


def _quantize_calibrated(
    calibrated: bytes, per_channel: bool, layers: Sequence[Any], int8_operations: Collection[str]
) -> bytes:
    model = _read(calibrated)
    operations = {_operation(model, operator) for graph in model.subgraphs for operator in graph.operators}
    return mlir_quantize(
        calibrated,
        disable_per_channel=not per_channel,
        denylisted_ops=operations - set(int8_operations) if int8_operations else None,
        denylisted_nodes=[name for layer in layers for name in _outputs_of(model, layer)] or None,
    )


def _outputs_of(model: Any, layer: Any) -> list[str]:
    """Returns the names of what the operations put out that read a layer's weights, in a float model."""
    names = []
    for graph in model.subgraphs:
        indices = {index for array in _stored_forms(layer) for index in _holders(model, graph, array)}
        for operator in graph.operators:
            if indices & set(operator.inputs):
                names += [graph.tensors[index].name.decode() for index in operator.outputs]
    if not names:
        raise ConverterError(f"the layer {layer.name} cannot be kept in float: LiteRT has merged it into others")
    return names


def _with_floats(converted: bytes, layers: Sequence[Any]) -> bytes:
    """Returns a model with the float32 weights of some layers in place of its quantised ones."""
    model = _read(converted)
    for graph in model.subgraphs:
        for layer in layers:
            restored = [_restore(model, graph, array) for array in _stored_forms(layer)]
            if not any(restored):
                raise ConverterError(
                    f"the layer {layer.name} cannot be kept in float: it is not found after converting"
                )
        _drop_needless_dequantizations(model, graph)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _restore(model: Any, graph: Any, array: _Array) -> bool:
    """Puts an array in place of every tensor that holds it in a shorter type; returns whether there was one."""
    indices = _holders(model, graph, array)
    for index in indices:
        tensor = graph.tensors[index]
        model.buffers[tensor.buffer].data = np.frombuffer(array.astype("<f4").tobytes(), dtype=np.uint8)
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    return bool(indices)


def _with_int8_kernels(converted: bytes, layers: Sequence[Any], per_channel: bool) -> bytes:
    """Returns a model with the kernels of some Dense layers in int8, symmetric; what they read and give is float.

    LiteRT then finds the range of what they read anew for each row, as it does after "dynamic".
    """
    model = _read(converted)
    for graph in model.subgraphs:
        for layer in layers:
            kernel = layer.kernel.numpy().T
            for index in _holders(model, graph, kernel):
                _round_kernel(model, graph.tensors[index], kernel, per_channel)
                for operator in graph.operators:
                    if index in operator.inputs:
                        operator.builtinOptions.asymmetricQuantizeInputs = True
                        model.operatorCodes[operator.opcodeIndex].version = _HYBRID_DENSE_VERSION
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _round_kernel(model: Any, tensor: Any, kernel: _Array, per_channel: bool) -> None:
    largest = np.abs(kernel).max(axis=1 if per_channel else None, keepdims=True)
    scale = np.maximum(largest / _LARGEST, np.finfo(np.float32).tiny)
    model.buffers[tensor.buffer].data = np.round(kernel / scale).astype(np.int8).view(np.uint8).ravel()
    tensor.type = schema.TensorType.INT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = scale.ravel().astype(np.float32)
    tensor.quantization.zeroPoint = np.zeros(scale.size, dtype=np.int64)
    tensor.quantization.quantizedDimension = 0


def _drop_needless_dequantizations(model: Any, graph: Any) -> None:
    """Lets operations read restored weights directly, or what is looked up in a restored table."""
    kept: list[Any] = []
    direct: dict[int, int] = {}
    for operator in graph.operators:
        operator.inputs = [direct.get(index, index) for index in operator.inputs]
        source, operation = graph.tensors[operator.inputs[0]], _operation(model, operator)
        if operation == "GATHER" and source.type == schema.TensorType.FLOAT32:
            looked_up = graph.tensors[operator.outputs[0]]
            looked_up.type, looked_up.quantization = schema.TensorType.FLOAT32, None
        if operation == "DEQUANTIZE" and source.type == schema.TensorType.FLOAT32:
            direct[operator.outputs[0]] = operator.inputs[0]
        else:
            kept.append(operator)
    graph.operators = kept


def _stored_forms(layer: Any) -> list[_Array]:
    """Returns the weights of a Keras layer as LiteRT stores them: rows are outputs, and an LSTM has four gates."""
    weights = layer.get_weights()
    if isinstance(layer, keras.layers.LSTM):
        weights = [gate for weight in weights for gate in np.split(weight, _GATES, axis=-1)]
    return weights if isinstance(layer, keras.layers.Embedding) else [weight.T for weight in weights]


def _holders(model: Any, graph: Any, array: _Array) -> list[int]:
    """Returns the tensors that hold an array, exactly or rounded to a shorter type."""
    return [index for index, tensor in enumerate(graph.tensors) if _holds(model, tensor, array)]


def _holds(model: Any, tensor: Any, array: _Array) -> bool:
    stored = _constant(model, tensor)
    if stored is None or stored.shape != array.shape:
        return False
    if stored.dtype != np.int8:
        return bool(np.array_equal(stored, array.astype(stored.dtype)))
    scale = np.asarray(tensor.quantization.scale, dtype=np.float32)
    if scale.size > 1:
        axis = tensor.quantization.quantizedDimension
        scale = scale.reshape([-1 if number == axis else 1 for number in range(array.ndim)])
    # Half a step, and a little for how float32 rounds.
    return bool(np.all(np.abs(stored * scale - array) <= 0.501 * scale))


def _constant(model: Any, tensor: Any) -> _Array | None:
    """Returns what a tensor stores, None if it is computed."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0 or tensor.type not in _TYPES:
        return None
    array = np.frombuffer(np.asarray(data, dtype=np.uint8).tobytes(), _TYPES[tensor.type])
    return array.reshape([] if tensor.shape is None else tensor.shape)


def _operation(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return _OPERATIONS[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _read(converted: bytes) -> Any:
    return flatbuffer_utils.read_model_from_bytearray(bytearray(converted))
