from pathlib import Path

import numpy as np
import pytest

from components.engineer_features.embeddings import coverage, embedding_matrix, load_vectors, name_of
from components.shared.errors import UserError


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("soft 1.0 2.0\ndress 3.0 4.0\ntop 5.0 6.0\n", encoding="utf-8")
    return path


def test_packaged_glove_knows_common_words_and_keeps_only_those_asked_for() -> None:
    vectors = load_vectors("", ["dress", "n't", "zzyzxquux"])
    assert vectors.vector_size == 50
    assert sorted(vectors.key_to_index) == ["dress", "n't"]
    assert load_vectors("", ["good", "great", "zipper"]).similarity("good", "great") > 0.7


def test_rows_of_the_matrix_are_the_vectors_of_the_words(glove: Path) -> None:
    matrix = embedding_matrix(load_vectors(str(glove), ["dress", "soft"]), ["dress", "soft"])
    np.testing.assert_array_equal(matrix, np.array([[0, 0], [3, 4], [1, 2]], dtype=np.float32))
    assert matrix.dtype == np.float32


def test_a_word_without_a_vector_gets_a_repeatable_one_of_its_own(glove: Path) -> None:
    words = ["dress", "soft", "pilcro", "xxs"]
    first, again = (embedding_matrix(load_vectors(str(glove), words), words) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[3], first[4])
    assert np.isfinite(first).all()


def test_a_word2vec_header_is_no_word(glove: Path) -> None:
    glove.write_text("3 2\n" + glove.read_text())
    assert load_vectors(str(glove), ["dress"])["dress"].tolist() == [3, 4]


def test_coverage_counts_words_and_running_words(glove: Path) -> None:
    reviews = [["soft", "dress", "pilcro"], ["soft", "xxs", "pilcro"], ["top", "top"]]
    words = ["soft", "dress", "top", "pilcro", "xxs"]
    found = coverage(load_vectors(str(glove), words), ["soft", "pilcro"], reviews)
    assert found.words == 0.5
    assert found.tokens == pytest.approx(5 / 8)
    assert found.misses == ["pilcro", "xxs"]


@pytest.mark.parametrize("content", ["", "nothing but words here\n", "soft 1.0 2.0 3.0\ndress 4.0 5.0\n"])
def test_what_is_no_file_of_vectors_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text(content)
    with pytest.raises(UserError, match="not a text file of word vectors"):
        load_vectors(str(tmp_path / "vectors.txt"), ["soft"])


def test_vectors_for_other_words_are_refused(glove: Path) -> None:
    with pytest.raises(UserError, match="holds no vector for any word"):
        load_vectors(str(glove), ["robe"])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file of word vectors"):
        load_vectors(str(tmp_path / "none.txt"), ["soft"])


def test_names_are_those_of_the_file() -> None:
    assert name_of("") == "glove-6b-50d"
    assert name_of("gs://bucket/glove.840B.txt") == name_of("/data/glove.840B.txt") == "glove.840B.txt"
