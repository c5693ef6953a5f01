"""Pruning a tiny LSTM."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.prune.pruning import PruningSettings, prune_candidates
from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, checkpoint_directory, list_bundles, read_failures
from components.shared.records.conversions import read_conversions
from components.shared.records.features import read_embeddings, read_split
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.fitting import predict

_SETTINGS = PruningSettings(sparsity=0.5, schedule="polynomial", layers=["*"], kept_in_float=[])


def _prune(tiny: Any, destination: Path, **settings: Any) -> Path:
    given = replace(_SETTINGS, **settings)
    prune_candidates("lstm", tiny.features, tiny.plan, [tiny.trained], given, tiny.finetuning, 0.0, destination)
    return destination


def test_the_wanted_share_of_every_kernel_is_zero(tiny_pruned: Path) -> None:
    weights = load_checkpoint(checkpoint_directory(tiny_pruned, "lstm-prune")).weights
    for name in ("lstm/0", "lstm/1", "classifier/0"):
        assert np.mean(weights[name] == 0) == pytest.approx(0.5, abs=1 / weights[name].size)


def test_the_frozen_word_vectors_are_not_pruned(tiny: Any, tiny_pruned: Path) -> None:
    weights = load_checkpoint(checkpoint_directory(tiny_pruned, "lstm-prune")).weights
    np.testing.assert_array_equal(weights["embedding/0"], read_embeddings(tiny.features, "random"))


def test_pruning_trains_the_remaining_weights(tiny: Any, tiny_pruned: Path) -> None:
    before = load_checkpoint(checkpoint_directory(tiny.trained, "lstm")).weights["lstm/1"]
    after = load_checkpoint(checkpoint_directory(tiny_pruned, "lstm-prune")).weights["lstm/1"]
    assert np.all(after[after != 0] != before[after != 0])


def test_the_pruned_bundle_computes_what_the_pruned_checkpoint_computes(tiny: Any, tiny_pruned: Path) -> None:
    checkpoint = load_checkpoint(checkpoint_directory(tiny_pruned, "lstm-prune"))
    assert checkpoint.chain == ("prune",)
    reviews = read_split(tiny.features, "tune")
    expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
    predicted = load_bundle(bundle_directory(tiny_pruned, "lstm-prune")).predict(reviews["text"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_the_training_of_the_parent_is_counted_too(tiny: Any, tiny_pruned: Path) -> None:
    parent = read_manifest(bundle_directory(tiny.trained, "lstm")).training
    pruned = read_manifest(bundle_directory(tiny_pruned, "lstm-prune")).training
    assert pruned.seconds > parent.seconds
    assert pruned.cost_eur and parent.cost_eur and pruned.cost_eur > parent.cost_eur


def test_the_parent_is_left_as_it_was(tiny: Any, tiny_pruned: Path) -> None:
    weights = load_checkpoint(checkpoint_directory(tiny.trained, "lstm")).weights
    assert not np.any(weights["lstm/0"] == 0)


def test_a_model_that_the_plan_does_not_want_gives_an_empty_directory(tiny: Any, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    destination = tmp_path / "candidates"
    prune_candidates("distilbert", tiny.features, tiny.plan, [empty], _SETTINGS, tiny.finetuning, 0.0, destination)
    assert list_bundles(destination) == {} and read_failures(destination) == {}
    assert destination.is_dir()


def test_with_a_constant_schedule_the_wanted_share_is_zero_too(tiny: Any, tmp_path: Path) -> None:
    pruned = _prune(tiny, tmp_path / "pruned", schedule="constant", sparsity=0.25)
    weights = load_checkpoint(checkpoint_directory(pruned, "lstm-prune")).weights
    for name in ("lstm/0", "lstm/1", "classifier/0"):
        assert np.mean(weights[name] == 0) == pytest.approx(0.25, abs=1 / weights[name].size)


def test_only_the_chosen_layers_are_pruned_and_none_that_is_kept(tiny: Any, tmp_path: Path) -> None:
    for number, settings in enumerate(({"layers": ["lst*"]}, {"kept_in_float": ["class*"]})):
        pruned = _prune(tiny, tmp_path / str(number), **settings)
        weights = load_checkpoint(checkpoint_directory(pruned, "lstm-prune")).weights
        assert np.mean(weights["lstm/0"] == 0) == 0.5
        assert not np.any(weights["classifier/0"] == 0)
        assert read_conversions([pruned])["lstm-prune"].notes == ("left as they are: classifier",)


def test_layers_that_are_not_there_are_a_recorded_failure(tiny: Any, tmp_path: Path) -> None:
    pruned = _prune(tiny, tmp_path / "pruned", layers=["transformer.*"])
    assert read_failures(pruned) == {"lstm-prune": "no layer is left to change; there are lstm, classifier"}


def test_the_measured_sparsity_is_that_of_what_was_exported(tiny: Any, tiny_pruned: Path) -> None:
    conversion = read_conversions([tiny_pruned])["lstm-prune"]
    assert conversion.sparsity == pytest.approx(0.5, abs=0.02)
    assert conversion.usage.seconds > 0 and conversion.notes == ()


def test_an_impossible_sparsity_is_refused(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sparsity 1\.5"):
        _prune(tiny, tmp_path / "none", sparsity=1.5)


def test_too_few_training_steps_are_a_recorded_failure(tiny: Any, tmp_path: Path) -> None:
    finetuning = replace(tiny.finetuning, rows=6, epochs=1)
    given = ("lstm", tiny.features, tiny.plan, [tiny.trained], _SETTINGS, finetuning, 0.0)
    prune_candidates(*given, tmp_path / "none")
    assert read_failures(tmp_path / "none") == {
        "lstm-prune": "pruning needs at least 2 training steps, not 1: raise the rows or the epochs"
    }
