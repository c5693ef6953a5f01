"""The interface of every sentiment service, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from components.shared.errors import UserError

#: Called only by name, because they cost money.
PaidName = Literal["azure-language", "chat"]
PAID_SERVICES: tuple[PaidName, ...] = get_args(PaidName)
SERVICES = ("vader", *PAID_SERVICES)

Verdict = Literal[-1, 0, 1]


class ServiceError(UserError):
    """A service did not answer as it should; the message holds nothing that the service said."""


@dataclass(frozen=True)
class Answer:
    """What a service says of one review.

    Attributes:
        scores: One number for each of the service's `columns`.
        verdict: -1 negative, 0 neutral or mixed, 1 positive, as the service itself decides it.
        problem: Why there is no usable answer, such as "refused"; it then counts as neutral.
    """

    scores: tuple[float, ...]
    verdict: Verdict
    problem: str = ""


@dataclass(frozen=True)
class Identity:
    """What an answer depends on beside the text.

    Attributes:
        service, model: Such as "chat" and "gpt-4.1-nano".
        version: Of the instruction or the parameters that are sent along.
        endpoint: Where it is answered: what a test server says is never taken for the service's word.
    """

    service: str
    model: str
    version: str
    endpoint: str = ""


class SentimentService(ABC):
    """Something that can be asked for the sentiment of reviews.

    Attributes:
        identity: What its answers depend on.
        columns: Names of the scores of an answer, the inputs of the calibration.
        neutral: The scores of an answer that is neutral and nothing else.
        batch: Most reviews in one call.
    """

    identity: Identity
    columns: tuple[str, ...]
    neutral: tuple[float, ...]
    batch: ClassVar[int] = 1

    @abstractmethod
    def price_eur(self, text: str) -> float:
        """Returns what an answer to this text costs, estimated before it is asked for."""

    @abstractmethod
    def ask(self, texts: Sequence[str]) -> list[Answer | None]:
        """Returns the answers to at most `batch` texts, none of them empty; None where one is missing.

        Raises:
            ServiceError: There is no answer at all.
        """

    def without_answer(self, problem: str) -> Answer:
        """Returns the neutral answer that stands for a missing one."""
        return Answer(scores=self.neutral, verdict=0, problem=problem)
