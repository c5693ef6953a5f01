"""Trimming the tokenizer of the packaged MiniLM, and small ones."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from components.finetune_distilbert.base_model import load_base_model
from components.shared.training.techniques import NothingToDoError
from components.shrink.vocabulary import trim_tokenizer

_CORPUS = ("Not flattering, but very comfortable!", "I love this dress; it's perfect for petites.", "So-so. 5/10")


@cache
def _whole() -> tuple[str, Tokenizer]:
    content = load_base_model().tokenizer
    return content, _loaded(content)


@cache
def _trimmed() -> tuple[Tokenizer, Any]:
    content, tokenizer = _whole()
    trimmed, kept = trim_tokenizer(content, {number for text in _CORPUS for number in tokenizer.encode(text).ids})
    return _loaded(trimmed), kept


def _loaded(content: str) -> Tokenizer:
    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _words(tokenizer: Tokenizer, text: str) -> list[str]:
    """Returns the words of a text, joined again from their pieces."""
    encoding = tokenizer.encode(text)
    words: dict[int, str] = {}
    for word, piece in zip(encoding.word_ids, encoding.tokens, strict=True):
        if word is not None:
            words[word] = words.get(word, "") + piece.removeprefix("##") if word in words else piece
    return list(words.values())


def test_only_pieces_in_use_characters_and_special_pieces_are_left() -> None:
    tokenizer, kept = _trimmed()
    vocabulary = tokenizer.get_vocab()
    assert len(vocabulary) == len(kept) < 2100
    assert sorted(vocabulary.values()) == list(range(len(kept)))
    assert {"dress", "comfortable", "a", "##a", "[PAD]", "[CLS]"} <= set(vocabulary)
    assert not {"bicycle", "[unused1]"} & set(vocabulary)


def test_each_new_number_stands_for_the_piece_of_the_old_one() -> None:
    (_, whole), (trimmed, kept) = _whole(), _trimmed()
    assert [whole.id_to_token(int(old)) for old in kept] == [trimmed.id_to_token(new) for new in range(len(kept))]


@given(st.lists(st.sampled_from(" ".join(_CORPUS).split()), max_size=20))
def test_texts_of_words_in_use_are_cut_as_before(words: list[str]) -> None:
    (_, whole), (trimmed, kept) = _whole(), _trimmed()
    text = " ".join(words)
    assert [kept[number] for number in trimmed.encode(text).ids] == whole.encode(text).ids


@given(st.one_of(st.text(max_size=60), st.text("abcdefghijklmnopqrstuvwxyz é🙂中#[]'", max_size=60)))
def test_any_text_keeps_its_words_and_has_numbers_in_range(text: str) -> None:
    (_, whole), (trimmed, kept) = _whole(), _trimmed()
    assert _words(trimmed, text) == _words(whole, text)
    assert all(number < len(kept) for number in trimmed.encode(text).ids)


def test_words_that_lose_their_piece_fall_into_smaller_ones() -> None:
    assert _whole()[1].encode("bicycle").tokens == ["[CLS]", "bicycle", "[SEP]"]
    pieces = _trimmed()[0].encode("bicycle").tokens[1:-1]
    assert len(pieces) > 1 and "".join(piece.removeprefix("##") for piece in pieces) == "bicycle"


def _small(vocabulary: list[str], **changes: Any) -> str:
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    described = json.loads(Tokenizer(models.WordPiece(numbers, unk_token="[UNK]")).to_str())
    return json.dumps(described | changes)


def test_a_piece_that_nothing_could_stand_for_is_kept() -> None:
    content, kept = trim_tokenizer(_small(["[UNK]", "a", "##b", "ab", "ax", "##x##", "##"]), [])
    assert list(json.loads(content)["model"]["vocab"]) == ["[UNK]", "a", "##b", "ax", "##x##", "##"]
    np.testing.assert_array_equal(kept, [0, 1, 2, 4, 5, 6])


def test_special_pieces_outside_the_vocabulary_keep_their_meaning() -> None:
    tokenizer = Tokenizer.from_str(_small(["[UNK]", "a", "##a", "aa"]))
    tokenizer.add_special_tokens(["[NEW]"])
    content, kept = trim_tokenizer(tokenizer.to_str(), [])
    trimmed = Tokenizer.from_str(content)
    assert trimmed.encode("a[NEW]").ids == [1, 3] and trimmed.encode("aa").ids == [1, 2]
    np.testing.assert_array_equal(kept, [0, 1, 2, 4])


def test_both_ways_of_writing_the_ends_of_a_text_are_renumbered() -> None:
    ends = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    vocabulary = ["[UNK]", "ab", "[CLS]", "[SEP]", "a", "##b"]
    added = [
        {"id": number, "content": piece, "special": True}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for number, piece in ((2, "[CLS]"), (3, "[SEP]"))
    ]
    content, _ = trim_tokenizer(_small(vocabulary, post_processor=ends, added_tokens=added), [])
    assert Tokenizer.from_str(content).encode("ab").ids == [1, 3, 4, 2]


def test_another_kind_of_tokenizer_is_refused_in_one_line() -> None:
    with pytest.raises(NothingToDoError, match="'BPE' model, not WordPiece"):
        trim_tokenizer(Tokenizer(models.BPE()).to_str(), [])
    with pytest.raises(NothingToDoError, match="post-processor 'ByteLevel'"):
        trim_tokenizer(_small(["[UNK]"], post_processor={"type": "ByteLevel"}), [])
