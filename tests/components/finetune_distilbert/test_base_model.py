"""Pretrained weights: the same numbers as transformers computes, and clear refusals."""

import json
import shutil
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from components.finetune_distilbert import base_model
from components.finetune_distilbert.base_model import copy_weights, load_base_model
from components.shared.architectures.distilbert_encoder import build_encoder
from components.shared.errors import UserError

_INPUT_IDS = np.array([[2, 7, 9, 12, 30, 3], [2, 8, 3, 0, 0, 0], [2, 11, 20, 21, 3, 0]], dtype=np.int32)
_MASK = (_INPUT_IDS > 0).astype(np.int32)


def _hidden(directory: Path) -> Any:
    base = load_base_model(str(directory))
    encoder = build_encoder(base.sizes)
    copy_weights(base, encoder)
    return encoder([_INPUT_IDS, _MASK]).numpy().reshape(*_INPUT_IDS.shape, -1)


def _hidden_of_transformers(directory: Path, model: Any) -> Any:
    from transformers.modeling_tf_pytorch_utils import load_pytorch_state_dict_in_tf2_model

    model(_INPUT_IDS)
    weights = load_file(directory / "model.safetensors")
    load_pytorch_state_dict_in_tf2_model(model, weights, tf_inputs=False, allow_missing_keys=True)
    return model(_INPUT_IDS, attention_mask=_MASK).last_hidden_state.numpy()


def _copy(directory: Path, destination: Path) -> Path:
    return Path(shutil.copytree(directory, destination))


def test_hidden_states_of_a_distilbert_are_those_of_transformers(pretrained: dict[str, Path]) -> None:
    from transformers import DistilBertConfig, TFDistilBertModel

    directory = pretrained["distilbert"]
    expected = _hidden_of_transformers(directory, TFDistilBertModel(DistilBertConfig.from_pretrained(directory)))
    np.testing.assert_allclose(_hidden(directory)[_MASK == 1], expected[_MASK == 1], atol=1e-5)


def test_hidden_states_of_a_bert_turned_distilbert_are_those_of_the_bert(pretrained: dict[str, Path]) -> None:
    from transformers import BertConfig, TFBertModel

    directory = pretrained["bert"]
    bert = TFBertModel(BertConfig.from_pretrained(directory), add_pooling_layer=False)
    expected = _hidden_of_transformers(directory, bert)
    np.testing.assert_allclose(_hidden(directory)[_MASK == 1], expected[_MASK == 1], atol=1e-5)


def test_the_packaged_model_is_a_distilbert_of_six_layers_with_its_tokenizer() -> None:
    from tokenizers import Tokenizer

    base = load_base_model()
    assert base.name == "minilm-l6-as-distilbert"
    assert (base.sizes.n_layers, base.sizes.dim, base.sizes.vocab_size) == (6, 384, 30522)
    assert Tokenizer.from_str(base.tokenizer).encode("lovely dress").tokens[:4] == [
        "[CLS]",
        "lovely",
        "dress",
        "[SEP]",
    ]


def test_weights_saved_with_a_head_are_found_below_their_prefix(pretrained: dict[str, Path], tmp_path: Path) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "headed")
    weights = load_file(directory / "model.safetensors")
    headed = {f"distilbert.{name}": array for name, array in weights.items()}
    save_file(headed | {"vocab_layer_norm.weight": np.ones(32, np.float32)}, directory / "model.safetensors")
    np.testing.assert_array_equal(_hidden(directory), _hidden(pretrained["distilbert"]))


def test_a_vocabulary_file_gives_the_same_tokenizer_as_tokenizer_json(
    pretrained: dict[str, Path], tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    directory = _copy(pretrained["distilbert"], tmp_path / "slow")
    (directory / "tokenizer.json").unlink()
    text = "Love this dress, perfect SIZE!"
    fast, slow = (
        Tokenizer.from_str(load_base_model(str(path)).tokenizer).encode(text).ids
        for path in (pretrained["distilbert"], directory)
    )
    assert fast == slow


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_an_incomplete_directory_is_refused_with_the_missing_file(
    pretrained: dict[str, Path], tmp_path: Path, missing: str
) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "incomplete")
    (directory / missing).unlink()
    with pytest.raises(UserError, match=missing):
        load_base_model(str(directory))


def test_another_kind_of_model_is_refused(pretrained: dict[str, Path], tmp_path: Path) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "gpt")
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    with pytest.raises(UserError, match="'gpt2'"):
        load_base_model(str(directory))


def test_truncated_weights_are_refused(pretrained: dict[str, Path], tmp_path: Path) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "truncated")
    weights = directory / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(UserError, match="not readable as safetensors"):
        load_base_model(str(directory))


def test_weights_that_do_not_fit_the_sizes_are_refused(pretrained: dict[str, Path], tmp_path: Path) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "mixed")
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"hidden_dim": 48}))
    with pytest.raises(UserError, match="belong together"):
        _hidden(directory)


def test_a_missing_weight_is_refused_by_name(pretrained: dict[str, Path], tmp_path: Path) -> None:
    directory = _copy(pretrained["distilbert"], tmp_path / "short")
    weights = load_file(directory / "model.safetensors")
    del weights["transformer.layer.1.ffn.lin2.bias"]
    save_file(weights, directory / "model.safetensors")
    with pytest.raises(UserError, match=r"transformer\.layer\.1\.ffn\.lin2\.bias"):
        _hidden(directory)


def test_a_hub_that_cannot_be_reached_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="could not deliver it") as refusal:
        load_base_model("somebody/no-such-model")
    assert "\n" not in str(refusal.value)


def test_a_mistyped_path_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match="no such directory"):
        load_base_model("./no/such/directory")


class _Blob:
    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.size = path.stat().st_size
        self._path = path

    def download_to_file(self, stream: BinaryIO, timeout: float) -> None:
        stream.write(self._path.read_bytes())


def test_a_directory_in_a_bucket_is_downloaded(pretrained: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from google.cloud import storage

    asked = []

    class Client:
        def list_blobs(self, bucket: str, prefix: str, delimiter: str) -> list[_Blob]:
            asked.append((bucket, prefix, delimiter))
            return [_Blob(prefix + path.name, path) for path in pretrained["distilbert"].iterdir()]

    monkeypatch.setattr(storage, "Client", Client)
    base = load_base_model("gs://models/tiny/distilbert/")
    assert asked == [("models", "tiny/distilbert/", "/")]
    assert base.name == "gs://models/tiny/distilbert/"
    assert base.weights.keys() == load_base_model(str(pretrained["distilbert"])).weights.keys()


def test_a_bucket_that_refuses_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.api_core.exceptions import Forbidden
    from google.cloud import storage

    class Client:
        def list_blobs(self, bucket: str, prefix: str, delimiter: str) -> list[_Blob]:
            raise Forbidden("no access")

    monkeypatch.setattr(storage, "Client", Client)
    with pytest.raises(UserError, match="gs://models/tiny: cannot be read: HTTP status 403"):
        load_base_model("gs://models/tiny")


def test_only_the_needed_files_are_asked_of_the_hub(
    pretrained: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: dict[str, Any] = {}

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked[name] = allow_patterns
        return str(pretrained["distilbert"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert load_base_model("distilbert-base-uncased").name == "distilbert-base-uncased"
    assert "pytorch_model.bin" not in asked["distilbert-base-uncased"]
    assert base_model._WEIGHTS in asked["distilbert-base-uncased"]
