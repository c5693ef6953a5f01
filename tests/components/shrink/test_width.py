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
    importance = measure_importance(architecture, parent.weights, reviews)
    doubled = dict(parent.weights)
    doubled[f"{_OUT}/0"] = doubled[f"{_OUT}/0"].copy()
    doubled[f"{_OUT}/0"][8:16] *= -2
    changed = measure_importance(architecture, doubled, reviews)
    np.testing.assert_allclose(changed[_OUT], importance[_OUT] * [1, 2, 1, 1], rtol=1e-4)
    assert importance[_OUT].shape == (4,) and importance[_LIN2].shape == (64,)
    assert np.all(importance[_OUT] > 0)


def test_padding_says_nothing(parent: Checkpoint, architecture: DistilBert, reviews: list[Encoded]) -> None:
    shortest, longest = min(reviews, key=len), max(reviews, key=len)
    together = measure_importance(architecture, parent.weights, [shortest, longest])
    apart = [measure_importance(architecture, parent.weights, [review]) for review in (shortest, longest)]
    for name, values in together.items():
        np.testing.assert_allclose(values, apart[0][name] + apart[1][name], rtol=1e-4)


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
