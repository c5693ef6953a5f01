"""Vocabularies in every form that Keras users keep them in; numbers are those that Keras itself gives."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.brought.vocabulary import Vocabulary, read_vocabulary
from components.shared.errors import UserError
from components.shared.predictors.lstm import LstmParameters
from components.shared.texts.text import TextPreprocessing
from components.shared.training.keras import keras

_TEXTS = ["The dress is nice, nice!", "Not a nice dress; it's BAD", "bad bad fit", "the fit is so-so"]
_NEW = [*_TEXTS, "", "nothing known here", "a nice nice nice fit the dress is bad"]


def _read(directory: Path, content: Any, rows: int = 100, name: str = "vocabulary.json", **said: Any) -> Vocabulary:
    (directory / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    if said:
        (directory / "preprocessing.json").write_text(json.dumps(said))
    return read_vocabulary(directory, rows)


def _encode(vocabulary: Vocabulary, texts: list[str], length: int) -> Any:
    parameters = LstmParameters(
        text=TextPreprocessing(splitting=vocabulary.splitting),
        length=length,
        padding=vocabulary.padding,
        truncating=vocabulary.truncating,
        unknown=vocabulary.unknown,
    )
    return parameters.padded([parameters.numbers(parameters.text.tokens(text), vocabulary.numbers) for text in texts])


@pytest.mark.parametrize(
    "options", [{}, {"oov_token": "<OOV>"}, {"num_words": 5}, {"num_words": 5, "oov_token": "?"}]
)
@pytest.mark.parametrize("twice", [False, True])
def test_a_tokenizer_numbers_reviews_as_keras_does(options: dict[str, Any], twice: bool, tmp_path: Path) -> None:
    tokenizer = keras.preprocessing.text.Tokenizer(**options)
    tokenizer.fit_on_texts(_TEXTS)
    saved = tokenizer.to_json()
    vocabulary = _read(tmp_path, json.dumps(saved) if twice else saved, name="tokenizer.json")
    expected = keras.preprocessing.sequence.pad_sequences(tokenizer.texts_to_sequences(_NEW), 6)
    np.testing.assert_array_equal(_encode(vocabulary, _NEW, 6), expected)


@pytest.mark.parametrize(
    ("form", "standardize"),
    [
        ("words", "lower_and_strip_punctuation"),  # a list of words does not say how they are found
        *itertools.product(
            ("configuration", "layer"), ("lower_and_strip_punctuation", "lower", "strip_punctuation", None)
        ),
    ],
)
def test_a_text_vectorization_numbers_reviews_as_keras_does(
    form: str, standardize: str | None, tmp_path: Path
) -> None:
    layer = keras.layers.TextVectorization(standardize=standardize, output_sequence_length=6)
    layer.adapt(_TEXTS)
    config = layer.get_config() | {"vocabulary": layer.get_vocabulary()}
    saved = {"words": config["vocabulary"], "configuration": config, "layer": {"config": config}}[form]
    vocabulary = _read(tmp_path, saved)
    assert vocabulary.length == (None if form == "words" else 6)
    np.testing.assert_array_equal(_encode(vocabulary, _NEW, 6), layer(_NEW).numpy())


def test_a_text_vectorization_that_was_given_its_words_has_them_behind_the_special_ones(tmp_path: Path) -> None:
    layer = keras.layers.TextVectorization(vocabulary=["nice", "dress"])
    vocabulary = _read(tmp_path, layer.get_config())
    expected = layer(_NEW).numpy()
    np.testing.assert_array_equal(_encode(vocabulary, _NEW, expected.shape[1]), expected)


@pytest.mark.parametrize(
    ("content", "numbers", "unknown"),
    [
        ({"bad": 1, "good": 7}, {"bad": 1, "good": 7}, None),
        ({"<PAD>": 0, "<UNK>": 1, "good": 2}, {"<UNK>": 1, "good": 2}, 1),
        (["[PAD]", "[UNK]", "good"], {"[UNK]": 1, "good": 2}, 1),
        (["bad", "good"], {"bad": 1, "good": 2}, None),
    ],
)
def test_lists_and_maps(content: Any, numbers: dict[str, int], unknown: int | None, tmp_path: Path) -> None:
    vocabulary = _read(tmp_path, content)
    assert (vocabulary.numbers, vocabulary.unknown) == (numbers, unknown)
    assert (vocabulary.padding, vocabulary.truncating, vocabulary.length) == ("pre", "pre", None)


def test_what_is_said_beside_takes_precedence(tmp_path: Path) -> None:
    said = {"length": 12, "padding": "post", "truncating": "post", "unknown": "other", "splitting": "vectorization"}
    vocabulary = _read(tmp_path, {"other": 3, "its": 1}, **said)
    assert (vocabulary.length, vocabulary.padding, vocabulary.truncating, vocabulary.unknown) == (
        12,
        "post",
        "post",
        3,
    )
    assert vocabulary.splitting.words("It's") == ["its"]


@pytest.mark.parametrize(
    ("content", "said", "words"),
    [
        ("{", {}, "not readable as JSON"),
        ("3", {}, "no vocabulary; give a list of words"),
        ("[]", {}, "it holds no words"),
        ("{}", {}, "it holds no words"),
        (["a", 3], {}, "entry 2 of the list is no word"),
        (["a", "b", "a"], {}, "the word 'a' stands there 2 times"),
        ({"a": 1, "b": 1}, {}, "two words have the same number"),
        ({"a": "1"}, {}, "the word 'a' has no number of 1 or more"),
        ({"a": 1.5}, {}, "the word 'a' has no number of 1 or more"),
        ({"a": 0}, {}, "the word 'a' has number 0, which is the padding"),
        ({"a": 5}, {}, "the word 'a' has number 5, the model's Embedding has 5 rows"),
        ({"class_name": "Tokenizer", "config": {"char_level": True}}, {}, "characters, not words"),
        ({"class_name": "Tokenizer", "config": {"word_index": "[]"}}, {}, "no map from word to number"),
        ({"output_mode": "int", "vocabulary": None}, {}, "set its 'vocabulary' to layer.get_vocabulary()"),
        ({"output_mode": "int", "vocabulary": ["a"], "ngrams": 2}, {}, "ngrams=2 is not understood"),
        ({"output_mode": "int", "vocabulary": ["a"], "standardize": {"f": 1}}, {}, "a standardize of its own"),
        ({"a": 1}, {"unknown": "b"}, "it holds no word 'b'"),
        ({"a": 1}, {"length": 0}, "preprocessing.json: length"),
        ({"a": 1}, {"side": "left"}, "preprocessing.json: side"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_one_line(
    content: Any, said: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        _read(tmp_path, content, rows=5, **said)
    assert words in str(raised.value)


def test_a_missing_vocabulary_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no vocabulary beside the model; put vocabulary\.json there"):
        read_vocabulary(tmp_path, 5)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(content=_JSON | st.fixed_dictionaries({"class_name": st.just("Tokenizer"), "config": _JSON}))
def test_whatever_the_file_holds_the_answer_is_a_vocabulary_or_one_line(
    content: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("any")
    (directory / "vocabulary.json").write_text(json.dumps(content), encoding="utf-8")
    try:
        vocabulary = read_vocabulary(directory, 10)
    except UserError:
        return
    assert vocabulary.numbers and all(0 < number < 10 for number in vocabulary.numbers.values())
