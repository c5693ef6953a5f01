"""Which words a model's prediction rests on: SHAP values for any bundle but a paid service's, without TensorFlow.

A word's contributions are Owen values (Lundberg's Partition explainer, a hierarchical form of Shapley values,
Lundberg & Lee 2017, https://arxiv.org/abs/1705.07874): how much each label's probability changes when the word is
there, averaged over what else is there. A word that is "not there" is removed from the text, so that a model
never reads a mask token it was not trained on.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from tqdm import tqdm

from components.shared.errors import UserError
from components.shared.predictors.base import Predictor

#: Most calls of the model for one review: with these, the strongest words of a long review are found.
CALLS_FOR_ONE, CALLS_IN_SAMPLE = 1000, 150
#: Texts in one call of the predictor.
_BATCH = 64
#: The tree over a review's words takes time that grows with the square of their number.
_MOST_PIECES = 400
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Explanation(_Strict):
    """One prediction, taken apart.

    Attributes:
        labels: From worst to best.
        words: The natural view of the review, in order; joined by spaces they give it again.
        contributions: What each word adds to the probability of each label, shape (words, labels).
        base: Probabilities of the empty text, shape (labels,).
        prediction: Probabilities of the review, shape (labels,): base plus all contributions.
        complete: Whether each word was looked at alone. If not, because the review is long, neighbours may share
            their contribution equally, and in a very long review an entry of `words` holds several words.
    """

    labels: tuple[str, ...]
    words: tuple[str, ...]
    contributions: tuple[tuple[float, ...], ...]
    base: tuple[float, ...]
    prediction: tuple[float, ...]
    complete: bool

    @property
    def predicted(self) -> int:
        """The index of the most probable label."""
        return int(np.argmax(self.prediction))

    def of_label(self, label: int) -> list[float]:
        """Returns what each word adds to the probability of the label with this index."""
        return [contribution[label] for contribution in self.contributions]


class WordEffect(_Strict):
    """A word's mean contribution to a label's probability, over its occurrences in a sample."""

    word: str
    contribution: float
    occurrences: int


class DrivingWords(_Strict):
    """The words that drive one label, strongest first: those that raise its probability and those that lower it."""

    label: str
    raising: tuple[WordEffect, ...]
    lowering: tuple[WordEffect, ...]


def refuse_paid(predictor: Predictor) -> None:
    """Raises UserError if each text that the predictor reads costs money."""
    if predictor.paid:
        raise UserError("this bundle asks a paid service, and explaining asks hundreds of times; explain another one")


def explain_text(predictor: Predictor, raw_text: str, most_calls: int = CALLS_FOR_ONE, seed: int = 0) -> Explanation:
    """Explains what a model says of one review.

    Args:
        predictor: From `bundle.load_bundle`.
        raw_text: The raw review, title and text joined by `text.join_title`.
        most_calls: The model reads at most this many variants of the review, at least 4. With words squared or
            more, every word is looked at alone.
        seed: Decides ties about which group of words to take apart next.

    Raises:
        UserError: Nothing is left of the review without mark-up and links; each text costs money; or shap is not
            installed.
    """
    refuse_paid(predictor)
    words = predictor.natural_views([raw_text])[0].split()
    if not words:
        raise UserError("the review has no text; give one with at least one word")
    text = " ".join(words)
    base, prediction = predictor.predict_natural(["", text]).astype(np.float64)
    words_a_piece = -(-len(words) // _MOST_PIECES)
    if len(words) == 1:
        values, complete = (prediction - base)[None, :], True
    else:
        # shap takes variants in pairs; two were read above.
        values, complete = _shap_values(predictor, text, words_a_piece, (most_calls - 2) // 2 * 2, seed)
    return Explanation(
        labels=predictor.task.labels,
        words=tuple(" ".join(words[start : start + words_a_piece]) for start in range(0, len(words), words_a_piece)),
        contributions=tuple(map(tuple, values.tolist())),
        base=tuple(base.tolist()),
        prediction=tuple(prediction.tolist()),
        complete=complete and words_a_piece == 1,
    )


def explain_labels(
    predictor: Predictor,
    raw_texts: Sequence[str],
    most_calls: int = CALLS_IN_SAMPLE,
    minimum_occurrences: int = 3,
    top: int = 8,
    seed: int = 0,
) -> list[DrivingWords]:
    """Returns the words that drive each label over a sample of reviews, in the order of the labels.

    Words count in lower case and without punctuation around them.

    Args:
        predictor: From `bundle.load_bundle`.
        raw_texts: Raw reviews; those without text are left out.
        most_calls: As in `explain_text`, for each review.
        minimum_occurrences: Rarer words are left out: their mean would be an anecdote.
        top: At most this many words that raise a label, and as many that lower it.
        seed: As in `explain_text`.

    Raises:
        UserError: shap is not installed.
    """
    found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    with_text = [raw for raw in raw_texts if predictor.natural_views([raw])[0]]
    for raw in tqdm(with_text, desc="Explaining", unit="review", mininterval=1):
        explanation = explain_text(predictor, raw, most_calls, seed)
        for word, contribution in zip(explanation.words, explanation.contributions, strict=True):
            if plain := _EDGES.sub("", word).lower():
                found[plain].append(contribution)
    means = {
        word: (np.mean(each, axis=0), len(each)) for word, each in found.items() if len(each) >= minimum_occurrences
    }
    return [_driving_words(name, label, means, top) for label, name in enumerate(predictor.task.labels)]


def _driving_words(
    name: str, label: int, means: dict[str, tuple[NDArray[np.float64], int]], top: int
) -> DrivingWords:
    effects = [
        WordEffect(word=word, contribution=float(mean[label]), occurrences=occurrences)
        for word, (mean, occurrences) in means.items()
        if mean[label] != 0
    ]
    effects.sort(key=lambda effect: (-abs(effect.contribution), effect.word))
    return DrivingWords(
        label=name,
        raising=tuple([effect for effect in effects if effect.contribution > 0][:top]),
        lowering=tuple([effect for effect in effects if effect.contribution < 0][:top]),
    )


def _shap_values(
    predictor: Predictor, text: str, words_a_piece: int, most_calls: int, seed: int
) -> tuple[NDArray[np.float64], bool]:
    """Returns contributions, shape (pieces, labels), and whether all groups of pieces were taken apart."""
    shap = _import_shap()
    # A masked piece becomes a space, which shap folds into its neighbours: the words are removed.
    masker = shap.maskers.Text(_tokenizer(words_a_piece), mask_token=" ")
    explainer = shap.explainers.Partition(lambda texts: predictor.predict_natural(texts.tolist()), masker)
    with _global_seed(seed):
        explained = explainer([text], max_evals=most_calls, batch_size=_BATCH, silent=True)
    # Two of the calls are for the empty and the whole text.
    return explained.values[0], explainer.last_eval_count < most_calls - 2


def _import_shap() -> Any:
    try:
        import numba

        # Compiling shap's loops takes seconds, more than they take uncompiled on the longest review.
        with _setting(numba.config, "DISABLE_JIT", True):
            import shap
    except ImportError as error:
        raise UserError(
            "explaining needs shap, which is not installed; "
            "run: .venv/bin/python -m pip install --constraint constraints.txt --editable '.[explain]'"
        ) from error
    return shap


@contextlib.contextmanager
def _setting(owner: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _tokenizer(size: int) -> Callable[..., dict[str, list[Any]]]:
    """Returns a tokeniser as shap's Text masker wants it: pieces of `size` words, each with the space after it."""
    piece = re.compile(rf"(?:\S+\s*){{1,{size}}}|\s+")

    def tokenize(text: str, return_offsets_mapping: bool = True) -> dict[str, list[Any]]:
        spans = [match.span() for match in piece.finditer(text)]
        return {"input_ids": list(range(len(spans))), "offset_mapping": spans}

    return tokenize


@contextlib.contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seeds NumPy's global generator, the only one that shap's Partition explainer knows, for a block."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
