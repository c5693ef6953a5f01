"""Which texts say nearly the same: MinHash finds candidates, their exact word sets decide."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_matrix
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from components.shared.errors import UserError

#: More texts are not looked through: signatures of all of them would have to be in memory.
NEAR_DUPLICATE_ROWS = 200_000
#: Two short texts share most of their words by chance; they count only when equal.
SHORTEST_TEXT = 5

_WORD = re.compile(r"\w+")
_PERMUTATIONS = 128
#: A near-duplicate that is missed does harm, a candidate too many costs a look.
_WEIGHTS_OF_ERRORS = (0.05, 0.95)
#: Texts of a bucket are compared with so many that follow, so that time is linear when all texts are alike.
_NEIGHBOURS = 12
_PAIRS_AT_ONCE = 50_000


def words_of(text: str) -> list[str]:
    """Returns the words of a text without regard to case and punctuation, in their order."""
    return _WORD.findall(text.casefold())


def near_duplicate_groups(texts: Sequence[str], similarity: float) -> NDArray[np.int64]:
    """Returns for each text the index of the first text of its group, itself if it is alone; shape (n,).

    Two texts are near-duplicates if the Jaccard similarity of their word sets is at least `similarity`, groups
    are the connected components. Candidates come from MinHash signatures in bands (Leskovec, Rajaraman and
    Ullman, Mining of Massive Datasets, chapter 3): about 19 of 20 pairs that are just similar enough are found,
    all but a few of the more similar ones, and each is verified on its words. Texts of fewer than SHORTEST_TEXT
    different words must be equal, case and punctuation aside, as must all if `similarity` is 1.

    Args:
        texts: Readable texts, at most NEAR_DUPLICATE_ROWS.
        similarity: Between 0.5 and 1.

    Raises:
        UserError: The similarity is out of its range.
    """
    if not 0.5 <= similarity <= 1:
        raise UserError(f"similarity of near-duplicates: {similarity} is not between 0.5 and 1")
    words = [words_of(text) for text in texts]
    # A text without words, such as "!!!", is its own.
    read = pd.Series([" ".join(found) or text for found, text in zip(words, texts, strict=True)], dtype=object)
    equal = first_of(pd.factorize(read)[0])
    if similarity == 1:
        return equal
    long = np.array([len(set(found)) >= SHORTEST_TEXT for found in words], dtype=bool)
    rows = np.flatnonzero(long & (equal == np.arange(len(texts))))
    if len(rows) < 2:
        return equal
    matrix = _word_sets([words[row] for row in rows])
    edges = _similar_pairs(matrix, similarity)
    links = coo_array((np.ones(len(edges), dtype=bool), (edges[:, 0], edges[:, 1])), shape=(len(rows), len(rows)))
    groups = equal.copy()
    groups[rows] = rows[first_of(connected_components(links, directed=False)[1])]
    return groups[equal]


def first_of(numbers: NDArray) -> NDArray[np.int64]:
    """Returns for each element the index of the first element that is equal to it."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def _word_sets(words: Sequence[Sequence[str]]) -> csr_matrix:
    """Returns which words each text has, shape (texts, vocabulary)."""
    from sklearn.feature_extraction.text import CountVectorizer

    matrix = CountVectorizer(analyzer=lambda found: found, binary=True, dtype=np.int32).fit_transform(words)
    return csr_matrix(matrix)


def _similar_pairs(matrix: csr_matrix, similarity: float) -> NDArray[np.int64]:
    """Returns the pairs of rows that are verified to be similar enough, shape (pairs, 2)."""
    sizes = np.diff(matrix.indptr)
    found = [np.empty((0, 2), dtype=np.int64)]
    for pairs in _candidates(_signatures(matrix), similarity):
        counts = sizes[pairs]
        # Sets of very different sizes cannot be similar.
        pairs = pairs[counts.min(axis=1) >= similarity * counts.max(axis=1)]
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            chunk = pairs[first : first + _PAIRS_AT_ONCE]
            found.append(chunk[_jaccard(matrix, sizes, chunk) >= similarity])
    return np.concatenate(found)


def _jaccard(matrix: csr_matrix, sizes: NDArray[np.integer], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    left, right = pairs.T
    common = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
    return common / (sizes[left] + sizes[right] - common)


def _signatures(matrix: csr_matrix) -> NDArray[np.uint32]:
    """Returns the MinHash of each row, shape (rows, _PERMUTATIONS)."""
    from datasketch import MinHash

    # The numbers of the words serve as their hashes: the scheme mixes them before use.
    rows = np.split(matrix.indices, matrix.indptr[1:-1])
    sets = (row.tolist() for row in tqdm(rows, desc="near-duplicates", mininterval=1.0))
    sketches = MinHash.generator(sets, num_perm=_PERMUTATIONS, hashfunc=int, scheme="affine32")
    signatures = np.empty((len(rows), _PERMUTATIONS), dtype=np.uint32)
    for row, sketch in enumerate(sketches):
        signatures[row] = sketch.hashvalues
    return signatures


def _candidates(signatures: NDArray[np.uint32], similarity: float) -> Iterator[NDArray[np.int64]]:
    """Yields pairs of rows whose signatures agree in a band, shape (pairs, 2), band by band."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=similarity, num_perm=_PERMUTATIONS, weights=_WEIGHTS_OF_ERRORS)
    for band in range(index.b):
        columns = signatures[:, band * index.r : (band + 1) * index.r]
        keys = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            same = np.flatnonzero(keys[step:] == keys[:-step])
            if not len(same):
                break
            yield np.column_stack([order[same], order[same + step]])
