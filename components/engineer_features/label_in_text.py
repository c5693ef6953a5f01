"""The label in the text: a word or pair of words that was pasted into the reviews with the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from components.shared.records.features import Finding
from components.shared.records.task import Task

RULE = "label in the text"
#: Share of the reviews with a term that have the label, and share of the label's reviews with the term: no word
#: that people choose freely is so reliable and so common.
PRECISION, RECALL = 0.98, 0.5

#: Fewer reviews with a term may agree by chance.
_FEWEST = 20
#: Where nearly all reviews have one label, any word is precise; the term must rule out most of the others.
_LARGEST_SHARE_OF_PRIOR_ERROR = 0.2


@dataclass(frozen=True)
class TellingTerm:
    """A word or pair of words that gives a label away.

    Attributes:
        term: In lower case.
        label: The label.
        precision: Share of the reviews with the term that have the label.
        recall: Share of the label's reviews that have the term.
    """

    term: str
    label: str
    precision: float
    recall: float


def most_telling_term(texts: Sequence[str], labels: NDArray[np.int64], task: Task) -> TellingTerm | None:
    """Returns the term that gives a label away best, if any does.

    Args:
        texts: Natural texts of train.
        labels: Index of each text's label, shape (n,).
        task: The labels.
    """
    vectorizer = CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=r"\w+", dtype=np.int32)
    terms = vectorizer.fit_transform(texts)
    frequent = np.flatnonzero(np.asarray(terms.sum(axis=0)).ravel() >= _FEWEST)
    counts = _counts_by_label(terms[:, frequent], labels, len(task.labels))
    sizes = np.bincount(labels, minlength=len(task.labels))[:, np.newaxis]
    precision, recall = counts / counts.sum(axis=0), counts / np.maximum(sizes, 1)
    prior_error = 1 - sizes / len(labels)
    telling = (precision >= PRECISION) & (recall >= RECALL)
    telling &= 1 - precision <= _LARGEST_SHARE_OF_PRIOR_ERROR * prior_error
    if not telling.any():
        return None
    best = np.unravel_index(np.where(telling, precision * recall, 0).argmax(), telling.shape)
    return TellingTerm(
        term=vectorizer.get_feature_names_out()[frequent[best[1]]],
        label=task.labels[best[0]],
        precision=float(precision[best]),
        recall=float(recall[best]),
    )


def _counts_by_label(terms: csr_matrix, labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Returns in how many texts of each label each term stands, shape (labels, terms)."""
    members = csr_matrix(
        (np.ones(len(labels), dtype=np.int64), (labels, np.arange(len(labels)))), (classes, len(labels))
    )
    return (members @ terms).toarray()


def text_finding(found: TellingTerm | None, task: Task, allowed: Sequence[str]) -> Finding:
    """Returns what to report; it stops the run unless the column of the text or title is allowed.

    Args:
        found: From `most_telling_term`.
        task: Names the columns.
        allowed: Source columns that may give the label away.
    """
    columns = tuple(filter(None, (task.text_column, task.title_column)))
    if found is None:
        return Finding(rule=RULE, outcome="passed", message="No word and no pair of words gives a label away.")
    seen = (
        f"{found.term!r} gives label {found.label!r} away: {found.recall:.0%} of its reviews have it, and "
        f"{found.precision:.1%} of the reviews that have it are of that label"
    )
    if set(columns) & set(allowed):
        return Finding(rule=RULE, outcome="allowed", message=f"{seen}; it stays, as allowed.", columns=columns)
    way_out = f"take it out of column {task.text_column!r}, or pass --allow-columns to keep it"
    return Finding(rule=RULE, outcome="stop", message=f"{seen}; {way_out}.", columns=columns)
