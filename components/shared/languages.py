"""Tells in which language texts are written, many at once."""

import unicodedata
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
        labels: Each language once.
        label_of: Shape (classes,): position in `labels`; two scripts of a language are two classes.
    """

    next_state: NDArray[np.unsignedinteger]
    row_start: NDArray[np.intp]
    feature: NDArray[np.int32]
    identifier: LanguageIdentifier
    labels: list[str]
    label_of: NDArray[np.intp]


@cache
def _model() -> _Model:
    # Public attributes only: tk_* is the automaton, nb_* the classifier. The library scores one text a call.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    labels = identifier.labels
    return _Model(
        next_state=np.asarray(identifier.tk_nextmove),
        row_start=np.asarray(identifier.tk_row, dtype=np.intp) << 8,
        feature=np.asarray(identifier.tk_output, dtype=np.int32),
        identifier=identifier,
        labels=labels,
        label_of=np.array([labels.index(label) for label in identifier.nb_classes]),
    )


def check_language(language: str) -> None:
    """Raises UserError if the language is not one that can be told apart."""
    if language not in _model().labels:
        raise UserError(f"unknown language '{language}'; pass --language an ISO 639-1 code such as en, fr or de")


def languages_of(texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Returns the most probable language of each text and its probability, shape (n,).

    The answers are those of py3langid's LanguageIdentifier.classify with normalised probabilities.
    """
    if not texts:
        return [], np.empty(0, dtype=np.float32)
    encoded = [_encode(text) for text in texts]
    scores = _scores(_counts(encoded)) / np.sqrt([[max(len(text), 1)] for text in encoded], dtype=np.float32)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    model = _model()
    by_label = np.zeros((len(model.labels), len(texts)), dtype=np.float32)
    np.add.at(by_label, model.label_of, probabilities.T)
    best = by_label.argmax(axis=0)
    return [model.labels[label] for label in best], by_label.max(axis=0)


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


def _scores(counts: csr_array) -> NDArray[np.float32]:
    """Returns the log-posterior of each class, shape (texts, classes), from counts of features; 0 without any."""
    # Few of the features occur in a batch: the table of all of them, as float32, would be large.
    used, columns = np.unique(counts.indices, return_inverse=True)
    identifier = _model().identifier
    logs = csr_array((np.log1p(counts.data), columns, counts.indptr), shape=(counts.shape[0], len(used)))
    scores = logs @ identifier.nb_ptc[used].astype(np.float32)
    has_features = np.diff(counts.indptr) > 0
    return np.where(has_features[:, None], scores + identifier.nb_pc, np.float32(0))


def _counts(encoded: Sequence[bytes]) -> csr_array:
    """Returns how often each feature stands in each text, float32, shape (texts, features)."""
    short = [row for row, text in enumerate(encoded) if len(text) <= _LONG]
    found = [_walk_side_by_side(encoded, short)]
    found += [_walk(encoded[row], row) for row in sorted(set(range(len(encoded))) - set(short))]
    rows = np.concatenate([rows for rows, _, _ in found])
    features = np.concatenate([features for _, features, _ in found])
    counts = np.concatenate([counts for _, _, counts in found])
    counted = csr_array((counts, (rows, features)), shape=(len(encoded), len(_model().identifier.nb_ptc)))
    counted.sum_duplicates()
    return counted


_Found = tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float32]]


def _walk(text: bytes, row: int) -> _Found:
    """Returns (row, feature, count) for every n-gram found in one text."""
    identifier = _model().identifier
    row_start = [first << 8 for first in identifier.tk_row]
    visits = visit_counts(identifier.tk_nextmove, row_start, identifier.tk_output, text) or {}
    features = np.fromiter(visits.keys(), dtype=np.int32, count=len(visits))
    return np.full(len(visits), row), features, np.fromiter(visits.values(), dtype=np.float32, count=len(visits))


def _walk_side_by_side(texts: Sequence[bytes], of: Sequence[int]) -> _Found:
    """Returns (row, feature, 1) for every n-gram found in the texts `of`: all automata take each step together."""
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
    return rows, np.concatenate(features), np.ones(len(rows), dtype=np.float32)
