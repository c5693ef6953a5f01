"""Labels of the source: their spelling, which there are, and whether they go from worst to best."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from components.ingest.source_table import shown
from components.shared.errors import UserError

#: More different labels than this are no classes.
MOST_LABELS = 20
#: Spellings of a missing value that other tools write.
_MISSING = frozenset(("nan", "null", "n/a", "#n/a", "<na>"))

#: From worst to best; words between "|" mean the same.
_SCALES = tuple(
    tuple(step.split("|") for step in scale.split(" < "))
    for scale in (
        "very negative|sehr negativ < negative|neg|negativ|négatif|négative|negativo|negativa"
        " < neutral|mixed|neutre|neutro|gemischt"
        " < positive|pos|positiv|positif|positivo|positiva < very positive|sehr positiv",
        "terrible|awful|horrible|very bad|very poor|sehr schlecht < bad|poor|schlecht|mauvais|malo"
        " < fair|average|ok|okay|mediocre|neutral|mittel|moyen|regular < good|gut|bon|bueno"
        " < very good|great|sehr gut < excellent|perfect|ausgezeichnet|excelente",
        "zero < one < two < three < four < five < six < seven < eight < nine < ten",
        "no|n|nein|non < yes|y|ja|oui|sí|si",
        "false|f|falsch|faux|falso < true|t|wahr|vrai|verdadero",
        "thumbs down|down|dislike|disliked < thumbs up|up|like|liked",
        "not recommended < recommended",
        "low|niedrig < medium|mittel < high|hoch",
        "strongly disagree < disagree < neutral < agree < strongly agree",
        "very dissatisfied < dissatisfied|unsatisfied < neutral < satisfied < very satisfied",
        "very unhappy < unhappy|sad < neutral < happy < very happy",
        "hate|hated < dislike < neutral < like < love|loved",
    )
)
_COUNTED = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*(?:/\s*\d+|(?:out )?of \d+)?\s*(?:stars?|sterne?|étoiles?|estrellas?|points?)?"
)
_STAR_WORDS = re.compile(r"\s*(?:stars?|sterne?)$")


@dataclass(frozen=True)
class LabelOrder:
    """Labels in their order.

    Attributes:
        labels: From worst to best if `ordered`, else by the alphabet.
        ordered: Whether they really go from worst to best.
        why: What the order was taken from.
    """

    labels: tuple[str, ...]
    ordered: bool
    why: str


class LabelReader:
    """Spells the labels of partition after partition alike: "5.0" and " 5 " become "5"; a missing one stays "".

    Attributes:
        found: The labels seen so far, in the order of their first row.
    """

    def __init__(self, column: str, allowed: Sequence[str], name: str) -> None:
        """Prepares to read.

        Args:
            column: The label column's name, for error messages.
            allowed: The allowed labels; empty means whatever is found.
            name: What the user called the source, for error messages.
        """
        self.found: list[str] = []
        self._column, self._allowed, self._name = column, tuple(allowed), name
        self._spellings: dict[str, str | None] = {}
        self._words: dict[str, str] = {}

    def read(self, raw: pd.Series) -> pd.Series:
        """Returns the labels as they are spelt from now on.

        Args:
            raw: The label column of a partition, with the row numbers of the source as index.

        Raises:
            UserError: A value is no allowed label (names the first such row), or there are too many labels.
        """
        for value in raw.unique():
            if value not in self._spellings:
                self._spellings[value] = self._spell(value)
        labels = raw.map(self._spellings)
        if labels.isna().any():
            self._refuse(labels.index[labels.isna()][0], raw)
        return labels

    def _spell(self, value: str) -> str | None:
        label = _allowed_spelling(value, self._allowed) if self._allowed else self._free_spelling(value)
        if label and label not in self.found:
            self.found.append(label)
        if len(self.found) > MOST_LABELS:
            self._refuse_many()
        return label

    def _free_spelling(self, value: str) -> str:
        stripped = value.strip()
        if stripped.casefold() in _MISSING:
            return ""
        number = _number(stripped)
        if number is not None:
            return str(int(number)) if number.is_integer() else str(number)
        return self._words.setdefault(stripped.casefold(), stripped)

    def _refuse(self, row: int, raw: pd.Series) -> None:
        raise UserError(
            f"{self._name}: row {row}: '{shown(raw[row])}' in column '{shown(self._column)}' is not one of the "
            f"labels {', '.join(self._allowed)}; correct the row or pass --labels"
        )

    def _refuse_many(self) -> None:
        numbers = all(_number(label) is not None for label in self.found)
        examples = ", ".join(f"'{shown(label)}'" for label in self.found[:3])
        advice = (
            "put the numbers into a few classes in the table, such as 1 to 5, and name that column"
            if numbers
            else "name the column of the label with --label-column"
        )
        raise UserError(
            f"{self._name}: column '{shown(self._column)}' has more than {MOST_LABELS} different "
            f"{'numbers' if numbers else 'values'}, such as {examples}: these are no classes; {advice}"
        )


def _allowed_spelling(value: str, allowed: Sequence[str]) -> str | None:
    stripped = value.strip()
    if not stripped or stripped in allowed:
        return stripped
    number = _number(stripped)
    return next((label for label in allowed if number is not None and _number(label) == number), None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def order_labels(found: Sequence[str]) -> LabelOrder:
    """Returns labels in their order, if numbers or well-known words tell it."""
    counts = {label: _count(label) for label in found}
    numbers = {label: count for label, count in counts.items() if count is not None}
    if len(set(numbers.values())) == len(found):
        return LabelOrder(tuple(sorted(numbers, key=numbers.__getitem__)), True, "numbers, from low to high")
    for scale in _SCALES:
        ranks = _ranks(found, scale)
        if ranks:
            return LabelOrder(
                tuple(sorted(ranks, key=ranks.__getitem__)), True, "well-known words, from worst to best"
            )
    return LabelOrder(
        tuple(sorted(found)), False, "no order is known; pass --labels from worst to best if there is one"
    )


def _count(label: str) -> float | None:
    """Returns the number that a label names: "3", "3 stars", "3/5", "★★★"."""
    number = _number(label)
    if number is not None:
        return number
    if set(label) <= {"★", "☆", "⭐"}:
        return float(len(label) - label.count("☆"))
    counted = _COUNTED.fullmatch(label.strip().casefold())
    return float(counted.group(1).replace(",", ".")) if counted else None


def _ranks(found: Sequence[str], scale: tuple[list[str], ...]) -> dict[str, int]:
    """Returns label to place on the scale; nothing unless each label has a place of its own."""
    place = {word: rank for rank, words in enumerate(scale) for word in words}
    ranks = {label: place[_plain(label)] for label in found if _plain(label) in place}
    return ranks if len(set(ranks.values())) == len(found) else {}


def _plain(label: str) -> str:
    words = " ".join(re.split(r"[\s_-]+", label.strip().casefold()))
    return _STAR_WORDS.sub("", words)
