"""Word vectors from text files (GloVe, word2vec, fastText's .vec) and from word2vec's binary files.

gensim's `load_word2vec_format` keeps every word of the file, several gigabytes of the usual ones, and has no
filter; so these readers stream the same formats and keep only the words that are wanted. The formats are those
that its documentation describes (https://radimrehurek.com/gensim/models/keyedvectors.html):

    text      [number of words, dimensions], then a word and its numbers a line, one space in between
    binary    number of words, dimensions; then word, space, little-endian float32, without line ends
"""

import itertools
from collections.abc import Iterator, Sequence
from io import BufferedIOBase

import numpy as np
from gensim.models import KeyedVectors
from numpy.typing import NDArray
from tqdm import tqdm

from components.engineer_features.kept_vectors import keyed_vectors
from components.shared.errors import UserError

_MOST_DIMENSIONS = 10_000
_LONGEST_LINE = 1 << 20
_LONGEST_WORD = 1 << 16
_MOST_DIGITS = 12
_CHUNK_BYTES = 1 << 20


def read_text(stream: BufferedIOBase, name: str, words: Sequence[str]) -> KeyedVectors:
    """Returns the vectors of the words from a text file, with or without word2vec's header line.

    Args:
        stream: The file, unpacked.
        name: What messages call it.
        words: The words that are wanted; of a word that stands there twice, the first vector counts.

    Raises:
        UserError: Names the line that is not a word and as many numbers as the others have, or says that lines
            are missing.
    """
    lines = _numbered_lines(stream, name)
    first = next(lines, (1, b""))
    header = _header(first[1])
    promised, dimensions = header or (0, first[1].count(b" "))
    if not header:
        lines = itertools.chain([first], lines)
    wanted = _Wanted(words, dimensions, name)
    rows = 0
    for number, line in tqdm(lines, desc="word vectors", total=promised or None, unit=" words", mininterval=1.0):
        word = _word_of(line, dimensions, f"{name}: line {number}")
        # The first row is always read, so that a file of something else is refused whatever its words are.
        if word in wanted or not rows:
            wanted.keep(word, _numbers(line[len(word) + 1 :].split(b" "), f"{name}: line {number}"))
        rows += 1
    _require_rows(rows, promised, name)
    return wanted.vectors()


def read_binary(stream: BufferedIOBase, name: str, words: Sequence[str]) -> KeyedVectors:
    """Returns the vectors of the words from a file in word2vec's binary format; see `read_text`.

    Raises:
        UserError: The file has no header line, holds what are no numbers, or is cut short.
    """
    header = _header(stream.readline(_LONGEST_LINE))
    if header is None:
        raise UserError(
            f"{name}: line 1: expected the number of words and of dimensions, as in word2vec's binary format; "
            "a text file of word vectors must not be called .bin"
        )
    promised, dimensions = header
    wanted = _Wanted(words, dimensions, name)
    entries = itertools.islice(_binary_entries(stream, 4 * dimensions, name), promised)
    rows = 0
    for word, numbers in tqdm(entries, desc="word vectors", total=promised, unit=" words", mininterval=1.0):
        rows += 1
        if word in wanted:
            wanted.keep(word, _finite(np.frombuffer(numbers, dtype="<f4"), f"{name}: word {rows}"))
    _require_rows(rows, promised, name)
    return wanted.vectors()


class _Wanted:
    """Collects the vectors of the wanted words in one matrix; a row is taken from memory once it is filled."""

    def __init__(self, words: Sequence[str], dimensions: int, name: str) -> None:
        if not 0 < dimensions <= _MOST_DIMENSIONS:
            raise UserError(
                f"{name}: line 1: expected a word and its numbers, or the number of words and of dimensions "
                f"(1 to {_MOST_DIMENSIONS:,}); it is no file of word vectors"
            )
        self._missing = {word.encode(): word for word in words}
        self._rows = np.zeros((len(self._missing), dimensions), dtype=np.float32)
        self._found: list[str] = []

    def __contains__(self, word: bytes) -> bool:
        return word in self._missing

    def keep(self, word: bytes, numbers: NDArray[np.float32]) -> None:
        if word in self._missing:
            self._rows[len(self._found)] = numbers
            self._found.append(self._missing.pop(word))

    def vectors(self) -> KeyedVectors:
        return keyed_vectors(self._found, self._rows[: len(self._found)])


def _numbered_lines(stream: BufferedIOBase, name: str) -> Iterator[tuple[int, bytes]]:
    """Yields the lines that are not blank, without their ends, with their numbers from 1."""
    for number in itertools.count(1):
        line = stream.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise UserError(f"{name}: line {number}: longer than {_LONGEST_LINE:,} bytes; no file of word vectors")
        if line.strip():
            yield number, line.rstrip()


def _header(line: bytes) -> tuple[int, int] | None:
    """Returns the number of words and of dimensions if the line holds them and nothing else."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def _word_of(line: bytes, dimensions: int, where: str) -> bytes:
    """Returns the word of a line; GloVe 840B has some with spaces, such as ". . ."."""
    spaces = line.count(b" ")
    word = line.rsplit(b" ", dimensions)[0] if spaces > dimensions else line.partition(b" ")[0]
    if spaces < dimensions or (spaces > dimensions and _is_number(word.rpartition(b" ")[2])):
        raise UserError(f"{where}: expected a word and {dimensions} numbers, found {spaces}; get the file again")
    return word


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(fields: list[bytes], where: str) -> NDArray[np.float32]:
    try:
        numbers = [float(field) for field in fields]
    except ValueError as error:
        raise UserError(f"{where}: expected a word and its numbers; it is no file of word vectors") from error
    with np.errstate(over="ignore"):
        return _finite(np.array(numbers, dtype=np.float32), where)


def _finite(numbers: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    if not np.isfinite(numbers).all():
        raise UserError(f"{where}: a number of the vector is infinite or no number; get the file again")
    return numbers


def _binary_entries(stream: BufferedIOBase, row_bytes: int, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Yields word and numbers of each entry that is whole."""
    rest = b""
    while chunk := stream.read(_CHUNK_BYTES):
        rest += chunk
        start = 0
        while (space := rest.find(b" ", start)) >= 0 and space + 1 + row_bytes <= len(rest):
            # The original tool ends each entry with a line end.
            yield rest[start:space].lstrip(b"\n"), rest[space + 1 : space + 1 + row_bytes]
            start = space + 1 + row_bytes
        rest = rest[start:]
        if rest.find(b" ", 0, _LONGEST_WORD) < 0 and len(rest) > _LONGEST_WORD:
            raise UserError(f"{name}: a word without an end; it is not in word2vec's binary format")


def _require_rows(rows: int, promised: int, name: str) -> None:
    if rows < promised:
        raise UserError(f"{name}: cut short: {promised:,} words promised, {rows:,} found; get the file again")
