"""Word vectors for a vocabulary, from wherever they come."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gcp_storage_emulator.server import create_server
from gensim.models import KeyedVectors
from google.cloud import storage

from components.engineer_features.embeddings import coverage, embedding_matrix, load_vectors
from components.shared.errors import UserError
from components.shared.lstm_variants import PACKAGED


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("soft 1.0 2.0\ndress 3.0 4.0\ntop 5.0 6.0\n", encoding="utf-8")
    return path


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Bucket]:
    """A bucket of a real storage API on this machine."""
    server = create_server("localhost", 0, in_memory=True)
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{server._api._httpd.socket.getsockname()[1]}")
    client = storage.Client.create_anonymous_client()
    client.project = "test"
    yield client.create_bucket("vectors")
    server.stop()


def test_packaged_glove_knows_common_words_and_keeps_only_those_asked_for() -> None:
    vectors = load_vectors(PACKAGED, ["dress", "n't", "zzyzxquux"])
    assert vectors.vector_size == 50
    assert sorted(vectors.key_to_index) == ["dress", "n't"]
    assert load_vectors(PACKAGED, ["good", "great", "zipper"]).similarity("good", "great") > 0.7


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


def test_coverage_counts_words_and_running_words(glove: Path) -> None:
    counts = Counter("soft dress pilcro soft xxs pilcro top top".split())
    found = coverage(load_vectors(str(glove), list(counts)), ["soft", "pilcro"], counts)
    assert found.words == 0.5
    assert found.tokens == pytest.approx(5 / 8)
    assert found.misses == ["pilcro", "xxs"]


@pytest.mark.parametrize("embedding", ["file", ""], ids=["a file", "the packaged vectors"])
def test_vectors_for_other_words_are_refused(embedding: str, glove: Path) -> None:
    with pytest.raises(UserError, match="holds no vector for any word of the reviews"):
        load_vectors(str(glove) if embedding else PACKAGED, ["zzyzxquux"])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file of word vectors"):
        load_vectors(str(tmp_path / "none.txt"), ["soft"])


def test_a_word_asked_for_twice_is_kept_once(glove: Path) -> None:
    vectors = load_vectors(str(glove), ["soft", "dress", "soft"])
    assert len(vectors) == 2 and vectors.vectors.shape == (2, 2)
    assert vectors.most_similar("soft", topn=1)[0][0] == "dress"


def test_files_in_cloud_storage_are_fetched(bucket: storage.Bucket, glove: Path) -> None:
    bucket.blob("some folder/glove.txt").upload_from_filename(str(glove))
    assert load_vectors("gs://vectors/some folder/glove.txt", ["dress"])["dress"].tolist() == [3, 4]


def test_the_arrays_beside_a_kv_in_cloud_storage_are_fetched_too(bucket: storage.Bucket, tmp_path: Path) -> None:
    keyed = KeyedVectors(2)
    keyed.add_vectors(["dress"], np.array([[3, 4]], dtype=np.float32))
    keyed.save(str(tmp_path / "vectors.kv"), sep_limit=0)
    for name in ("vectors.kv", "vectors.kv.vectors.npy"):
        bucket.blob(name).upload_from_filename(str(tmp_path / name))
    assert load_vectors("gs://vectors/vectors.kv", ["dress"])["dress"].tolist() == [3, 4]


def test_a_missing_array_in_cloud_storage_is_named(bucket: storage.Bucket, tmp_path: Path) -> None:
    keyed = KeyedVectors(2)
    keyed.add_vectors(["dress"], np.array([[3, 4]], dtype=np.float32))
    keyed.save(str(tmp_path / "vectors.kv"), sep_limit=0)
    bucket.blob("vectors.kv").upload_from_filename(str(tmp_path / "vectors.kv"))
    with pytest.raises(UserError, match=r"gs://vectors/vectors\.kv\.vectors\.npy: cannot be read: HTTP status 404"):
        load_vectors("gs://vectors/vectors.kv", ["dress"])
