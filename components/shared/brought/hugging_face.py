"""A DistilBERT classifier of one's own, in a directory that transformers' save_pretrained left."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.shared.brought.fetching import Fetched
from components.shared.brought.labels import read_labels
from components.shared.distilbert_sizes import Sizes
from components.shared.errors import UserError
from components.shared.tokenizer_file import TokenizerFile

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
TOKENIZERS = (TOKENIZER, "vocab.txt")


@dataclass(frozen=True)
class HuggingFaceClassifier:
    """A DistilBertForSequenceClassification, as its files describe it.

    Attributes:
        directory: Holds config.json, model.safetensors and tokenizer.json or vocab.txt.
        sizes: Of the encoder.
        labels: One an output: labels.json if there is one, else config.json's id2label.
        trim_obstacle: Why its vocabulary cannot be trimmed; empty if it can.
    """

    directory: Path
    sizes: Sizes
    labels: tuple[str, ...]
    trim_obstacle: str


def read_hugging_face(model: Fetched) -> HuggingFaceClassifier:
    """Returns what a directory of Hugging Face holds; weights are read by `finetune_distilbert`.

    Raises:
        UserError: It is another model than a DistilBERT for sequence classification, or incomplete.
    """
    name = f"model {model.name}"
    config = _read_config(model.file, name)
    if config.get("model_type") != "distilbert":
        raise UserError(
            f"{name}: {model.file.name} describes a '{str(config.get('model_type'))[:40]}'; give a DistilBERT for "
            "sequence classification, or a Keras LSTM"
        )
    if config.get("activation", "gelu") != "gelu":
        raise UserError(f"{name}: {model.file.name} names an activation other than gelu; give a model with gelu")
    if config.get("problem_type") not in (None, "single_label_classification"):
        raise UserError(
            f"{name}: {model.file.name} says {config['problem_type']}; give a model with one label a review"
        )
    if not (model.directory / WEIGHTS).is_file():
        raise UserError(f"{name}: it holds no {WEIGHTS}; save it with save_pretrained(..., safe_serialization=True)")
    if not any((model.directory / file).is_file() for file in TOKENIZERS):
        raise UserError(f"{name}: it holds neither {' nor '.join(TOKENIZERS)}; save its tokenizer there, too")
    try:
        sizes = Sizes.model_validate(config)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{name}: {model.file.name}: {first['loc'][0]}: {first['msg']}") from error
    return HuggingFaceClassifier(model.directory, sizes, _labels(model, config, name), _trim_obstacle(model, name))


def _read_config(path: Path, name: str) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: {path.name} is not readable as JSON; save the model again") from error
    if not isinstance(config, dict):
        raise UserError(f"{name}: {path.name} is no description of a model; save the model again")
    return config


def _trim_obstacle(model: Fetched, name: str) -> str:
    path = model.directory / TOKENIZER
    if not path.is_file():
        return ""  # vocab.txt lists the pieces of a WordPiece
    try:
        return TokenizerFile.model_validate_json(path.read_bytes()).trim_obstacle
    except (OSError, ValidationError) as error:
        raise UserError(f"{name}: {path.name} is no description of a tokenizer; save the tokenizer again") from error


def _labels(model: Fetched, config: dict[str, Any], name: str) -> tuple[str, ...]:
    """Returns the labels in the order of the outputs."""
    # save_pretrained leaves id2label out where there are two unnamed labels.
    named = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
    try:
        labels = tuple(str(named[str(number)]) for number in range(len(named)))
    except (KeyError, TypeError) as error:
        raise UserError(f"{name}: id2label in {model.file.name} does not number the labels 0, 1, 2, ...") from error
    said = read_labels(model.directory) or labels
    if len(said) != len(labels):
        raise UserError(
            f"{name}: labels.json names {len(said)} labels, {model.file.name} {len(labels)}; name each once"
        )
    return said
