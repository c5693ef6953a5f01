"""ONNX Runtime computes what Keras computes, and what a review gets does not depend on its company."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from components.finetune_distilbert.base_model import copy_weights, load_base_model
from components.shared.architectures.base import Architecture, OnnxConversionError
from components.shared.architectures.distilbert import DistilBert
from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.bundle import Manifest, load_bundle, read_manifest, write_bundle
from components.shared.layer_names import matching
from components.shared.meter import Usage
from components.shared.predictors.base import Predictor
from components.shared.predictors.models import LITERT_FILE
from components.shared.predictors.running import Execution
from components.shared.records.candidates import bundle_directory, onnx_directory, read_no_onnx
from components.shared.records.task import Task
from components.shared.texts.text import TextPreprocessing
from components.shared.training.export import write_onnx_bundle
from components.shared.training.fitting import predict

_WORDS = "love awful okay nice perfect itchy cheap dress top size soft average".split()
_TEXTS = [
    "love this perfect dress",
    "awful itchy cheap top",
    "okay average size " * 5,
    "nice",
    "soft soft nice love perfect dress top size okay average",
    "",
]
_REVIEWS = pd.DataFrame({"natural": _TEXTS, "tokens": [text.replace("this ", "") for text in _TEXTS]})


@pytest.fixture(scope="module", params=["lstm", "distilbert"])
def architecture(request: pytest.FixtureRequest, pretrained: dict[str, Path]) -> Architecture:
    if request.param == "lstm":
        return _lstm(directions=2)
    base = load_base_model(str(pretrained["distilbert"]))
    return DistilBert(base.sizes, base.tokenizer, 3, 24, base.name, learning_rate=1e-3, batch_size=4)


def _lstm(directions: int) -> Lstm:
    vectors = np.random.default_rng(0).normal(0, 1, (len(_WORDS) + 1, 16)).astype(np.float32)
    sizes = LstmSizes(
        units=16,
        directions=directions,
        dropout=0.2,
        embedding_dropout=0.3,
        fine_tuned=directions == 2,
        classes=3,
        length=10,
        text=TextPreprocessing(),
        base_model="random",
        learning_rate=0.01,
        batch_size=4,
    )
    return Lstm(sizes, _WORDS, vectors)


@pytest.fixture(scope="module")
def model(architecture: Architecture, pretrained: dict[str, Path]) -> Any:
    """A model whose predictions differ from review to review."""
    model = architecture.build()
    if isinstance(architecture, DistilBert):
        copy_weights(load_base_model(str(pretrained["distilbert"])), model)
    generator = np.random.default_rng(1)
    kernel, bias = model.get_layer("classifier").get_weights()
    model.get_layer("classifier").set_weights([generator.normal(0, 0.7, kernel.shape), bias])
    return model


@pytest.fixture(scope="module")
def bundle(architecture: Architecture, model: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """From a quantisation to the bundle for LiteRT of a candidate, with one for ONNX Runtime beside it."""
    root = tmp_path_factory.mktemp("candidates")

    def write(quantization: str) -> Path:
        directory = bundle_directory(root, quantization or "float32")
        if not directory.exists():
            parts = architecture.bundle_parts(quantization)
            manifest = Manifest(
                candidate="candidate",
                task=Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text"),
                model=architecture.name,
                base_model="tiny",
                runtime="litert",
                predictor=parts.predictor,
                preprocessing=parts.preprocessing,
                data_fingerprint="d",
                code_fingerprint="c",
                training=Usage(),
            )
            write_bundle(directory, manifest, {LITERT_FILE: architecture.export(model), **parts.files})
            write_onnx_bundle(
                directory,
                lambda: architecture.export_onnx(model, quantization),
                lambda onnx: None,
                quantized=bool(quantization),
            )
        return directory

    return write


def _onnx(bundle: Path, **execution: int) -> Predictor:
    return load_bundle(onnx_directory(bundle.parents[1], bundle.parent.name), Execution(**execution))


@pytest.mark.parametrize(("quantization", "bound"), [("", 1e-5), ("dynamic", 0.1)])
def test_onnx_runtime_computes_what_keras_computes(
    architecture: Architecture, model: Any, bundle: Callable[[str], Path], quantization: str, bound: float
) -> None:
    expected = predict(architecture, model, architecture.encode(_REVIEWS))
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(_onnx(bundle(quantization)).predict(_TEXTS), expected, atol=bound)


def test_float_models_predict_the_same_in_both_run_times(bundle: Callable[[str], Path]) -> None:
    np.testing.assert_allclose(_onnx(bundle("")).predict(_TEXTS), load_bundle(bundle("")).predict(_TEXTS), atol=1e-5)


@pytest.mark.parametrize("execution", [{}, {"threads": 1, "workers": 2, "batch_size": 2}])
def test_order_and_company_change_nothing_for_a_quantised_model(
    bundle: Callable[[str], Path], execution: dict[str, int]
) -> None:
    predictor = _onnx(bundle("dynamic"), **execution)
    together = predictor.predict(_TEXTS)
    np.testing.assert_array_equal(together, np.concatenate([predictor.predict([text]) for text in _TEXTS]))
    np.testing.assert_array_equal(predictor.predict(_TEXTS[::-1])[::-1], together)


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_batches_and_workers_change_nothing_for_a_float_model(bundle: Callable[[str], Path], runtime: str) -> None:
    def predicted(**execution: int) -> Any:
        return (
            load_bundle(bundle(""), Execution(**execution)) if runtime == "litert" else _onnx(bundle(""), **execution)
        ).predict(_TEXTS * 3)

    expected = predicted(threads=1, workers=1, batch_size=1)
    for execution in ({"workers": 2, "batch_size": 1}, {"batch_size": 4}, {"threads": 2}):
        np.testing.assert_allclose(predicted(**execution), expected, atol=1e-6)


def test_a_quantised_model_has_few_float_weights_left(bundle: Callable[[str], Path]) -> None:
    weights = [_float_values(onnx.load(_model_file(bundle(name)))) for name in ("", "dynamic")]
    assert weights[1] < 0.2 * weights[0]


def test_its_manifest_says_which_run_time_it_is_for(bundle: Callable[[str], Path]) -> None:
    directory = bundle("dynamic")
    manifest = read_manifest(_model_file(directory).parent)
    assert manifest.runtime == "onnxruntime" and manifest.preprocessing["alone"] is True
    assert read_manifest(directory).preprocessing["alone"] is False
    assert LITERT_FILE not in manifest.files


@pytest.mark.parametrize(("quantization", "reason"), [("float16", "no float16 kernels"), ("int8", "static int8")])
def test_what_onnx_runtime_is_not_for_is_said(
    architecture: Architecture, model: Any, quantization: str, reason: str
) -> None:
    with pytest.raises(OnnxConversionError, match=reason):
        architecture.export_onnx(model, quantization)


@pytest.mark.parametrize("pattern", ["classifier", "embed*", "transformer.layer.0.*"])
def test_layers_that_are_kept_in_float_have_float_weights(
    architecture: Architecture, model: Any, pattern: str
) -> None:
    kept = matching([layer.name for layer in model.layers if layer.weights], [pattern])
    plain, partly = (
        onnx.load_from_string(architecture.export_onnx(model, "dynamic", kept_in_float=names)) for names in ((), kept)
    )
    weights = [weight for name in kept for weight in model.get_layer(name).get_weights()]
    matrices = [weight for weight in weights if weight.ndim > 1]
    size, scales = sum(matrix.size for matrix in matrices), sum(matrix.shape[1] for matrix in matrices)
    assert size - scales <= _float_values(partly) - _float_values(plain) <= size


@pytest.mark.parametrize("layer", ["lstm", "lstm_backward"])
def test_a_layer_that_cannot_be_kept_in_float_is_named(layer: str) -> None:
    architecture = _lstm(directions=2)
    with pytest.raises(OnnxConversionError, match=f"layer {layer} cannot be kept in float"):
        architecture.export_onnx(architecture.build(), "dynamic", kept_in_float=(layer,))


def test_a_bundle_that_fails_its_check_is_taken_away_with_the_reason(bundle: Callable[[str], Path]) -> None:
    directory = bundle("float-again")
    candidates, candidate = directory.parents[1], directory.parent.name

    def check(written: Path) -> None:
        assert read_manifest(written).runtime == "onnxruntime"
        raise OnnxConversionError("collapsed:\nmacro-F1 0.1")

    write_onnx_bundle(directory, lambda: b"anything", check)
    assert not onnx_directory(candidates, candidate).exists()
    assert read_no_onnx(candidates, candidate) == "collapsed: macro-F1 0.1"


@pytest.mark.parametrize("directions", [1, 2])
def test_an_lstm_is_one_node_that_takes_any_batch(directions: int) -> None:
    architecture = _lstm(directions)
    graph = onnx.load_from_string(architecture.export_onnx(architecture.build())).graph
    assert [node.op_type for node in graph.node].count("LSTM") == 1
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param


def _model_file(bundle: Path) -> Path:
    return onnx_directory(bundle.parents[1], bundle.parent.name) / "model.onnx"


def _float_values(model: onnx.ModelProto) -> int:
    return sum(
        int(np.prod(tensor.dims)) for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT
    )
