"""Fewer layers, less width and a trimmed vocabulary, on a tiny DistilBERT, through the steps of the pipeline."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from components.shared.architectures.distilbert import DistilBert
from components.shared.bundle import load_bundle, read_manifest
from components.shared.distilbert_sizes import Sizes
from components.shared.records.candidates import checkpoint_directory, list_bundles, read_failures
from components.shared.records.features import read_split
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.fitting import predict
from components.shrink.retraining import Retraining
from components.shrink.shrinking import ShrinkSettings, shrink_candidates

_UNUSED = ("zebra", "quilted", "##zy")
_BRIEFLY = Retraining(rows=16, epochs=1, learning_rate=0, soft_label_weight=0, seed=1)


def _texts(optimised: Any, split: str) -> list[str]:
    return read_split(optimised.features, split)["natural"].tolist()


def _checkpoint(optimised: Any, candidate: str) -> Checkpoint:
    source = optimised.trained if candidate == "distilbert" else optimised.shrunk
    return load_checkpoint(checkpoint_directory(source, candidate))


def _sizes(checkpoint: Checkpoint) -> Sizes:
    assert isinstance(checkpoint.architecture, DistilBert)
    return checkpoint.architecture.sizes


def test_every_planned_chain_that_ends_in_shrinking_becomes_a_bundle(optimised: Any) -> None:
    assert read_failures(optimised.shrunk) == {}
    assert set(list_bundles(optimised.shrunk)) == {
        *("distilbert-trim", "distilbert-layers", "distilbert-layers-trim"),
        *("distilbert-width", "distilbert-layers-width"),
    }


def test_a_trimmed_model_gives_the_very_same_probabilities_on_train(optimised: Any) -> None:
    texts, bundles = _texts(optimised, "train"), optimised.bundles()
    for whole, trimmed in (("distilbert", "distilbert-trim"), ("distilbert-layers", "distilbert-layers-trim")):
        expected, predicted = (load_bundle(bundles[name]).predict(texts) for name in (whole, trimmed))
        np.testing.assert_array_equal(predicted, expected)


def test_only_pieces_that_train_uses_and_characters_are_left(optimised: Any) -> None:
    vocabularies = [
        Tokenizer.from_file(str(optimised.bundles()[name] / "tokenizer.json")).get_vocab()
        for name in ("distilbert", "distilbert-trim")
    ]
    assert set(vocabularies[0]) - set(vocabularies[1]) == set(_UNUSED)
    assert _sizes(_checkpoint(optimised, "distilbert-trim")).vocab_size == len(vocabularies[1])


def test_positions_that_no_input_reaches_go(optimised: Any) -> None:
    trimmed = _checkpoint(optimised, "distilbert-trim")
    assert isinstance(trimmed.architecture, DistilBert)
    assert _sizes(trimmed).max_position_embeddings == trimmed.architecture.max_length
    assert trimmed.architecture.max_length < _sizes(_checkpoint(optimised, "distilbert")).max_position_embeddings


def test_a_word_that_train_does_not_use_is_still_read(optimised: Any) -> None:
    trimmed = Tokenizer.from_file(str(optimised.bundles()["distilbert-trim"] / "tokenizer.json"))
    trimmed.no_padding()
    assert trimmed.encode("zebra").tokens == ["[CLS]", "z", "##e", "##b", "##r", "##a", "[SEP]"]


def test_dropped_layers_leave_a_smaller_model_that_has_been_trained(optimised: Any) -> None:
    whole, smaller = (_checkpoint(optimised, name) for name in ("distilbert", "distilbert-layers"))
    assert (_sizes(whole).n_layers, _sizes(smaller).n_layers) == (2, 1)
    assert smaller.chain == ("layers",) and smaller.training.seconds > whole.training.seconds
    name = "transformer.layer.0.ffn.lin1/0"
    assert np.all(smaller.weights[name] != whole.weights[name])


def test_dropped_heads_and_neurons_leave_a_narrower_model_that_has_been_trained(optimised: Any) -> None:
    whole, narrower = (_checkpoint(optimised, name) for name in ("distilbert", "distilbert-width"))
    assert (_sizes(whole).n_heads, _sizes(narrower).n_heads) == (4, 2)
    assert (_sizes(whole).hidden_dim, _sizes(narrower).hidden_dim) == (64, 32)
    assert narrower.weights["transformer.layer.0.attention.out_lin/0"].shape == (16, _sizes(whole).dim)
    assert narrower.weights["transformer.layer.0.ffn.lin2/0"].shape == (32, _sizes(whole).dim)
    assert narrower.chain == ("width",) and narrower.training.seconds > whole.training.seconds


def test_layers_and_width_go_together(optimised: Any) -> None:
    sizes = _sizes(_checkpoint(optimised, "distilbert-layers-width"))
    assert (sizes.n_layers, sizes.n_heads, sizes.hidden_dim) == (1, 2, 32)


@pytest.mark.parametrize("name", ["distilbert-layers", "distilbert-width"])
def test_what_is_left_predicts_much_like_the_whole(optimised: Any, name: str) -> None:
    texts, bundles = _texts(optimised, "select"), optimised.bundles()
    whole, smaller = (load_bundle(bundles[one]).predict(texts) for one in ("distilbert", name))
    assert (whole.argmax(axis=1) == smaller.argmax(axis=1)).mean() > 0.8


def test_the_bundle_computes_what_the_checkpoint_computes(optimised: Any) -> None:
    reviews = read_split(optimised.features, "tune")
    for name in ("distilbert-layers", "distilbert-layers-trim", "distilbert-layers-width"):
        checkpoint = _checkpoint(optimised, name)
        expected = predict(checkpoint.architecture, checkpoint.build(), checkpoint.architecture.encode(reviews))
        predicted = load_bundle(optimised.bundles()[name]).predict_natural(reviews["natural"].tolist())
        np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_rarer_pieces_go_if_more_uses_are_asked_for(optimised: Any, tmp_path: Path) -> None:
    settings = ShrinkSettings(
        1, kept_head_share=0.5, kept_neuron_share=0.5, minimum_piece_count=25, retraining=_BRIEFLY
    )
    given = ("distilbert", optimised.features, optimised.plan, [optimised.trained, optimised.shrunk])
    shrink_candidates(*given, settings, 0.5, tmp_path / "rarer")
    trimmed = load_checkpoint(checkpoint_directory(tmp_path / "rarer", "distilbert-trim"))
    assert 60 < _sizes(trimmed).vocab_size < _sizes(_checkpoint(optimised, "distilbert-trim")).vocab_size


@pytest.mark.parametrize(
    "candidate",
    [
        "distilbert-trim-dynamic",
        "distilbert-layers-dynamic",
        "distilbert-layers-trim-dynamic",
        "distilbert-width-dynamic",
        "distilbert-trim-prune",
    ],
)
def test_later_techniques_start_from_a_shrunk_model(optimised: Any, candidate: str) -> None:
    texts, bundles = _texts(optimised, "select"), optimised.bundles()
    parent, technique = candidate.rsplit("-", 1)
    expected, predicted = (load_bundle(bundles[name]).predict(texts) for name in (parent, candidate))
    assert (expected.argmax(axis=1) == predicted.argmax(axis=1)).mean() > 0.8
    manifest = read_manifest(bundles[candidate])
    assert manifest.chain == (*read_manifest(bundles[parent]).chain, technique)
    assert manifest.files["tokenizer.json"] == read_manifest(bundles[parent]).files["tokenizer.json"]


def test_each_technique_of_a_chain_makes_it_smaller(optimised: Any) -> None:
    chain = ("distilbert", "distilbert-layers", "distilbert-layers-trim", "distilbert-layers-trim-dynamic")
    sizes = [read_manifest(optimised.bundles()[name]).files["model.tflite"].bytes for name in chain]
    assert sizes == sorted(set(sizes), reverse=True)


def test_keeping_all_layers_or_all_width_leaves_the_cell_empty_with_the_reason(
    optimised: Any, tmp_path: Path
) -> None:
    settings = ShrinkSettings(
        2, kept_head_share=1.0, kept_neuron_share=1.0, minimum_piece_count=1, retraining=_BRIEFLY
    )
    given = ("distilbert", optimised.features, optimised.plan, [optimised.trained])
    shrink_candidates(*given, settings, 0.5, tmp_path / "some")
    assert set(list_bundles(tmp_path / "some")) == {"distilbert-trim"}
    assert read_failures(tmp_path / "some") == {
        "distilbert-layers": "kept_layers is 2, the encoder has 2 layers: none would go",
        "distilbert-layers-trim": "its parent distilbert-layers was not built",
        "distilbert-layers-width": "its parent distilbert-layers was not built",
        "distilbert-width": "kept_head_share is 1 and kept_neuron_share 1: of 4 heads and 64 neurons none would go",
    }
