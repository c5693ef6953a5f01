"""DistilBERT: what it computes, what techniques may do to it, and what LiteRT makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.finetune_distilbert.base_model import copy_weights, load_base_model
from components.shared.architectures.distilbert import DistilBert
from components.shared.architectures.distilbert_encoder import MaskBias
from components.shared.bundle import Manifest, load_bundle, write_bundle
from components.shared.meter import Usage
from components.shared.predictors.base import Predictor
from components.shared.records.task import Task
from components.shared.training.keras import keras, tfmot

_TEXTS = [
    "love this perfect dress",
    "awful itchy cheap top returned",
    "okay average fine so the size runs thin and odd but nice and soft and pretty and comfortable in the dress",
    "nice",
    "beautiful favourite compliments " * 6,
]
_REVIEWS = pd.DataFrame({"natural": _TEXTS})
_TASK = Task(labels=("1", "2", "3"), scores=(1, 2, 3), text_column="text")


@pytest.fixture(scope="module")
def architecture(pretrained: dict[str, Path]) -> DistilBert:
    base = load_base_model(str(pretrained["distilbert"]))
    return DistilBert(base.sizes, base.tokenizer, 3, 40, base.name, learning_rate=1e-3, batch_size=4)


@pytest.fixture
def model(architecture: DistilBert, pretrained: dict[str, Path]) -> Any:
    """A tiny model, its classifier too random enough to prefer a class."""
    model = architecture.build()
    copy_weights(load_base_model(str(pretrained["distilbert"])), model)
    kernel = np.random.default_rng(1).normal(0, 0.5, (32, 3))
    model.get_layer("classifier").set_weights([kernel, np.zeros(3)])
    return model


@pytest.fixture
def predictor(architecture: DistilBert, model: Any, tmp_path: Path) -> Callable[[str], Predictor]:
    def load(quantization: str) -> Predictor:
        parts = architecture.bundle_parts(quantization)
        manifest = Manifest(
            candidate="distilbert",
            task=_TASK,
            model="distilbert",
            base_model="tiny",
            runtime="litert",
            predictor=parts.predictor,
            preprocessing=parts.preprocessing,
            data_fingerprint="d",
            code_fingerprint="c",
            training=Usage(),
        )
        exported = architecture.export(model, quantization, architecture.encode(_REVIEWS))
        write_bundle(tmp_path / quantization, manifest, {"model.tflite": exported, **parts.files})
        return load_bundle(tmp_path / quantization)

    return load


def _predicted(architecture: DistilBert, model: Any) -> Any:
    return model(architecture.inputs(architecture.encode(_REVIEWS)), training=False).numpy()


def _train(architecture: DistilBert, model: Any, epochs: int = 25, callbacks: tuple[Any, ...] = ()) -> float:
    """Returns the last loss."""
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    inputs = architecture.inputs(architecture.encode(_REVIEWS))
    history = model.fit(inputs, np.array([2, 0, 1, 2, 2]), epochs=epochs, verbose=0, callbacks=list(callbacks))
    return float(history.history["loss"][-1])


def _wrapped(architecture: DistilBert, model: Any, wrap: Callable[[Any], Any]) -> Any:
    chosen = architecture.compressible_layers(model)

    def clone(layer: Any) -> Any:
        return wrap(layer) if layer.name in chosen else layer

    return keras.models.clone_model(model, clone_function=clone)


def test_reviews_are_padded_to_the_longest_of_the_batch_rounded_up(architecture: DistilBert) -> None:
    encoded = architecture.encode(_REVIEWS)
    input_ids, attention_mask = architecture.inputs(encoded[:2])
    assert input_ids.shape == attention_mask.shape == (2, 8)
    assert attention_mask.sum(axis=1).tolist() == [6, 7]
    assert not input_ids[attention_mask == 0].any()
    assert architecture.inputs(encoded)[0].shape == (5, 24)


def test_a_long_review_keeps_its_beginning(architecture: DistilBert) -> None:
    long, short = architecture.encode(pd.DataFrame({"natural": ["love " * 100, "love " * 38]}))
    assert len(long) == 40
    assert long.tolist() == short.tolist()


def test_word_dropout_leaves_the_pieces_that_the_tokenizer_adds(architecture: DistilBert) -> None:
    generator = np.random.default_rng(0)
    for encoded in architecture.encode(pd.DataFrame({"natural": [*_TEXTS, "", "zzz unknown"]})):
        for probability in (0.0, 0.5, 1.0):
            left = architecture.drop_words(encoded, probability, generator)
            assert (left[0], left[-1]) == (encoded[0], encoded[-1])
            rest = iter(encoded.tolist())
            assert all(piece in rest for piece in left.tolist())
            if probability == 0:
                assert len(left) == len(encoded)
            if probability == 1:
                assert len(left) == min(len(encoded), 3)


def test_padding_does_not_change_a_prediction(architecture: DistilBert, model: Any) -> None:
    alone = model(architecture.inputs(architecture.encode(_REVIEWS[:1])), training=False).numpy()
    np.testing.assert_allclose(alone, _predicted(architecture, model)[:1], atol=1e-6)


def test_padding_has_a_weight_that_no_sum_notices_and_that_is_a_normal_number() -> None:
    of_word, of_padding = np.exp(MaskBias()(np.array([[1, 0]], dtype=np.int32)).numpy().ravel())
    assert of_word == 1
    # A denormal number makes ONNX Runtime slow.
    assert np.finfo(np.float32).tiny < of_padding
    # Added to the weight of one word, all padding of the longest input changes nothing.
    longest = 512
    assert np.float32(1) + np.float32(longest * of_padding) == np.float32(1)


def test_every_large_kernel_is_compressible_and_no_embedding_is(architecture: DistilBert, model: Any) -> None:
    layers = architecture.compressible_layers(model)
    assert len(layers) == 6 * architecture.sizes.n_layers + 1
    large = {weight.name.split("/")[0] for weight in model.trainable_weights if weight.shape.rank == 2}
    assert large - set(layers) == {"embeddings.word_embeddings", "embeddings.position_embeddings"}


def test_a_saved_architecture_comes_back_the_same(architecture: DistilBert, model: Any, tmp_path: Path) -> None:
    architecture.save(tmp_path)
    loaded = DistilBert.load(tmp_path)
    again = loaded.build()
    again.set_weights(model.get_weights())
    assert loaded.bundle_parts() == architecture.bundle_parts()
    assert (loaded.base_model, loaded.learning_rate, loaded.batch_size) == (architecture.base_model, 1e-3, 4)
    np.testing.assert_array_equal(_predicted(loaded, again), _predicted(architecture, model))


def test_pruned_layers_train_and_keep_their_zeros_when_stripped(architecture: DistilBert, model: Any) -> None:
    schedule = tfmot.sparsity.keras.ConstantSparsity(0.5, begin_step=0, frequency=1)
    pruned = _wrapped(
        architecture, model, lambda layer: tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)
    )
    first = _train(architecture, pruned, 1, (tfmot.sparsity.keras.UpdatePruningStep(),))
    assert _train(architecture, pruned, 25, (tfmot.sparsity.keras.UpdatePruningStep(),)) < first
    stripped = tfmot.sparsity.keras.strip_pruning(pruned)
    for name in architecture.compressible_layers(stripped):
        assert 0.45 < (stripped.get_layer(name).get_weights()[0] == 0).mean() < 0.55
    np.testing.assert_allclose(_predicted(architecture, stripped), _predicted(architecture, pruned), atol=1e-6)


def test_clustered_layers_train_and_keep_their_few_values_when_stripped(architecture: DistilBert, model: Any) -> None:
    initialization = tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS
    clustered = _wrapped(
        architecture,
        model,
        lambda layer: tfmot.clustering.keras.cluster_weights(
            layer, number_of_clusters=8, cluster_centroids_init=initialization
        ),
    )
    first = _train(architecture, clustered, 1)
    assert _train(architecture, clustered, 25) < first
    stripped = tfmot.clustering.keras.strip_clustering(clustered)
    for name in architecture.compressible_layers(stripped):
        assert len(np.unique(stripped.get_layer(name).get_weights()[0])) <= 8
    np.testing.assert_allclose(_predicted(architecture, stripped), _predicted(architecture, clustered), atol=1e-5)


def test_quantisation_aware_training_starts_from_the_model_and_learns(architecture: DistilBert, model: Any) -> None:
    before = _predicted(architecture, model)
    aware = architecture.quantization_aware(model)
    inputs = architecture.inputs(architecture.encode(_REVIEWS))
    aware(inputs, training=True)
    rounded = aware(inputs, training=False).numpy()
    assert 0 < np.abs(rounded - before).max() < 0.1
    first = _train(architecture, aware, 1)
    assert _train(architecture, aware, 25) < first
    np.testing.assert_array_equal(_predicted(architecture, model), before)


def test_what_quantisation_aware_training_learnt_is_copied_back(architecture: DistilBert, model: Any) -> None:
    aware = architecture.quantization_aware(model)
    _train(architecture, aware, 5)
    before = _predicted(architecture, model)
    architecture.copy_from_quantization_aware(aware, model)
    after, simulated = _predicted(architecture, model), _predicted(architecture, aware)
    assert np.abs(after - simulated).max() < 0.1 < np.abs(after - before).max()
    for weight in model.weights:
        trained = next(other for other in aware.weights if other.name == weight.name)
        np.testing.assert_array_equal(weight.numpy(), trained.numpy())


@pytest.mark.parametrize(("quantization", "tolerance"), [("", 1e-5), ("float16", 5e-3), ("dynamic", 0.05)])
def test_the_exported_model_predicts_what_the_trained_one_does(
    architecture: DistilBert, model: Any, predictor: Callable[[str], Predictor], quantization: str, tolerance: float
) -> None:
    predicted = predictor(quantization).predict(_TEXTS)
    np.testing.assert_allclose(predicted, _predicted(architecture, model), atol=tolerance)


def test_full_int8_is_near(architecture: DistilBert, model: Any, predictor: Callable[[str], Predictor]) -> None:
    predicted = predictor("int8").predict(_TEXTS)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=0.02)
    assert np.abs(predicted - _predicted(architecture, model)).mean() < 0.1


@pytest.mark.parametrize("quantization", ["", "float16", "dynamic", "int8"])
def test_a_prediction_does_not_depend_on_the_other_reviews(
    predictor: Callable[[str], Predictor], quantization: str
) -> None:
    loaded = predictor(quantization)
    together = loaded.predict(_TEXTS * 8)
    alone = np.concatenate([loaded.predict([text]) for text in _TEXTS] * 8)
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("quantization", ["", "dynamic"])
def test_the_exported_model_does_not_mind_a_longer_padding(
    architecture: DistilBert, model: Any, quantization: str
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=architecture.export(model, quantization))
    run = interpreter.get_signature_runner()
    encoded = architecture.encode(_REVIEWS)[:2]
    results = []
    for length in (16, 40):
        input_ids, attention_mask = architecture._padded(encoded, length)
        results.append(next(iter(run(input_ids=input_ids, attention_mask=attention_mask).values())))
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)
