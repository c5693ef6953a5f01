"""The LSTM: its inputs, and what LiteRT makes of one that is large enough to be quantised."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.architectures.lstm_quantization import BlockQuantizer
from components.shared.bundle import Manifest, load_bundle, write_bundle
from components.shared.meter import Usage
from components.shared.predictors.base import Predictor
from components.shared.predictors.lstm import LstmParameters
from components.shared.records.features import Features, Imbalance
from components.shared.records.task import Task
from components.shared.texts.text import TextPreprocessing, natural_text
from components.shared.training.fitting import predict
from components.shared.training.keras import tf

_WORDS = [f"{first}{second}" for first in "abcdefgh" for second in "aeiouy"]
_LENGTH, _DIMENSIONS, _UNITS = 12, 32, 32
_TEXTS = ["aa be ci do", "hy gu", "", "fe " * 30, "unknown aa words", "The aa, the be! ba bo bu by ca"]
_TEXT = TextPreprocessing(stop_words=("the",))


@pytest.fixture(scope="module")
def architecture() -> Lstm:
    return _lstm(directions=2, fine_tuned=True)


def _lstm(directions: int, fine_tuned: bool) -> Lstm:
    vectors = np.random.default_rng(0).normal(0, 1, (len(_WORDS) + 1, _DIMENSIONS)).astype(np.float32)
    vectors[0] = 0
    sizes = LstmSizes(
        units=_UNITS,
        directions=directions,
        dropout=0.2,
        embedding_dropout=0.3,
        fine_tuned=fine_tuned,
        classes=3,
        length=_LENGTH,
        text=_TEXT,
        base_model="random",
        learning_rate=0.01,
        batch_size=4,
    )
    return Lstm(sizes, _WORDS, vectors)


@pytest.fixture(scope="module")
def model(architecture: Lstm) -> Any:
    """A model whose predictions differ from review to review."""
    model = architecture.build()
    generator = np.random.default_rng(2)
    for name in architecture.compressible_layers(model):
        layer = model.get_layer(name)
        layer.set_weights([generator.normal(0, 0.3, weight.shape) for weight in layer.get_weights()])
    return model


@pytest.fixture(scope="module")
def predictor(
    architecture: Lstm, model: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, Predictor]]:
    root = tmp_path_factory.mktemp("bundles")

    def load(quantization: str) -> tuple[Path, Predictor]:
        directory = root / (quantization or "float32")
        if not directory.exists():
            parts = architecture.bundle_parts(quantization)
            manifest = Manifest(
                candidate="lstm",
                task=Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text"),
                model="lstm",
                base_model="random",
                runtime="litert",
                predictor=parts.predictor,
                preprocessing=parts.preprocessing,
                data_fingerprint="d",
                code_fingerprint="c",
                training=Usage(),
            )
            exported = architecture.export(model, quantization, architecture.encode(_reviews()))
            write_bundle(directory, manifest, {"model.tflite": exported, **parts.files})
        return directory / "model.tflite", load_bundle(directory)

    return load


def _reviews() -> pd.DataFrame:
    tokens = [" ".join(_TEXT.tokens(natural_text(text))) for text in _TEXTS]
    return pd.DataFrame({"tokens": tokens})


def test_training_sees_the_same_numbers_as_the_predictor(architecture: Lstm) -> None:
    numbers = {word: number for number, word in enumerate(_WORDS, start=1)}
    tokens = [_TEXT.tokens(natural_text(text)) for text in _TEXTS]
    (inputs,) = architecture.inputs(architecture.encode(_reviews()))
    parameters = LstmParameters(text=_TEXT, length=_LENGTH)
    expected = parameters.padded([parameters.numbers(words, numbers) for words in tokens])
    np.testing.assert_array_equal(inputs, expected)


@pytest.mark.parametrize(("quantization", "bound"), [("", 1e-5), ("float16", 5e-3), ("dynamic", 0.05), ("int8", 0.1)])
def test_litert_computes_what_keras_computes(
    architecture: Lstm,
    model: Any,
    predictor: Callable[[str], tuple[Path, Predictor]],
    quantization: str,
    bound: float,
) -> None:
    expected = predict(architecture, model, architecture.encode(_reviews()))
    assert np.ptp(expected, axis=0).max() > 0.3
    np.testing.assert_allclose(predictor(quantization)[1].predict(_TEXTS), expected, atol=bound)


@pytest.mark.parametrize("quantization", ["", "float16", "dynamic", "int8"])
def test_the_converter_fuses_the_lstm_of_each_direction(
    predictor: Callable[[str], tuple[Path, Predictor]], quantization: str
) -> None:
    operations = _operations(Interpreter(model_path=str(predictor(quantization)[0])))
    assert operations.count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 2
    assert "WHILE" not in operations


def test_one_direction_is_one_fused_lstm_that_computes_what_keras_computes() -> None:
    architecture = _lstm(directions=1, fine_tuned=False)
    model = architecture.build()
    interpreter = Interpreter(model_content=architecture.export(model))
    assert _operations(interpreter).count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 1
    (inputs,) = architecture.inputs(architecture.encode(_reviews())[:1])
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs)
    interpreter.invoke()
    predicted = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(predicted, model(inputs), atol=1e-5)


def _operations(interpreter: Interpreter) -> list[str]:
    return [operation["op_name"] for operation in interpreter._get_ops_details()]


def test_a_gpu_can_train_it_with_cudnn(model: Any) -> None:
    layers = [layer for layer in model.layers if layer.name.startswith("lstm")]
    assert len(layers) == 2
    assert all(layer._could_use_gpu_kernel for layer in layers)
    assert model.get_layer("embedding").compute_mask(np.ones((1, _LENGTH))) is None


def test_word_vectors_learn_only_if_they_are_fine_tuned() -> None:
    for fine_tuned in (False, True):
        model = _lstm(2, fine_tuned).build()
        learning = {weight.name for weight in model.trainable_weights}
        assert ("embedding/embeddings:0" in learning) == fine_tuned
        assert model.get_layer("embedding").name not in _lstm(2, fine_tuned).compressible_layers(model)


@pytest.mark.parametrize(("quantization", "share"), [("float16", 0.75), ("dynamic", 0.6), ("int8", 0.6)])
def test_quantisation_makes_the_model_smaller(
    predictor: Callable[[str], tuple[Path, Predictor]], quantization: str, share: float
) -> None:
    sizes = [predictor(name)[0].stat().st_size for name in ("", quantization)]
    assert sizes[1] < share * sizes[0]


@pytest.mark.parametrize("quantization", ["", "float16", "dynamic", "int8"])
def test_no_state_is_kept_between_reviews(
    predictor: Callable[[str], tuple[Path, Predictor]], quantization: str
) -> None:
    load = predictor(quantization)[1]
    together = load.predict(_TEXTS)
    np.testing.assert_array_equal(load.predict(_TEXTS[::-1])[::-1], together)
    np.testing.assert_array_equal(np.concatenate([load.predict([text]) for text in _TEXTS]), together)


def test_an_architecture_survives_saving(architecture: Lstm, model: Any, tmp_path: Path) -> None:
    architecture.save(tmp_path)
    loaded = Lstm.load(tmp_path)
    assert loaded.sizes == architecture.sizes
    rebuilt = loaded.build()
    for name in architecture.compressible_layers(model):
        rebuilt.get_layer(name).set_weights(model.get_layer(name).get_weights())
    encoded = loaded.encode(_reviews())
    np.testing.assert_array_equal(predict(loaded, rebuilt, encoded), predict(architecture, model, encoded))


def test_word_vectors_that_do_not_fit_the_vocabulary_are_refused(architecture: Lstm) -> None:
    with pytest.raises(ValueError, match="48 words need 49 rows"):
        Lstm(architecture.sizes, _WORDS, np.zeros((48, 4), dtype=np.float32))


def test_a_quantisation_aware_model_starts_where_the_model_is_and_gives_its_weights_back(
    architecture: Lstm, model: Any
) -> None:
    aware = architecture.quantization_aware(model)
    encoded = architecture.encode(_reviews())
    # The first training step finds the range of the word vectors.
    aware(architecture.inputs(encoded), training=True)
    difference = np.abs(predict(architecture, aware, encoded) - predict(architecture, model, encoded))
    assert 0 < difference.max() < 0.05
    copy = architecture.build()
    architecture.copy_from_quantization_aware(aware, copy)
    for copied, expected in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(copied, expected)


def test_quantisation_aware_training_rounds_every_kernel_and_no_word_vector(architecture: Lstm, model: Any) -> None:
    aware = architecture.quantization_aware(model)
    wrapped = {layer.name for layer in _all_layers(aware) if layer.name.startswith("quant_")}
    assert {f"quant_{name}" for name in architecture.compressible_layers(model)} <= wrapped
    assert not any("embedding" in name for name in wrapped)
    learning = {weight.name for weight in aware.trainable_weights}
    assert "embedding/embeddings:0" in learning


def _all_layers(model: Any) -> list[Any]:
    nested = [_all_layers(layer) for layer in model.layers if hasattr(layer, "layers")]
    return [*model.layers, *(layer for layers in nested for layer in layers)]


def test_each_gate_is_rounded_with_a_scale_of_its_own_and_passes_gradients_on() -> None:
    kernel = tf.constant(np.random.default_rng(1).normal(0, 1, (64, 64)) * np.repeat([1, 10, 100, 1000], 16))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        rounded = BlockQuantizer(4)(kernel, training=True, weights={})
    np.testing.assert_array_equal(tape.gradient(rounded, kernel), np.ones((64, 64)))
    for gate in np.split(rounded.numpy(), 4, axis=1):
        levels = gate / (np.abs(gate).max() / 127)
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-6)
        assert len(np.unique(gate)) > 100


def test_softened_class_weights_favour_rare_classes_and_average_to_one(architecture: Lstm) -> None:
    shares = (0.1, 0.9)
    balanced = tuple(1 / (2 * share) for share in shares)
    features = Features(
        task=Task(labels=("1", "2"), scores=(1, 2), text_column="text"),
        text=_TEXT,
        sequence_length=_LENGTH,
        embeddings=("random",),
        class_weights=balanced,
        class_shares=shares,
        data_fingerprint="d",
        code_fingerprint="c",
    )
    weights = architecture.class_weights(features)
    assert np.dot(weights, shares) == pytest.approx(1)
    assert 1 < weights[0] / weights[1] < balanced[0] / balanced[1]


@pytest.mark.parametrize("imbalance", ["oversample", "undersample", "none"])
def test_class_weights_are_one_if_rare_classes_are_not_met_by_weights(
    architecture: Lstm, imbalance: Imbalance
) -> None:
    features = Features(
        task=Task(labels=("1", "2"), scores=(1, 2), text_column="text"),
        text=_TEXT,
        sequence_length=_LENGTH,
        embeddings=("random",),
        class_weights=(5.0, 0.6),
        class_shares=(0.1, 0.9),
        imbalance=imbalance,
        data_fingerprint="d",
        code_fingerprint="c",
    )
    assert architecture.class_weights(features) == [1.0, 1.0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    length=st.integers(0, 12), probability=st.floats(0, 1, exclude_max=True) | st.just(1.0), seed=st.integers(0, 99)
)
def test_dropping_words_keeps_their_order_and_at_least_one(
    architecture: Lstm, length: int, probability: float, seed: int
) -> None:
    encoded = np.arange(1, length + 1, dtype=np.int32)
    left = architecture.drop_words(encoded, probability, np.random.default_rng(seed))
    assert left.dtype == np.int32 and np.all(np.diff(left) > 0) and set(left) <= set(encoded)
    assert len(left) >= min(length, 1)
    if probability == 0:
        assert len(left) == length
    if probability == 1:
        assert len(left) == min(length, 1)
