"""The till: every HTTP attempt passes it, so that it is within the caps, on the ledger, and not too soon."""

import time

from components.shared.services.answers import AnswerStore, Caps
from components.shared.services.interface import Identity

_SECONDS_A_MINUTE = 60


class Till:
    """Counts the attempts of one service; one at a time."""

    def __init__(self, store: AnswerStore, caps: Caps, identity: Identity, attempts_per_minute: int) -> None:
        """Opens a till.

        Args:
            store: Holds the ledger.
            caps: What all calls may come to.
            identity: Whose calls these are.
            attempts_per_minute: The service's rate limit.
        """
        self._store, self._caps, self._identity = store, caps, identity
        self._least_gap = _SECONDS_A_MINUTE / attempts_per_minute
        self._reviews, self._eur = 0, 0.0
        self._number, self._started = 0, float("-inf")

    def prepare(self, reviews: int, eur: float) -> None:
        """Says what the next call is about and the most that one attempt at it can cost."""
        self._reviews, self._eur = reviews, eur

    def begin(self) -> None:
        """Waits for the rate limit and reserves an attempt; call it just before each attempt.

        Raises:
            CapReachedError: The attempt would exceed a cap; do not make it.
        """
        time.sleep(max(0.0, self._started + self._least_gap - time.monotonic()))
        self._number = self._store.reserve(self._identity, self._reviews, self._eur, self._caps)
        self._started = time.monotonic()

    def end(self, status: int) -> None:
        """Settles an attempt that got a response; a client error (4xx) is not charged."""
        eur = 0.0 if 400 <= status < 500 else self._eur
        self._store.settle(self._number, eur, time.monotonic() - self._started, status)

    def correct(self, eur: float) -> None:
        """Replaces the price of the last attempt by what its use of tokens came to."""
        self._store.correct(self._number, eur)
