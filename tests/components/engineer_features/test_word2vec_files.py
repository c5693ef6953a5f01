"""Text and binary files of word vectors: every usual form is read, and what is damaged is refused by its line."""

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from components.engineer_features.embeddings import load_vectors
from components.engineer_features.word2vec_files import read_binary, read_text
from components.shared.errors import UserError

_WORDS = ["soft", "dress", "n't", "été", "服", "!"]


def _vectors(dimensions: int = 5) -> KeyedVectors:
    keyed = KeyedVectors(dimensions)
    keyed.add_vectors(_WORDS, np.random.default_rng(1).normal(size=(len(_WORDS), dimensions)).astype(np.float32))
    return keyed


def _refusal(path: Path, words: list[str]) -> str:
    """Returns the one line with which a file is refused."""
    with pytest.raises(UserError) as refused:
        load_vectors(str(path), words)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("glove.6B.300d.txt", {"write_header": False}),
        ("word2vec.txt", {"write_header": True}),
        ("wiki-news-300d-1M.vec", {"write_header": True}),
        ("GoogleNews-vectors-negative300.bin", {"binary": True}),
    ],
)
def test_every_usual_format_gives_the_vectors_that_were_written(
    name: str, options: dict[str, bool], packed: bool, tmp_path: Path
) -> None:
    written, path = _vectors(), tmp_path / name
    written.save_word2vec_format(str(path), **options)
    if packed:
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    read = load_vectors(str(path), ["服", "soft", "été", "unknown"])
    assert sorted(read.key_to_index) == sorted(["服", "soft", "été"])
    for word in read.key_to_index:
        np.testing.assert_allclose(read[word], written[word], rtol=1e-5)


@pytest.mark.parametrize("dimensions", [50, 100, 200, 300])
def test_glove_of_every_length_is_read(dimensions: int, tmp_path: Path) -> None:
    written = _vectors(dimensions)
    written.save_word2vec_format(str(tmp_path / "glove.txt"), write_header=False)
    read = load_vectors(str(tmp_path / "glove.txt"), _WORDS)
    assert read.vectors.shape == (len(_WORDS), dimensions)
    np.testing.assert_allclose(read["dress"], written["dress"], rtol=1e-5)


def test_the_separators_of_the_original_tools_are_understood(tmp_path: Path) -> None:
    (tmp_path / "facebook.vec").write_text("2 2\nsoft 1 2 \ndress 3 4 \n\n")
    assert load_vectors(str(tmp_path / "facebook.vec"), ["dress"])["dress"].tolist() == [3, 4]
    (tmp_path / "windows.txt").write_bytes(b"soft 1 2\r\ndress 3 4\r\n")
    assert load_vectors(str(tmp_path / "windows.txt"), ["dress"])["dress"].tolist() == [3, 4]
    rows = [b"soft " + np.array([1, 2], "<f4").tobytes(), b"dress " + np.array([3, 4], "<f4").tobytes()]
    (tmp_path / "original.bin").write_bytes(b"2 2\n" + b"\n".join(rows) + b"\n")
    assert load_vectors(str(tmp_path / "original.bin"), ["dress"])["dress"].tolist() == [3, 4]


def test_words_with_spaces_are_no_mistake_and_no_other_word(tmp_path: Path) -> None:
    (tmp_path / "glove.840B.txt").write_text("at 1 2\n. . . 3 4\nat name@domain.com 5 6\nsoft 7 8\n")
    read = load_vectors(str(tmp_path / "glove.840B.txt"), ["at", ".", "soft"])
    assert {word: read[word].tolist() for word in read.key_to_index} == {"at": [1, 2], "soft": [7, 8]}


