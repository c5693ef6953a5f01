"""Asks a service for what is not known yet, within the caps."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.shared.services.answers import AnswerStore, CapReachedError, Caps, check_caps
from components.shared.services.interface import Answer, SentimentService

_EMPTY, _LEFT_OUT = "empty review", "left out by the service"


@dataclass(frozen=True)
class Estimate:
    """What asking would take: reviews not known yet, calls if none is tried again, and euros."""

    reviews: int
    calls: int
    eur: float


def estimate(service: SentimentService, texts: Iterable[str], store: AnswerStore) -> Estimate:
    """Returns what it takes to ask for those of the texts that have no answer yet."""
    unknown = _unknown(service, texts, store)
    return Estimate(
        reviews=len(unknown),
        calls=math.ceil(len(unknown) / service.batch),
        eur=sum(map(service.price_eur, unknown)),
    )


def check_estimate(estimated: Estimate, store: AnswerStore, caps: Caps) -> None:
    """Checks, before the first call, that all of it stays within the caps.

    Raises:
        CapReachedError: It would not; the message names the caps that it takes.
    """
    spent = store.spent()
    calls, eur = spent.calls + estimated.calls, spent.eur + estimated.eur
    try:
        check_caps(spent, estimated.calls, estimated.eur, caps)
    except CapReachedError as reached:
        raise CapReachedError(
            f"{reached}: answers to {estimated.reviews:,} reviews take a service_maximum_calls of at least {calls:,} "
            f"and service_maximum_eur of at least {_whole_cents(eur):.2f}, what is spent included, other services not"
        ) from None


def collect(
    service: SentimentService,
    texts: Sequence[str],
    store: AnswerStore,
    on_answers: Callable[[int], object] = lambda reviews: None,
) -> list[Answer]:
    """Returns the answer to each text, from the store where it is there; new ones are kept batch by batch.

    A review that the service leaves out of its answer is asked about once more, then it counts as neutral.

    Args:
        service: Open for calls, if any text is unknown.
        texts: Natural reviews; may repeat.
        store: The answers.
        on_answers: Is told how many reviews were answered by each batch.

    Raises:
        ServiceError: The service does not answer, or a cap is reached; what was answered so far is kept.
    """
    left_out = _ask(service, _unknown(service, texts, store), store, on_answers)
    left_out = _ask(service, left_out, store, on_answers)
    store.keep(service.identity, dict.fromkeys(left_out, service.without_answer(_LEFT_OUT)))
    known = store.find(service.identity, {text for text in texts if text})
    nothing = service.without_answer(_EMPTY)
    return [known[text] if text else nothing for text in texts]


def scores_of_answers(answers: Sequence[Answer]) -> NDArray[np.float64]:
    """Returns the scores of at least one answer, shape (n, columns)."""
    return np.array([answer.scores for answer in answers], dtype=np.float64)


def _whole_cents(eur: float) -> float:
    # Rounded up, but not because of the last digits of a sum of prices.
    return math.ceil(round(100 * eur, 6)) / 100


def _ask(
    service: SentimentService, texts: list[str], store: AnswerStore, on_answers: Callable[[int], object]
) -> list[str]:
    """Asks about the texts, keeps the answers, and returns the texts that were left out."""
    left_out = []
    for start in range(0, len(texts), service.batch):
        batch = texts[start : start + service.batch]
        answers = dict(zip(batch, service.ask(batch), strict=True))
        store.keep(service.identity, {text: answer for text, answer in answers.items() if answer is not None})
        left_out += [text for text, answer in answers.items() if answer is None]
        on_answers(len(batch))
    return left_out


def _unknown(service: SentimentService, texts: Iterable[str], store: AnswerStore) -> list[str]:
    """Returns the texts without an answer, each once, in order; an empty text needs none."""
    wanted = [text for text in dict.fromkeys(texts) if text]
    known = store.find(service.identity, wanted)
    return [text for text in wanted if text not in known]
