"""fastText's binary models: every word has a vector, and a damaged file is refused instead of read for ever."""

import gzip
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import save_facebook_model

from components.engineer_features.embeddings import coverage, load_vectors
from components.shared.errors import UserError

_REVIEWS = [["soft", "dress", "comfortable"], ["soft", "top", "!"]] * 10


@pytest.fixture(scope="module")
def model() -> FastText:
    return FastText(sentences=_REVIEWS, vector_size=6, min_count=1, bucket=100, min_n=3, max_n=5, epochs=1, workers=1)


@pytest.fixture(scope="module")
def whole(model: FastText, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("fasttext") / "model.bin"
    save_facebook_model(model, str(path))
    return path.read_bytes()


def _refusal(content: bytes, directory: Path, name: str = "model.bin") -> str:
    (directory / name).write_bytes(content)
    with pytest.raises(UserError) as refused:
        load_vectors(str(directory / name), ["soft"])
    assert "\n" not in str(refused.value) and name in str(refused.value)
    return str(refused.value)


def test_words_have_the_models_vectors_and_others_those_of_their_subwords(
    model: FastText, whole: bytes, tmp_path: Path
) -> None:
    (tmp_path / "cc.en.300.bin").write_bytes(whole)
    read = load_vectors(str(tmp_path / "cc.en.300.bin"), ["dress", "uncomfortable"])
    assert list(read.key_to_index) == ["dress", "uncomfortable"]
    np.testing.assert_allclose(read["dress"], model.wv["dress"], atol=1e-6)
    np.testing.assert_allclose(read["uncomfortable"], model.wv["uncomfortable"], atol=1e-6)
    assert "uncomfortable" not in model.wv.key_to_index
    assert coverage(read, ["dress", "uncomfortable"], Counter({"dress": 1})).words == 1


def test_a_word_too_short_for_any_subword_has_no_vector(tmp_path: Path) -> None:
    long = FastText(sentences=_REVIEWS, vector_size=4, min_count=1, bucket=50, min_n=6, max_n=8, epochs=1, workers=1)
    save_facebook_model(long, str(tmp_path / "long.bin"))
    assert list(load_vectors(str(tmp_path / "long.bin"), ["soft", "xs", "uncomfortable"]).key_to_index) == [
        "soft",
        "uncomfortable",
    ]


def test_the_format_is_told_by_the_content_not_by_the_name(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "vectors.model").write_bytes(whole)
    assert load_vectors(str(tmp_path / "vectors.model"), ["soft"]).vector_size == 6


@pytest.mark.parametrize("kept", [4, 60, 95, 110, 140, 200, -1_000])
def test_a_model_cut_short_is_refused(whole: bytes, kept: int, tmp_path: Path) -> None:
    assert "cut short or damaged" in _refusal(whole[:kept], tmp_path)


@pytest.mark.parametrize("share", np.linspace(0.01, 0.5, 12))
def test_a_model_cut_short_anywhere_before_its_vectors_end_is_refused(
    whole: bytes, share: float, tmp_path: Path
) -> None:
    assert "cut short or damaged" in _refusal(whole[: int(len(whole) * share)], tmp_path)


def _changed(whole: bytes, offset: int, value: int) -> bytes:
    return whole[:offset] + struct.pack("<i", value) + whole[offset + 4 :]


@pytest.mark.parametrize(
    ("offset", "value", "expected"),
    [
        (8, 7, "cut short or damaged"),  # dimensions
        (40, 5, "cut short or damaged"),  # buckets
        (64, 2_000_000, "cut short or damaged"),  # entries
        (64, -1, "cut short or damaged"),
        (72, 2, "a fastText classifier"),  # labels
    ],
)
def test_a_header_that_does_not_fit_is_refused(
    whole: bytes, offset: int, value: int, expected: str, tmp_path: Path
) -> None:
    assert expected in _refusal(_changed(whole, offset, value), tmp_path)


def test_a_quantised_model_is_refused(whole: bytes, model: FastText, tmp_path: Path) -> None:
    position = 92 + sum(len(word.encode()) + 10 for word in model.wv.key_to_index)
    assert whole[position] == 0
    assert "(.ftz)" in _refusal(whole[:position] + b"\x01" + whole[position + 1 :], tmp_path)


def test_a_packed_model_has_to_be_unpacked(whole: bytes, tmp_path: Path) -> None:
    assert "gunzip" in _refusal(gzip.compress(whole), tmp_path, "model.bin.gz")
