"""What off_the_shelf tells of each service, beside the bundle: <candidate>/service.json and answers.json."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from components.shared.files import write_text

RECORD, ANSWERS = "service.json", "answers.json"

#: measured: asked, its figures may be shown. The others have a price only: not asked, for want of a name or a key or
#: because of a cap; answered by a test server; or failed.
OfferStatus = Literal["measured", "not named", "no key", "over the cap", "test server", "failed"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Offer(_Strict):
    """A paid service with its price.

    Attributes:
        service, model: Such as "chat" and "gpt-4.1-nano".
        status: Whether it was asked.
        reason: Why it was not, in one sentence.
        price_per_1000_eur: For 1,000 reviews as long as those of the select split.
        basis: Where that price comes from, in words.
    """

    service: str
    model: str
    status: OfferStatus
    reason: str = ""
    price_per_1000_eur: float
    basis: str


class ServiceRecord(_Strict):
    """The content of service.json.

    Attributes:
        offer: Price and status of a paid service; None for VADER.
        notes: Sentences on its answers: how neutral ones count, and how many were unusable.
        call_seconds, call_reviews: Time of each call that was answered, and reviews it was about.
    """

    offer: Offer | None = None
    notes: tuple[str, ...] = ()
    call_seconds: tuple[float, ...] = ()
    call_reviews: tuple[int, ...] = ()


def write_record(candidates: Path, candidate: str, record: ServiceRecord) -> None:
    """Writes the record of a candidate."""
    write_text(candidates / candidate / RECORD, record.model_dump_json(indent=2) + "\n")


def read_records(candidates: Path) -> dict[str, ServiceRecord]:
    """Returns the records in a directory of candidates, by candidate; most directories have none."""
    return {
        path.parent.name: ServiceRecord.model_validate_json(path.read_bytes())
        for path in sorted(candidates.glob(f"*/{RECORD}"))
    }


def write_answers(candidates: Path, candidate: str, scores: dict[str, list[list[float]]]) -> None:
    """Writes the scores that a service gave the reviews of each split, in the order of the reviews."""
    write_text(candidates / candidate / ANSWERS, json.dumps(scores))


def read_answers(candidate: Path) -> dict[str, list[list[float]]]:
    """Returns what `write_answers` wrote, by split."""
    return json.loads((candidate / ANSWERS).read_text(encoding="utf-8"))
