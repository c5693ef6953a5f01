"""Quantising a small model for LiteRT: which layers stay float, how many scales there are, what is stored."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from components.shared.architectures.litert_conversion import Feed, convert, stored_matrices
from components.shared.training.keras import ConverterError, keras, tf

_LENGTH, _WORDS, _UNITS, _INNER = 7, 50, 32, 40
_LAYERS = ("embedding", "lstm", "inner", "classifier")
#: What DistilBERT computes with integers.
_INTEGERS = ("FULLY_CONNECTED", "GATHER")
_Convert = Callable[..., bytes]


@pytest.fixture(scope="module")
def model() -> Any:
    keras.utils.set_random_seed(3)
    tokens = keras.Input((_LENGTH,), dtype="int32")
    vectors = keras.layers.Embedding(_WORDS, _UNITS, name="embedding")(tokens)
    state = keras.layers.LSTM(_UNITS, name="lstm")(vectors)
    inner = keras.layers.Dense(_INNER, activation="relu", name="inner")(state)
    model = keras.Model(tokens, keras.layers.Dense(30, activation="softmax", name="classifier")(inner))
    numbers = np.random.default_rng(3)
    model.set_weights([numbers.normal(0, 0.3, weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def reviews() -> NDArray[np.int32]:
    return np.random.default_rng(4).integers(0, _WORDS, (20, 1, _LENGTH), dtype=np.int32)


@pytest.fixture(scope="module")
def converted(model: Any, reviews: NDArray[np.int32]) -> _Convert:
    @tf.function(input_signature=[tf.TensorSpec((1, _LENGTH), tf.int32, name="tokens")])
    def serve(tokens: Any) -> Any:
        return model(tokens, training=False)

    def calibration() -> Iterator[Feed]:
        return ({"tokens": review} for review in reviews)

    def build(quantization: str, **settings: Any) -> bytes:
        given = {"int8_operations": _INTEGERS, "calibration": calibration} | settings
        return convert(serve.get_concrete_function(), model, quantization, **given)

    return build


def _interpreter(converted: bytes) -> Any:
    interpreter = Interpreter(model_content=converted)
    interpreter.allocate_tensors()
    return interpreter


def _predict(converted: bytes, reviews: NDArray[np.int32]) -> NDArray[np.float32]:
    interpreter = _interpreter(converted)
    predicted = []
    for review in reviews:
        interpreter.reset_all_variables()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], review)
        interpreter.invoke()
        predicted.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.array(predicted)


@pytest.mark.parametrize("quantization", ["dynamic", "float16"])
def test_a_model_whose_layers_are_all_kept_in_float_is_the_float_model(
    converted: _Convert, model: Any, reviews: NDArray[np.int32], quantization: str
) -> None:
    expected = model.predict(reviews[:, 0], verbose=0)
    kept = _predict(converted(quantization, kept_in_float=_LAYERS), reviews)
    np.testing.assert_allclose(kept, expected, atol=1e-6)
    quantized = _predict(converted(quantization), reviews)
    assert np.abs(quantized - expected).max() > 10 * np.abs(kept - expected).max()


@pytest.mark.parametrize("quantization", ["dynamic", "float16", "int8"])
@pytest.mark.parametrize("layer", _LAYERS)
def test_a_layer_that_is_kept_in_float_costs_its_bytes_alone(
    converted: _Convert, model: Any, quantization: str, layer: str
) -> None:
    sizes = [len(converted(quantization, int8_operations=(), kept_in_float=kept)) for kept in ((), [layer])]
    weights = sum(weight.size for weight in model.get_layer(layer).get_weights())
    expected = weights * (2 if quantization == "float16" else 3)
    # A float matrix needs no scales, and a float bias is no larger than one of 32-bit integers.
    assert 0.55 * expected < sizes[1] - sizes[0] < expected + 1600


def test_each_channel_has_a_scale_unless_there_is_one_for_all(converted: _Convert) -> None:
    for per_channel, scales in ((True, _INNER), (False, 1)):
        for quantization in ("dynamic", "int8"):
            details = _interpreter(converted(quantization, per_channel=per_channel)).get_tensor_details()
            (kernel,) = [detail for detail in details if tuple(detail["shape"]) == (_INNER, _UNITS)]
            assert kernel["dtype"] == np.int8
            assert len(np.unique(kernel["quantization_parameters"]["scales"])) == scales


def test_a_dense_layer_that_is_dynamic_in_int8_is_as_near_as_dynamic_makes_it(
    converted: _Convert, model: Any, reviews: NDArray[np.int32]
) -> None:
    others = [layer for layer in _LAYERS if layer != "inner"]
    dynamic = converted("dynamic", kept_in_float=others)
    mixed = converted("int8", kept_in_float=others, dynamic_in_int8=["inner"])
    # With "int8", LiteRT still rounds what an LSTM reads, whatever the LSTM itself does.
    np.testing.assert_allclose(_predict(mixed, reviews), _predict(dynamic, reviews), atol=2e-3)
    assert {matrix.dtype for matrix in stored_matrices(mixed) if matrix.shape == (_INNER, _UNITS)} == {
        np.dtype("int8")
    }


@pytest.mark.parametrize(("quantization", "dtype"), [("", "float32"), ("float16", "float16"), ("int8", "int8")])
def test_stored_matrices_are_those_of_dense_and_lstm_and_no_word_vectors(
    converted: _Convert, quantization: str, dtype: str
) -> None:
    matrices = stored_matrices(converted(quantization, int8_operations=()))
    shapes = sorted(matrix.shape for matrix in matrices if matrix.shape[0] > 1)
    gates = 4
    assert shapes == sorted([(30, _INNER), (_INNER, _UNITS), *[(_UNITS, _UNITS)] * 2 * gates])
    assert {str(matrix.dtype) for matrix in matrices} == {dtype}


def test_a_layer_that_the_converter_merges_into_another_cannot_be_kept() -> None:
    keras.utils.set_random_seed(3)
    numbers = keras.Input((_UNITS,))
    merged = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(_INNER)(numbers))
    model = keras.Model(numbers, keras.layers.Dense(_UNITS)(merged))
    generator = np.random.default_rng(3)
    model.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in model.get_weights()])

    @tf.function(input_signature=[tf.TensorSpec((1, _UNITS), tf.float32)])
    def serve(tensor: Any) -> Any:
        return model(tensor, training=False)

    with pytest.raises(ConverterError, match="norm cannot be kept in float"):
        convert(serve.get_concrete_function(), model, "dynamic", kept_in_float=["norm"])
