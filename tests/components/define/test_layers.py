"""The layers that the plan names are those of the Keras models that are built: names, kinds and shapes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.define.anatomies import read_anatomy
from components.define.distilbert_layers import PACKAGED_SIZES, list_distilbert_layers, read_base_model
from components.define.lstm_layers import LstmShape, list_lstm_layers
from components.engineer_features.embeddings import load_vectors
from components.engineer_features.fitted_vectors import DIMENSIONS as FITTED_DIMENSIONS
from components.shared.architectures.distilbert_encoder import build_classifier
from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.distilbert_sizes import Sizes, narrowed
from components.shared.lstm_variants import DIMENSIONS, PACKAGED, Variant
from components.shared.records.anatomy import Layer
from components.shared.texts.text import TextPreprocessing

_TINY = Sizes(vocab_size=30, max_position_embeddings=16, dim=8, n_layers=2, n_heads=2, hidden_dim=12)


def _described(layers: tuple[Layer, ...]) -> dict[str, tuple[str, tuple[Any, ...]]]:
    return {layer.name: (layer.kind, layer.shapes) for layer in layers}


def _built(model: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
    return {
        layer.name: (type(layer).__name__, tuple(tuple(weight.shape) for weight in layer.weights))
        for layer in model.layers
    }


@pytest.mark.parametrize("head", ["mean", "first"])
@pytest.mark.parametrize("sizes", [_TINY, narrowed(_TINY, 0.5, 1.0)])
def test_the_layers_of_distilbert_are_those_that_are_built(sizes: Sizes, head: Any) -> None:
    assert _described(list_distilbert_layers(sizes, 3, head)) == _built(build_classifier(sizes, 3, head))


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("lower_units", "lower_directions"), [(0, 1), (5, 1), (5, 2)])
def test_the_layers_of_the_lstm_are_those_that_are_built(
    directions: int, lower_units: int, lower_directions: int
) -> None:
    lower: dict[str, Any] = {"lower_units": lower_units, "lower_directions": lower_directions}
    sizes = LstmSizes(
        units=4,
        directions=directions,
        dropout=0.1,
        embedding_dropout=0.1,
        fine_tuned=False,
        classes=3,
        length=6,
        text=TextPreprocessing(),
        base_model="random",
        learning_rate=0.01,
        batch_size=8,
        **lower,
    )
    model = Lstm(sizes, ["a", "b"], np.zeros((3, 7), np.float32)).build()
    shape = LstmShape(3, False, 7, frozen=True, units=4, directions=directions, classes=3, **lower)
    layers = list_lstm_layers(shape)
    assert _described(layers) == _built(model)
    assert {layer.name for layer in layers if layer.frozen} == {
        layer.name for layer in model.layers if layer.weights and not layer.trainable
    }


def test_the_packaged_distilbert_has_the_sizes_of_its_package() -> None:
    from components.finetune_distilbert.base_model import load_base_model

    assert load_base_model().sizes == PACKAGED_SIZES


def test_the_packaged_word_vectors_have_the_dimensions_that_are_told() -> None:
    assert load_vectors(PACKAGED, ["good"]).vector_size == DIMENSIONS[PACKAGED]
    assert {DIMENSIONS[name] for name in ("random", "word2vec", "fasttext")} == {FITTED_DIMENSIONS}


@pytest.mark.parametrize("kind", ["distilbert", "bert"])
def test_the_sizes_of_a_base_model_are_read_from_its_directory(kind: str, pretrained: Any) -> None:
    from components.finetune_distilbert.base_model import load_base_model

    anatomy = read_base_model(str(pretrained[kind]), 3)
    sizes = load_base_model(str(pretrained[kind])).sizes
    assert anatomy.layers == list_distilbert_layers(sizes, 3) and anatomy.heads == sizes.n_heads
    assert anatomy.source.endswith("config.json") and not anatomy.assumed and anatomy.trim_obstacle == ""


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"model_type": "distilbert", "dim": "wide"})])
def test_of_a_base_model_that_cannot_be_read_here_only_names_and_kinds_are_told(content: str, tmp_path: Any) -> None:
    (tmp_path / "config.json").write_text(content)
    for reference in (str(tmp_path), "someone/on-the-hub", "gs://bucket/base"):
        anatomy = read_base_model(reference, 3)
        assert anatomy.assumed and anatomy.heads is None and anatomy.parameters == 0
        assert anatomy.source == f"{reference}; its sizes and its depth are not known before the model is fetched"
        kinds = {layer.name: (layer.kind, len(layer.shapes)) for layer in anatomy.layers}
        known = read_base_model("", 3).layers
        assert kinds.items() <= {layer.name: (layer.kind, len(layer.shapes)) for layer in known}.items()


def test_the_tokenizer_of_a_base_model_on_this_machine_is_looked_at(tmp_path: Path) -> None:
    assert read_base_model(str(tmp_path), 3).trim_obstacle == ""
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram", "vocab": []}}')
    assert "'Unigram'" in read_base_model(str(tmp_path), 3).trim_obstacle
    (tmp_path / "tokenizer.json").write_text("[]")
    assert read_base_model(str(tmp_path), 3).trim_obstacle == ""


def test_what_only_the_data_will_tell_is_left_open() -> None:
    settings = {"maximum_words": 100, "lstm_units": 4, "lstm_directions": 2}
    variants = [Variant("glove-6b-50d", False), Variant("mine.txt", False)]
    layers = {layer.name: layer for layer in read_anatomy("lstm", settings, variants, "", None).layers}
    embedding, classifier = layers["embedding"], layers["classifier"]
    assert embedding.shapes == ((101, None),) and embedding.at_most and embedding.frozen
    assert embedding.parameters is None and embedding.matrices == []
    assert classifier.shapes == ((8, None), (None,))
    assert layers["lstm"].matrices == [4 * 16]
