"""What automatic searches came to, as a file beside the candidates; reading it takes no Optuna."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from components.shared.files import write_text

SEARCHES = "tuning.json"

Values = dict[str, float | int | str | bool]


class TrialRecord(BaseModel):
    """One trial.

    Attributes:
        number: From 0.
        values: Its hyperparameters.
        outcome: "finished"; "stopped", because others were better after as many epochs, or because time was up.
        score: What it came to, or the best epoch's score until it was stopped; None if no epoch was finished.
        seconds: How long it took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    values: Values
    outcome: Literal["finished", "stopped"]
    score: float | None
    seconds: float


class Search(BaseModel):
    """What a search came to.

    Attributes:
        candidate: The model that was searched for, such as "logistic-balanced".
        metric: What was maximised on tune.
        minutes: Time that was given.
        how: What a trial is, in a sentence.
        best: The values that final training takes.
        best_trial: Number of the trial they come from; None if no trial was finished, and `best` are the settings
            that would be taken without a search.
        trials: All of them, in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidate: str
    metric: str
    minutes: float
    how: str
    best: Values
    best_trial: int | None
    trials: tuple[TrialRecord, ...]


class _Searches(BaseModel):
    searches: tuple[Search, ...]


def write_searches(candidates: Path, searches: list[Search]) -> None:
    """Writes the record of the searches beside the candidates; nothing if there were none."""
    if searches:
        write_text(candidates / SEARCHES, _Searches(searches=tuple(searches)).model_dump_json(indent=2) + "\n")


def read_searches(candidates: Path) -> list[Search]:
    """Returns what `write_searches` wrote; empty if there is nothing."""
    path = candidates / SEARCHES
    return list(_Searches.model_validate_json(path.read_bytes()).searches) if path.is_file() else []


def in_words(values: Mapping[str, object]) -> str:
    """Returns hyperparameters as text, such as "units=64, dropout=0.25"."""
    return ", ".join(f"{name}={_rounded(value)}" for name, value in values.items())


def _rounded(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
