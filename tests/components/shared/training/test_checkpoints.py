"""Checkpoints: what is saved is what comes back."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.shared.meter import Usage
from components.shared.records.candidates import checkpoint_directory
from components.shared.training.checkpoints import (
    Checkpoint,
    get_weights,
    load_checkpoint,
    save_checkpoint,
    set_weights,
)
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict


@pytest.fixture(scope="module")
def parent(tiny: Any) -> Checkpoint:
    return load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))


def test_a_checkpoint_comes_back_exactly(tiny: Any, parent: Checkpoint, tmp_path: Path) -> None:
    model = parent.build()
    training = Usage(seconds=12.5, device="gpu", cost_eur=0.25)
    save_checkpoint(tmp_path / "again", parent.architecture, model, ("prune",), training)
    loaded = load_checkpoint(tmp_path / "again")
    assert loaded.chain == ("prune",) and loaded.training == training
    assert set(loaded.weights) == set(parent.weights)
    assert all(np.array_equal(loaded.weights[name], parent.weights[name]) for name in parent.weights)
    encoded = read_examples(parent.architecture, tiny.features, "tune").encoded
    expected = predict(parent.architecture, model, encoded)
    np.testing.assert_array_equal(predict(loaded.architecture, loaded.build(), encoded), expected)


def test_names_of_weights_are_the_same_for_every_model_of_a_process(parent: Checkpoint) -> None:
    names = [list(get_weights(parent.build())) for _ in range(3)]
    assert names[0] == names[1] == names[2]


def test_changing_a_built_model_leaves_the_checkpoint_as_it_is(parent: Checkpoint) -> None:
    before = parent.weights["lstm/0"].copy()
    model = parent.build()
    model.get_layer("lstm").set_weights([weight * 0 for weight in model.get_layer("lstm").get_weights()])
    np.testing.assert_array_equal(parent.weights["lstm/0"], before)
    assert np.any(parent.build().get_layer("lstm").get_weights()[0] != 0)


def test_weights_of_another_model_are_refused(parent: Checkpoint) -> None:
    model = parent.build()
    with pytest.raises(KeyError):
        set_weights(model, {name: weight for name, weight in parent.weights.items() if name != "lstm/1"})
    with pytest.raises(ValueError, match="shape"):
        set_weights(model, parent.weights | {"lstm/1": np.zeros((2, 2))})


def test_a_checkpoint_holds_no_pickle(tiny: Any) -> None:
    with zipfile.ZipFile(checkpoint_directory(tiny.trained, "lstm") / "weights.npz") as archive:
        for name in archive.namelist():
            np.lib.format.read_array(archive.open(name), allow_pickle=False)
