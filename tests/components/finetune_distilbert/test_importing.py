"""A DistilBERT of Hugging Face says the same after it was taken over as it says in transformers."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from components.finetune_distilbert.finetuning import DistilBertSettings
from components.finetune_distilbert.importing import import_distilbert
from components.shared.bundle import load_bundle, read_manifest
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory, checkpoint_directory
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.keras import tfmot

_TEXTS = ["Love the perfect dress", "awful itchy cheap", "okay size", "", "soft pretty dress top skirt size fit"]
_SETTINGS = DistilBertSettings("", 24, 0, 1, 0, 8, 1e-4, 1)


def _said_by_transformers(directory: Path) -> Any:
    """Returns what the user's own model says, in the order of its own labels, fed as a user of transformers would."""
    import tensorflow as tf
    from transformers import DistilBertConfig, DistilBertTokenizerFast, TFDistilBertForSequenceClassification
    from transformers.modeling_tf_pytorch_utils import load_pytorch_state_dict_in_tf2_model

    model = TFDistilBertForSequenceClassification(DistilBertConfig.from_pretrained(directory))
    load_pytorch_state_dict_in_tf2_model(model, load_file(directory / "model.safetensors"))
    inputs = DistilBertTokenizerFast.from_pretrained(directory)(_TEXTS, padding=True, return_tensors="tf")
    return tf.nn.softmax(model(**inputs).logits).numpy()


@pytest.fixture(scope="module")
def imported(own_distilbert: Path, tiny_features: Path, tiny_plan: Path, tmp_path_factory: Any) -> Path:
    candidates = tmp_path_factory.mktemp("imported") / "candidates"
    figures = import_distilbert(tiny_features, tiny_plan, str(own_distilbert), _SETTINGS, candidates)
    assert figures["training_seconds"] == 0
    return candidates


def test_the_bundle_says_what_transformers_says(imported: Path, own_distilbert: Path) -> None:
    bundle = bundle_directory(imported, "distilbert")
    expected = _said_by_transformers(own_distilbert)[:, [1, 2, 0]]  # its labels are 3, 1, 2
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(load_bundle(bundle).predict(_TEXTS), expected, atol=1e-5)
    manifest = read_manifest(bundle)
    assert manifest.training.seconds == 0 and manifest.training.cost_eur == 0
    assert manifest.base_model == own_distilbert.name


def test_weights_that_tensorflow_saved_are_the_same(
    imported: Path, own_distilbert: Path, tiny_features: Path, tiny_plan: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    (own / "tensorflow.safetensors").replace(own / "model.safetensors")
    import_distilbert(tiny_features, tiny_plan, str(own), _SETTINGS, tmp_path / "candidates")
    first, second = (
        load_checkpoint(checkpoint_directory(directory, "distilbert")).weights
        for directory in (imported, tmp_path / "candidates")
    )
    assert first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_techniques_start_from_the_head_that_was_taken_over(imported: Path) -> None:
    checkpoint = load_checkpoint(checkpoint_directory(imported, "distilbert"))
    model = checkpoint.build()
    assert {"pre_classifier", "classifier"} <= set(checkpoint.architecture.compressible_layers(model))
    aware = checkpoint.architecture.quantization_aware(model)
    wrapper = tfmot.quantization.keras.QuantizeWrapperV2
    wrapped = [layer.layer.name for layer in aware.layers if isinstance(layer, wrapper)]
    assert "pre_classifier" in wrapped and "first" not in wrapped


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop("pre_classifier.weight"), "holds no 'pre_classifier'"),
        (lambda arrays: arrays.update({"classifier.weight": np.zeros((2, 32), np.float32)}), "use files that belong"),
        (
            lambda arrays: arrays.pop("distilbert.embeddings.LayerNorm.weight"),
            "holds no 'embeddings.LayerNorm.weight'",
        ),
    ],
)
def test_weights_that_do_not_fit_are_one_line(
    change: Any, words: str, own_distilbert: Path, tiny_features: Path, tiny_plan: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    arrays = load_file(own / "model.safetensors")
    change(arrays)
    save_file(arrays, own / "model.safetensors")
    with pytest.raises(UserError) as raised:
        import_distilbert(tiny_features, tiny_plan, str(own), _SETTINGS, tmp_path / "candidates")
    assert words in str(raised.value)
    assert not (tmp_path / "candidates").exists()
