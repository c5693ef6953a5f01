"""Which neurons stay, and with which weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.shared.architectures.distilbert import DistilBert
from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict
from components.shrink.width import drop_neurons, measure_importance

_LIN1, _BIAS, _LIN2 = (f"transformer.layer.0.ffn.{name}" for name in ("lin1/0", "lin1/1", "lin2/0"))


@pytest.fixture
def parent(optimised: Any) -> Checkpoint:
    return load_checkpoint(checkpoint_directory(optimised.trained, "distilbert"))


def test_neurons_that_add_nothing_go_and_nothing_changes(optimised: Any, parent: Checkpoint) -> None:
    assert isinstance(parent.architecture, DistilBert)
    silent = np.arange(1, 64, 2)
    weights = dict(parent.weights)
    for layer in range(2):
        name = f"transformer.layer.{layer}.ffn.lin2/0"
        weights[name] = weights[name].copy()
        weights[name][silent] = 0
    muted = replace(parent, weights=weights)
    reviews = read_examples(parent.architecture, optimised.features, "tune").encoded
    architecture, left = drop_neurons(parent.architecture, weights, measure_importance(muted, reviews), 32)
    narrower = replace(parent, architecture=architecture, weights=left)
    np.testing.assert_array_equal(left[_LIN1], weights[_LIN1][:, ::2])
    np.testing.assert_array_equal(left[_BIAS], weights[_BIAS][::2])
    np.testing.assert_array_equal(left[_LIN2], weights[_LIN2][::2])
    expected, predicted = (predict(one.architecture, one.build(), reviews) for one in (muted, narrower))
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_padding_says_nothing_about_a_neuron(optimised: Any, parent: Checkpoint) -> None:
    reviews = read_examples(parent.architecture, optimised.features, "tune").encoded
    shortest, longest = min(reviews, key=len), max(reviews, key=len)
    together, apart = (
        {layer: sum(measure_importance(parent, part)[layer] for part in parts) for layer in range(2)}
        for parts in ([[shortest, longest]], [[shortest], [longest]])
    )
    for layer in range(2):
        np.testing.assert_allclose(together[layer], apart[layer], rtol=1e-4)
