"""Tells in which language texts are written, many at once."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier, visit_counts
from scipy.sparse import csr_array

from components.shared.errors import UserError

#: Below this probability a review counts as written in the wanted language: short ones are hard to tell.
_LEAST_PROBABILITY = 0.7
_LEAST_LETTERS = 20
#: Casual spelling in a language is taken for its creole: for Nigerian Pidgin ("pcm") in English.
_RELATIVES = {"en": frozenset({"en", "pcm"})}
#: Texts of more bytes are read one by one; shorter ones side by side, padded to the longest.
_LONG = 2_000


@dataclass(frozen=True)
class _Model:
    """The model of py3langid as arrays: an automaton that finds byte n-grams, and a naive Bayes classifier.

    Attributes:
        next_state: Shape (rows * 256,): the state after row_start[state] + byte.
        row_start: Shape (states,).
        feature: Shape (states,): the n-gram that ends in a state, or -1.
        identifier: What the arrays were taken from.
        twins: (first, other) of classes with the same label, such as the scripts of a language.
    """

    next_state: NDArray[np.unsignedinteger]
    row_start: NDArray[np.intp]
    feature: NDArray[np.int32]
    identifier: LanguageIdentifier
    twins: list[tuple[int, int]]


@cache
def _model() -> _Model:
    # Public attributes only: tk_* is the automaton, nb_* the classifier. The library scores one text a call.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    firsts = [identifier.nb_classes.index(label) for label in identifier.nb_classes]
    return _Model(
        next_state=np.asarray(identifier.tk_nextmove),
        row_start=np.asarray(identifier.tk_row, dtype=np.intp) << 8,
        feature=np.asarray(identifier.tk_output, dtype=np.int32),
        identifier=identifier,
        twins=[(first, position) for position, first in enumerate(firsts) if first != position],
    )


def check_language(language: str) -> None:
    """Raises UserError if the language is not one that can be told apart."""
    if language not in _model().identifier.labels:
        raise UserError(f"unknown language '{language}'; pass --language an ISO 639-1 code such as en, fr or de")


def languages_of(texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Returns the most probable language of each text and its probability, shape (n,).

    The answers are those of py3langid's LanguageIdentifier.classify with normalised probabilities.
    """
    if not texts:
        return [], np.empty(0, dtype=np.float32)
    encoded = [_encode(text) for text in texts]
    scores = _scores(encoded) / np.sqrt([[max(len(text), 1)] for text in encoded], dtype=np.float32)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    for first, other in _model().twins:
        probabilities[:, first] += probabilities[:, other]
        probabilities[:, other] = 0
    labels = _model().identifier.nb_classes
    return [labels[best] for best in probabilities.argmax(axis=1).tolist()], probabilities.max(axis=1)


def in_another_language(texts: Sequence[str], language: str) -> NDArray[np.bool_]:
    """Returns which texts are surely in another language, shape (n,).

    Args:
        texts: Natural texts.
        language: ISO 639-1 code of the wanted language.
    """
    accepted = _RELATIVES.get(language, frozenset({language}))
    found, probabilities = languages_of(texts)
    foreign = np.array([label not in accepted for label in found], dtype=bool) & (probabilities >= _LEAST_PROBABILITY)
    for row in np.flatnonzero(foreign).tolist():
        foreign[row] = sum(map(str.isalpha, texts[row])) >= _LEAST_LETTERS
    return foreign


def _encode(text: str) -> bytes:
    """Returns the bytes that the model was trained to read."""
    text = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", text).encode("utf8", errors="surrogatepass")


def _scores(encoded: Sequence[bytes]) -> NDArray[np.float32]:
    """Returns the log-posterior of each class, shape (texts, classes); 0 for a text without any feature."""
    identifier = _model().identifier
    rows, features, counts = _counts(encoded)
    # Few of the features occur in a batch: the table of all of them, as float32, would be large.
    is_used = np.zeros(len(identifier.nb_ptc), dtype=bool)
    is_used[features] = True
    columns = (np.cumsum(is_used) - 1)[features]
    starts = np.searchsorted(rows, np.arange(len(encoded) + 1))
    logs = csr_array((np.log1p(counts), columns, starts), shape=(len(encoded), int(is_used.sum())))
    scores = logs @ identifier.nb_ptc[is_used].astype(np.float32)
    return np.where((np.diff(starts) > 0)[:, None], scores + identifier.nb_pc, np.float32(0))


_Counts = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


def _counts(encoded: Sequence[bytes]) -> _Counts:
    """Returns (text, feature, count) for every feature of every text, in the order of the texts."""
    features_of_all = len(_model().identifier.nb_ptc)
    short = [row for row, text in enumerate(encoded) if len(text) <= _LONG]
    visits = [_walk_side_by_side(encoded, short)]
    visits += [_walk(encoded[row], row) for row in sorted(set(range(len(encoded))) - set(short))]
    visited = np.sort(np.concatenate([rows * features_of_all + features for rows, features in visits]))
    starts = np.flatnonzero(np.diff(visited, prepend=-1))
    rows, features = np.divmod(visited[starts], features_of_all)
    return rows, features, np.diff(starts, append=len(visited)).astype(np.float32)


_Visits = tuple[NDArray[np.intp], NDArray[np.intp]]


def _walk(text: bytes, row: int) -> _Visits:
    """Returns (row, feature) for every n-gram found in one text."""
    identifier = _model().identifier
    row_start = [first << 8 for first in identifier.tk_row]
    counts = visit_counts(identifier.tk_nextmove, row_start, identifier.tk_output, text) or Counter()
    features = np.fromiter(counts.elements(), dtype=np.intp, count=counts.total())
    return np.full(len(features), row), features


def _walk_side_by_side(texts: Sequence[bytes], of: Sequence[int]) -> _Visits:
    """Returns (row, feature) for every n-gram found in the texts `of`: all automata take each step together."""
    model = _model()
    order = sorted(of, key=lambda row: -len(texts[row]))
    lengths = np.array([len(texts[row]) for row in order], dtype=np.intp)
    longest = int(lengths.max(initial=0))
    padded = b"".join(texts[row].ljust(longest, b"\0") for row in order)
    letters = np.ascontiguousarray(np.frombuffer(padded, dtype=np.uint8).reshape(len(order), longest).T)
    states = np.zeros(len(order), dtype=np.intp)
    found_in, features = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.int32)]
    for position in range(longest):
        going = int(np.searchsorted(-lengths, -position))  # texts longer than the position stand first
        states = model.next_state[model.row_start[states[:going]] + letters[position, :going]]
        found = model.feature[states]
        hits = np.flatnonzero(found >= 0)
        found_in.append(hits)
        features.append(found[hits])
    rows = np.array(order, dtype=np.intp)[np.concatenate(found_in)]
    return rows, np.concatenate(features).astype(np.intp)
