"""Which attention heads and neurons stay, and with which weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import DistilBert
from components.shared.distilbert_sizes import narrowed
from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import Checkpoint, Weights, load_checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict
from components.shared.training.keras import keras
from components.shrink.width import drop_heads_and_neurons, measure_importance

_LAYER = "transformer.layer.0"
_OUT, _LIN1, _LIN2 = (f"{_LAYER}.{name}" for name in ("attention.out_lin", "ffn.lin1", "ffn.lin2"))


@pytest.fixture
def parent(optimised: Any) -> Checkpoint:
    return load_checkpoint(checkpoint_directory(optimised.trained, "distilbert"))


@pytest.fixture
def architecture(parent: Checkpoint) -> DistilBert:
    assert isinstance(parent.architecture, DistilBert)
    return parent.architecture


@pytest.fixture
def reviews(optimised: Any, parent: Checkpoint) -> list[Encoded]:
    return list(read_examples(parent.architecture, optimised.features, "tune").encoded)


def test_heads_and_neurons_that_add_nothing_go_and_nothing_changes(
    parent: Checkpoint, architecture: DistilBert, reviews: list[Encoded]
) -> None:
    weights = _muted(parent.weights, heads=[0, 2], neurons=range(1, 64, 2))
    importance = measure_importance(architecture, weights, reviews)
    smaller = narrowed(architecture.sizes, 0.5, 0.5)
    left = drop_heads_and_neurons(weights, importance, architecture.sizes, smaller)
    second_and_fourth = np.r_[8:16, 24:32]
    for part in ("q", "k", "v"):
        name = f"{_LAYER}.attention.{part}_lin"
        np.testing.assert_array_equal(left[f"{name}/0"], weights[f"{name}/0"][:, second_and_fourth])
        np.testing.assert_array_equal(left[f"{name}/1"], weights[f"{name}/1"][second_and_fourth])
    np.testing.assert_array_equal(left[f"{_OUT}/0"], weights[f"{_OUT}/0"][second_and_fourth])
    np.testing.assert_array_equal(left[f"{_LIN1}/0"], weights[f"{_LIN1}/0"][:, ::2])
    np.testing.assert_array_equal(left[f"{_LIN1}/1"], weights[f"{_LIN1}/1"][::2])
    np.testing.assert_array_equal(left[f"{_LIN2}/0"], weights[f"{_LIN2}/0"][::2])
    whole = replace(parent, weights=weights)
    narrower = replace(parent, architecture=architecture.with_sizes(smaller), weights=left)
    expected, predicted = (predict(one.architecture, one.build(), reviews) for one in (whole, narrower))
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_importance_is_the_length_of_what_a_head_or_neuron_adds(
    parent: Checkpoint, architecture: DistilBert, reviews: list[Encoded]
) -> None:
    importance = measure_importance(architecture, parent.weights, reviews[:1])
    for reader, source, size in ((_OUT, "attention", 8), (_LIN2, "ffn.gelu", 1)):
        outputs = _outputs(parent, f"{_LAYER}.{source}", reviews[0])
        weights = parent.weights[f"{reader}/0"]
        groups = [slice(start, start + size) for start in range(0, len(weights), size)]
        added = [np.linalg.norm(outputs[:, columns] @ weights[columns], axis=1).sum() for columns in groups]
        np.testing.assert_allclose(importance[reader], added, rtol=1e-3)


def test_the_last_layer_is_judged_on_the_first_piece_where_the_head_reads_no_other(
    parent: Checkpoint, architecture: DistilBert, reviews: list[Encoded]
) -> None:
    other_head = DistilBert(
        architecture.sizes, architecture.tokenizer_json, architecture.classes, 24, "", 1e-3, 16, head="first"
    )
    weights = parent.weights | {
        "pre_classifier/0": np.eye(32, dtype=np.float32),
        "pre_classifier/1": np.zeros(32, np.float32),
    }
    importance = measure_importance(other_head, weights, reviews[:1])
    last = "transformer.layer.1"
    first_piece = _outputs(parent, f"{last}.ffn.gelu", reviews[0])[0]
    norms = np.linalg.norm(weights[f"{last}.ffn.lin2/0"], axis=1)
    np.testing.assert_allclose(importance[f"{last}.ffn.lin2"], np.abs(first_piece) * norms, rtol=1e-3)
    every_piece = measure_importance(architecture, parent.weights, reviews[:1])
    np.testing.assert_allclose(importance[_LIN2], every_piece[_LIN2], rtol=1e-4)


def test_padding_says_nothing(parent: Checkpoint, architecture: DistilBert, reviews: list[Encoded]) -> None:
    shortest, longest = min(reviews, key=len), max(reviews, key=len)
    together = measure_importance(architecture, parent.weights, [shortest, longest])
    apart = [measure_importance(architecture, parent.weights, [review]) for review in (shortest, longest)]
    for name, values in together.items():
        np.testing.assert_allclose(values, apart[0][name] + apart[1][name], rtol=1e-4)


def _outputs(parent: Checkpoint, layer: str, review: Encoded) -> Any:
    """Returns what a layer puts out for the word pieces of one review, (pieces, columns)."""
    model = parent.build()
    inside = keras.Model(model.inputs, model.get_layer(layer).output)
    return inside(parent.architecture.inputs([review])).numpy()[: len(review)]


def _muted(weights: Weights, heads: list[int], neurons: range) -> Weights:
    """Returns weights by which some heads, of eight columns each, and some neurons of every layer add nothing."""
    muted = dict(weights)
    for layer in range(2):
        for reader, rows in (
            ("attention.out_lin", np.add.outer(np.array(heads) * 8, np.arange(8)).ravel()),
            ("ffn.lin2", np.array(neurons)),
        ):
            name = f"transformer.layer.{layer}.{reader}/0"
            muted[name] = muted[name].copy()
            muted[name][rows] = 0
    return muted