def test_of_a_word_that_stands_there_twice_the_first_vector_counts(tmp_path: Path) -> None:
    (tmp_path / "twice.txt").write_text("soft 1 2\nsoft 3 4\n")
    assert load_vectors(str(tmp_path / "twice.txt"), ["soft"])["soft"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 1: expected a word and its numbers"),
        (b"\n\n", "line 1: expected a word and its numbers"),
        (b"justoneword\n", "line 1: expected a word and its numbers"),
        (b"nothing but words here\n", "line 1: expected a word and its numbers"),
        (b"<!doctype html>\n<html><body>sorry</body>\n", "line 1: expected a word and its numbers"),
        (b"version https://git-lfs.github.com/spec/v1\n", "line 1: expected a word and its numbers"),
        (b"soft 1 2 3\ndress 4 5\n", "line 2: expected a word and 3 numbers, found 2"),
        (b"soft 1 2\ndress 3 4 5\n", "line 2: expected a word and 2 numbers, found 3"),
        (b"other 1 2\nunwanted 3\nsoft 5 6\n", "line 2: expected a word and 2 numbers, found 1"),
        (b"2 3\nsoft 1 2\ndress 3 4\n", "line 2: expected a word and 3 numbers, found 2"),
        (b"soft 1 2\ndress 3 four\n", "line 2: expected a word and its numbers"),
        (b"soft 1 2\ndress 3 nan\n", "line 2: a number of the vector is infinite or no number"),
        (b"soft 1 2\ndress 3 1e300\n", "line 2: a number of the vector is infinite or no number"),
        (b"3 2\nsoft 1 2\ndress 3 4\n", "cut short: 3 words promised, 2 found"),
        (b"3 99999999\nsoft 1 2\n", "line 1: expected a word and its numbers"),
        (b"3 0\nsoft\n", "line 1: expected a word and its numbers"),
        (b"soft 1 2\n" + b"x" * (1 << 20), "line 2: longer than 1,048,576 bytes"),
        (b"PK\x03\x04rest", "a zip file; unpack it"),
        (b"\x1f\x8bnot really", "this gzip file is cut short or damaged"),
    ],
)
def test_a_malformed_text_file_is_refused_by_its_line(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_bytes(content)
    assert expected in _refusal(tmp_path / "vectors.txt", ["soft", "dress"])


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("form", ["text", "binary", "gzip"])
def test_a_file_cut_short_is_refused(form: str, keep: float, tmp_path: Path) -> None:
    path = tmp_path / ("vectors.bin" if form == "binary" else "vectors.txt")
    _vectors(50).save_word2vec_format(str(path), binary=form == "binary")
    whole = gzip.compress(path.read_bytes()) if form == "gzip" else path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)].rpartition(b" ")[0] if form == "text" else whole[:-20])
    message = _refusal(path, _WORDS)
    assert "cut short" in message or "line " in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"soft 1 2\ndress 3 4\n", "line 1: expected the number of words and of dimensions"),
        (b"", "line 1: expected the number of words and of dimensions"),
        (b"2 0\n", "line 1: expected a word and its numbers"),
        (b"99999999999 2\nsoft " + bytes(8), "cut short: 99,999,999,999 words promised, 1 found"),
        (b"1 2\nsoft " + np.array([1, np.inf], "<f4").tobytes(), "word 1: a number of the vector is infinite"),
        (b"1 2\n" + b"x" * 2_000_000, "a word without an end"),
    ],
)
def test_a_malformed_binary_file_is_refused(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "vectors.bin").write_bytes(content)
    assert expected in _refusal(tmp_path / "vectors.bin", ["soft"])


def test_entries_that_lie_across_two_chunks_are_read(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(6_000)]
    written = KeyedVectors(100)
    written.add_vectors(words, np.random.default_rng(2).normal(size=(6_000, 100)).astype(np.float32))
    written.save_word2vec_format(str(tmp_path / "vectors.bin"), binary=True)
    read = load_vectors(str(tmp_path / "vectors.bin"), words)
    np.testing.assert_array_equal(read.vectors, written.vectors)


@given(content=st.binary(max_size=300) | st.text("soft dre.-+e0123456789\n", max_size=300).map(str.encode))
def test_any_bytes_give_vectors_or_one_line(content: bytes) -> None:
    for read in (read_text, read_binary):
        try:
            vectors = read(io.BytesIO(content), "some file", ["soft", "dress"])
        except UserError as error:
            assert "\n" not in str(error)
        else:
            assert set(vectors.key_to_index) <= {"soft", "dress"}


def test_memory_stays_far_below_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "glove.100d.txt"
    numbers = " ".join(f"{number / 997:.5f}" for number in range(100))
    with path.open("w") as stream:
        for number in range(400_000):
            stream.write(f"word{number} {numbers}\n")
    wanted = [f"word{number}" for number in range(0, 400_000, 200)]
    tracemalloc.start()
    try:
        vectors = load_vectors(str(path), wanted)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = path.stat().st_size
    path.unlink()
    assert len(vectors) == 2_000
    assert size > 300e6 and peak < size / 50
