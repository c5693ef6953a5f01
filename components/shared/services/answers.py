"""Answers that were bought, and a ledger of the calls that bought them: one SQLite file, safe when killed midway.

Within one directory no review is paid for twice: an answer is found by the SHA-256 of what it depends on. Nor is a
cap exceeded: a call is written into the ledger, with the most that it can cost, before it leaves. A call that never
came back stays at that price, because it may have been charged. Another directory knows nothing of either.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from components.shared.services.interface import Answer, Identity, ServiceError

FILE = "answers.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, scores TEXT NOT NULL, verdict INTEGER NOT NULL, problem TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY, origin TEXT NOT NULL, reviews INTEGER NOT NULL, eur REAL NOT NULL,
    seconds REAL, status INTEGER
);
"""
#: SQLite takes at most so many values in one statement, whatever its version.
_VALUES = 500
_WAIT_SECONDS = 60
#: Sums of prices differ from the exact amount by far less than this.
_ROUNDING_EUR = 1e-9


class Caps(BaseModel):
    """What all calls to paid services may come to, for as long as one directory of answers is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    maximum_calls: int = Field(ge=0)
    maximum_eur: float = Field(ge=0)


class CapReachedError(ServiceError):
    """The next call would exceed a cap, so it was not made."""


@dataclass(frozen=True)
class Spent:
    """Calls made and euros they came to at most."""

    calls: int
    eur: float


@dataclass(frozen=True)
class Call:
    """A call that was answered: seconds it took, reviews it was about, euros it cost."""

    seconds: float
    reviews: int
    eur: float


class AnswerStore:
    """The answers and the ledger in one directory; several processes may use it at once."""

    def __init__(self, directory: Path) -> None:
        """Opens the store; the directory is created if it does not exist."""
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / FILE
        with self._transaction() as connection:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)

    def find(self, identity: Identity, texts: Iterable[str]) -> dict[str, Answer]:
        """Returns the answers that are there, by text."""
        by_key = {answer_key(identity, text): text for text in texts}
        keys, found = list(by_key), {}
        with self._transaction() as connection:
            for start in range(0, len(keys), _VALUES):
                some = keys[start : start + _VALUES]
                rows = connection.execute(
                    f"SELECT key, scores, verdict, problem FROM answers WHERE key IN ({','.join('?' * len(some))})",
                    some,
                )
                for key, scores, verdict, problem in rows:
                    found[by_key[key]] = Answer(tuple(json.loads(scores)), verdict, problem)
        return found

    def keep(self, identity: Identity, answers: Mapping[str, Answer]) -> None:
        """Keeps answers, by text; only the text's hash is written."""
        rows = [
            (answer_key(identity, text), json.dumps(answer.scores), answer.verdict, answer.problem)
            for text, answer in answers.items()
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)

    def reserve(self, identity: Identity, reviews: int, eur: float, caps: Caps) -> int:
        """Writes a call into the ledger before it is made, and returns its number.

        Args:
            identity: Whom it goes to.
            reviews: Number of reviews it asks about.
            eur: The most that it can cost.
            caps: What all calls together may come to.

        Raises:
            CapReachedError: With this call a cap would be exceeded.
        """
        with self._transaction() as connection:
            check_caps(_sum(connection), 1, eur, caps)
            cursor = connection.execute(
                "INSERT INTO calls (origin, reviews, eur) VALUES (?, ?, ?)", (_origin(identity), reviews, eur)
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def settle(self, number: int, eur: float, seconds: float, status: int) -> None:
        """Writes what a call really cost, how long it took and its HTTP status."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE calls SET eur = ?, seconds = ?, status = ? WHERE number = ?", (eur, seconds, status, number)
            )

    def correct(self, number: int, eur: float) -> None:
        """Writes what an answered call cost once its use of tokens is known."""
        with self._transaction() as connection:
            connection.execute("UPDATE calls SET eur = ? WHERE number = ?", (eur, number))

    def spent(self) -> Spent:
        """Returns what all calls came to so far, of every service."""
        with self._transaction() as connection:
            return _sum(connection)

    def answered_calls(self, identity: Identity) -> list[Call]:
        """Returns the calls to one service that were answered, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT seconds, reviews, eur FROM calls WHERE origin = ? AND status = 200 ORDER BY number",
                (_origin(identity),),
            )
            return [Call(*row) for row in rows]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # A connection for each transaction: threads and processes then need no further care.
        connection = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()


def answer_key(identity: Identity, text: str) -> str:
    """Returns the SHA-256 of everything that an answer depends on, as hexadecimal digits."""
    parts = [identity.service, identity.model, identity.version, identity.endpoint, text]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def check_caps(spent: Spent, calls: int, eur: float, caps: Caps) -> None:
    """Checks that further calls stay within the caps.

    Raises:
        CapReachedError: They would not.
    """
    if spent.calls + calls > caps.maximum_calls:
        raise CapReachedError(
            f"{calls:,} more calls would exceed service_maximum_calls ({caps.maximum_calls:,}, of which "
            f"{spent.calls:,} are made); raise it if you want them"
        )
    if spent.eur + eur > caps.maximum_eur + _ROUNDING_EUR:
        raise CapReachedError(
            f"{eur:.4f} € more would exceed service_maximum_eur ({caps.maximum_eur:g} €, of which "
            f"{spent.eur:.4f} € are spent); raise it if you want that"
        )


def _sum(connection: sqlite3.Connection) -> Spent:
    calls, eur = connection.execute("SELECT COUNT(*), COALESCE(SUM(eur), 0) FROM calls").fetchone()
    return Spent(calls, eur)


def _origin(identity: Identity) -> str:
    return " ".join((identity.service, identity.model, identity.version, identity.endpoint))
