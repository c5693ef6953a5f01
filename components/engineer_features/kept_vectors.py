"""The word vectors that are kept: those of the words that are needed, whatever the file held besides."""

from collections.abc import Sequence

import numpy as np
from gensim.models import KeyedVectors
from numpy.typing import NDArray


def keyed_vectors(words: list[str], vectors: NDArray[np.float32]) -> KeyedVectors:
    """Returns words, all different, with their vectors, shape (words, dimensions)."""
    keyed = KeyedVectors(vectors.shape[1], count=0, dtype=np.float32)
    # Not add_vectors, which copies the matrix several times.
    keyed.index_to_key = words
    keyed.key_to_index = {word: row for row, word in enumerate(words)}
    keyed.vectors = np.asarray(vectors, dtype=np.float32)
    keyed.next_index = len(words)
    return keyed


def select(vectors: KeyedVectors, words: Sequence[str]) -> KeyedVectors:
    """Returns a copy that holds those of the words which have a vector, from subwords if the source knows them.

    fastText has a vector of zeros for a word too short to have a subword: that is as good as none.
    """
    rows = np.zeros((len(words), vectors.vector_size), dtype=np.float32)
    for row, word in enumerate(words):
        if word in vectors:
            rows[row] = vectors.get_vector(word)
    found = np.flatnonzero(rows.any(axis=1)).tolist()
    return keyed_vectors([words[row] for row in found], rows[found])
