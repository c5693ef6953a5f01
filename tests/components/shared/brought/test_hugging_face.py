"""A directory of Hugging Face is read without its weights, and told in one line what is wrong with it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.shared.brought.fetching import fetched
from components.shared.brought.hugging_face import HuggingFaceClassifier, read_hugging_face
from components.shared.errors import UserError


def _read(path: Path) -> HuggingFaceClassifier:
    with fetched(str(path)) as model:
        return read_hugging_face(model)


def _changed(own: Path, directory: Path, **values: Any) -> Path:
    shutil.copytree(own, directory)
    config = json.loads((own / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | values))
    return directory


def test_sizes_and_labels_are_read(own_distilbert: Path) -> None:
    read = _read(own_distilbert)
    assert (read.sizes.dim, read.sizes.n_layers, read.sizes.hidden_dim) == (32, 2, 48)
    assert read.labels == ("3", "1", "2")


def test_labels_beside_it_take_precedence(own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    (own / "labels.json").write_text('["bad", "fair", "good"]')
    assert _read(own).labels == ("bad", "fair", "good")
    (own / "labels.json").write_text('["bad", "good"]')
    with pytest.raises(UserError, match=r"labels\.json names 2 labels, config\.json 3"):
        _read(own)


def test_unnamed_labels_have_the_names_that_transformers_gives(own_distilbert: Path, tmp_path: Path) -> None:
    own = _changed(own_distilbert, tmp_path / "own")
    config = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({key: config[key] for key in config if key != "id2label"}))
    assert _read(own).labels == ("LABEL_0", "LABEL_1")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model_type": "roberta"}, "describes a 'roberta'; give a DistilBERT"),
        ({"activation": "relu"}, "an activation other than gelu"),
        ({"problem_type": "multi_label_classification"}, "give a model with one label a review"),
        ({"dim": "wide"}, "config.json: dim"),
        ({"id2label": {"0": "a", "2": "b"}}, "does not number the labels 0, 1, 2"),
        ({"id2label": ["a", "b"]}, "does not number the labels 0, 1, 2"),
    ],
)
def test_another_model_is_one_line(values: dict[str, Any], words: str, own_distilbert: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        _read(_changed(own_distilbert, tmp_path / "own", **values))
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["model.safetensors"], "it holds no model.safetensors"),
        (["tokenizer.json", "vocab.txt"], "holds neither token"),
    ],
)
def test_a_missing_file_is_one_line(missing: list[str], words: str, own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    for name in missing:
        (own / name).unlink()
    with pytest.raises(UserError) as raised:
        _read(own)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"model": {"type": "BPE", "vocab": {}}}, "holds a 'BPE' model, not WordPiece"),
        ({"post_processor": {"type": "Sequence"}}, "a post-processor 'Sequence', which trim does not know"),
        ({"post_processor": None}, ""),
        ({"model": {"vocab": {}}}, ""),
    ],
)
def test_it_is_said_whether_the_vocabulary_can_be_trimmed(
    changes: dict[str, Any], words: str, own_distilbert: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    tokenizer = json.loads((own / "tokenizer.json").read_text(encoding="utf-8"))
    (own / "tokenizer.json").write_text(json.dumps(tokenizer | changes), encoding="utf-8")
    obstacle = _read(own).trim_obstacle
    assert words in obstacle and bool(words) == bool(obstacle)


def test_a_list_of_word_pieces_alone_can_be_trimmed(own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    (own / "tokenizer.json").unlink()
    assert _read(own).trim_obstacle == ""


@pytest.mark.parametrize("content", ["", "[]", '{"model": 3}'])
def test_a_damaged_tokenizer_is_one_line(content: str, own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    (own / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match=r"tokenizer\.json is no description of a tokenizer"):
        _read(own)


@pytest.mark.parametrize("content", ["", "[]"])
def test_a_damaged_description_is_one_line(content: str, own_distilbert: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(own_distilbert, tmp_path / "own"))
    (own / "config.json").write_text(content)
    with pytest.raises(UserError, match=r"config\.json is n"):
        _read(own)
