"""Which layers stay, and with which weights."""

from typing import Any

import numpy as np
import pytest

from components.shared.architectures.distilbert import DistilBert
from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.techniques import NothingToDoError
from components.shrink.layers import choose_layers, drop_layers


@pytest.mark.parametrize(
    ("layers", "kept", "chosen"),
    [(6, 3, [0, 2, 4]), (6, 5, [0, 1, 2, 3, 4]), (6, 2, [0, 3]), (6, 1, [0]), (12, 4, [0, 3, 6, 9]), (2, 1, [0])],
)
def test_layers_that_stay_are_spread_evenly_from_the_bottom(layers: int, kept: int, chosen: list[int]) -> None:
    assert choose_layers(layers, kept) == chosen


@pytest.mark.parametrize("kept", [6, 7])
def test_a_number_of_layers_that_drops_none_is_refused(kept: int) -> None:
    with pytest.raises(NothingToDoError, match=f"kept_layers is {kept}, the encoder has 6 layers: none would go"):
        choose_layers(6, kept)


def test_the_layers_that_stay_keep_their_weights_and_their_order(optimised: Any) -> None:
    parent = load_checkpoint(checkpoint_directory(optimised.trained, "distilbert"))
    assert isinstance(parent.architecture, DistilBert)
    architecture, weights = drop_layers(parent.architecture, parent.weights, [1])
    assert architecture.sizes == parent.architecture.sizes.model_copy(update={"n_layers": 1})
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, parent.weights[name.replace("layer.0", "layer.1")])
    assert {f"{layer.name}/0" for layer in architecture.build().layers if layer.weights} <= set(weights)
    assert not any("layer.1" in name for name in weights)
