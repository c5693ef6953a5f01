import fnmatch

import numpy as np
import pytest

from components.scan_sensitivity.parts import list_parts
from components.scan_sensitivity.scanning import scan_model
from components.scan_sensitivity.treatments import prune_smallest, share_weights
from components.shared.records.candidates import checkpoint_directory, gather
from components.shared.records.sensitivity import read_sensitivities
from components.shared.training.checkpoints import load_checkpoint, save_checkpoint
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict


def _scan(tiny, destination, **changed):
    arguments = {"reviews": 20, "sparsity": 0.5, "clusters": 3, "trained": tiny.trained}
    scan_model("lstm", tiny.features, destination=destination, **(arguments | changed))
    return read_sensitivities([destination])


@pytest.fixture(scope="module")
def scan(tiny, tmp_path_factory):
    """The scan of the tiny LSTM; read only."""
    return _scan(tiny, tmp_path_factory.mktemp("scan"))[0]


def test_every_part_gets_every_treatment(scan):
    parts = ["embedding", "lstm kernel", "lstm recurrent_kernel", "classifier"]
    assert [(one.part, one.treatment) for one in scan.figures] == [
        (part, treatment) for part in parts for treatment in ("int8", "prune", "cluster")
    ]
    assert (scan.model, scan.reviews, scan.sparsity, scan.clusters) == ("lstm", 20, 0.5, 3)


def test_int8_moves_less_of_the_probability_than_zeros_and_few_weights_do(scan):
    by_treatment = {
        treatment: sum(one.shift for one in scan.figures if one.treatment == treatment)
        for treatment in ("int8", "prune", "cluster")
    }
    assert 0 < by_treatment["int8"] < min(by_treatment["prune"], by_treatment["cluster"])
    assert all(0 <= one.shift <= 1 and 0 <= one.agreement <= 1 for one in scan.figures)


def test_what_pruning_and_clustering_leave_alone_is_marked(scan):
    unused = {(one.part, one.treatment) for one in scan.figures if not one.used}
    assert unused == {("embedding", "prune"), ("embedding", "cluster")}


@pytest.mark.parametrize(
    ("part", "treatment", "layer", "position", "treat"),
    [
        ("lstm recurrent_kernel", "prune", "lstm", 1, lambda kernel: prune_smallest(kernel, 0.5)),
        ("classifier", "cluster", "classifier", 0, lambda kernel: share_weights(kernel, 3)),
    ],
)
def test_each_part_is_treated_alone(tiny, scan, part, treatment, layer, position, treat):
    checkpoint = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    tune = read_examples(checkpoint.architecture, tiny.features, "tune", 20, 0)
    model = checkpoint.build()
    expected = predict(checkpoint.architecture, model, tune.encoded)
    weights = model.get_layer(layer).get_weights()
    weights[position] = treat(weights[position])
    model.get_layer(layer).set_weights(weights)
    got = predict(checkpoint.architecture, model, tune.encoded)
    (figures,) = [one for one in scan.figures if (one.part, one.treatment) == (part, treatment)]
    assert figures.shift == pytest.approx(np.abs(got - expected).sum(axis=1).mean() / 2, abs=1e-6)
    assert figures.shift > 1e-3


def test_a_part_whose_weights_are_zero_suffers_from_nothing(tiny, tmp_path):
    checkpoint = load_checkpoint(checkpoint_directory(tiny.trained, "lstm"))
    model = checkpoint.build()
    kernel = model.get_layer("lstm").weights[1]
    kernel.assign(np.zeros(kernel.shape))
    trained = tmp_path / "trained"
    directory = checkpoint_directory(trained, "lstm")
    save_checkpoint(directory, checkpoint.architecture, model, (), checkpoint.training)
    figures = _scan(tiny, tmp_path / "scan", trained=trained)[0].figures
    zeroed = [one for one in figures if one.part == "lstm recurrent_kernel"]
    assert [(one.shift, one.agreement, one.macro_f1_loss) for one in zeroed] == [(0.0, 1.0, 0.0)] * 3


def test_a_model_that_was_not_trained_is_not_scanned(tiny, tmp_path):
    assert _scan(tiny, tmp_path / "scan", trained=tmp_path / "nothing") == []


def test_a_scan_is_gathered_with_the_candidates(tiny, scan, tmp_path):
    _scan(tiny, tmp_path / "scan")
    gather([tiny.trained, tmp_path / "scan"], tmp_path / "gathered")
    assert read_sensitivities([tmp_path / "gathered"])[0].figures == scan.figures


def test_the_globs_name_the_layers_of_their_part_and_no_other_layer_with_a_matrix(pretrained_model):
    parts = list_parts(pretrained_model)
    layers = {matrix.layer for part in parts for matrix in part.matrices}
    for part in parts:
        assert {layer for layer in layers if fnmatch.fnmatchcase(layer, part.layers)} == {
            matrix.layer for matrix in part.matrices
        }


def test_distilbert_is_scanned_by_halves_of_its_layers(pretrained_model):
    halves = [f"transformer.layer.{layer}.{half}" for layer in range(2) for half in ("attention", "ffn")]
    assert [part.name for part in list_parts(pretrained_model)] == ["embeddings", *halves, "classifier"]


def test_every_matrix_is_in_exactly_one_part_with_a_scale_for_each_output(pretrained_model):
    matrices = [matrix for part in list_parts(pretrained_model) for matrix in part.matrices]
    expected = {
        (layer.name, position)
        for layer in pretrained_model.layers
        for position, weight in enumerate(layer.weights)
        if weight.shape.rank == 2
    }
    assert len(matrices) == len(expected)
    assert {(matrix.layer, matrix.position) for matrix in matrices} == expected
    scales = {matrix.layer: matrix.scales for matrix in matrices}
    assert scales["embeddings.word_embeddings"] == 1
    assert scales["transformer.layer.0.ffn.lin1"] == 16


@pytest.fixture(scope="module")
def pretrained_model():
    """A tiny DistilBERT with random weights."""
    from components.shared.architectures.distilbert_encoder import Sizes, build_classifier

    sizes = Sizes(
        vocab_size=50,
        max_position_embeddings=16,
        dim=8,
        n_layers=2,
        n_heads=2,
        hidden_dim=16,
        dropout=0.1,
        attention_dropout=0.1,
        seq_classif_dropout=0.2,
    )
    return build_classifier(sizes, 3)
