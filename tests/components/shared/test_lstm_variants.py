"""Which LSTMs are trained, and what they are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.errors import UserError
from components.shared.lstm_variants import (
    KNOWN_EMBEDDINGS,
    Variant,
    embedding_name,
    embedding_names,
    list_variants,
)


def test_known_word_vectors_keep_their_names_and_files_give_theirs() -> None:
    assert [embedding_name(one) for one in KNOWN_EMBEDDINGS] == list(KNOWN_EMBEDDINGS)
    assert embedding_name("gs://bucket/glove.840B.txt") == embedding_name("/data/glove.840B.txt") == "glove.840b.txt"


@given(st.text(min_size=1, max_size=40))
def test_any_name_is_fit_for_a_file_and_a_candidate(embedding: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", embedding_name(embedding))


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        ([], "embeddings: name at least one of glove-6b-50d, random, word2vec, fasttext, a file or a gs:// URI"),
        (["word2vec", "/data/word2vec"], "embeddings: two are called 'word2vec'"),
    ],
)
def test_names_that_would_be_mistaken_for_each_other_are_refused(embeddings: list[str], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        embedding_names(embeddings)


@pytest.mark.parametrize(
    ("training", "names"),
    [
        ("frozen", ["random-frozen", "word2vec-frozen"]),
        ("fine-tuned", ["random-tuned", "word2vec-tuned"]),
        ("both", ["random-frozen", "random-tuned", "word2vec-frozen", "word2vec-tuned"]),
    ],
)
def test_every_kind_of_word_vectors_is_trained_in_every_way(training: str, names: list[str]) -> None:
    assert [variant.name for variant in list_variants(["random", "word2vec"], training)] == names
    assert [variant.fine_tuned for variant in list_variants(["random"], "both")] == [False, True]
    assert Variant("random", fine_tuned=True) in list_variants(["random"], "both")
