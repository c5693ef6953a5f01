"""A few examples of what each step changes and each rule removes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.clean.partition import KEPT, REASONS, Cleaning
from components.shared.texts.printable import printable
from components.shared.texts.text import join_title, texts_by_step, tokenize

_EXAMPLES = 3
_CHARACTERS, _CHARACTERS_BEFORE_CHANGE = 200, 40


class Examples:
    """Gathers examples partition by partition.

    Attributes:
        found: Step or reason to (text before, text after), shortened around the first difference. For a reason
            these are the raw review and its natural view.
    """

    def __init__(self, cleaning: Cleaning) -> None:
        self.found: dict[str, list[tuple[str, str]]] = {name: [] for name in (*cleaning.steps, *REASONS)}
        self._cleaning = cleaning

    def add(self, table: pd.DataFrame, views: pd.DataFrame, reasons: NDArray[np.int8]) -> None:
        """Takes examples from a partition, as long as there are too few.

        Args:
            table: A partition of the ingested table.
            views: The same rows of `partition.CleanPartition.views`.
            reasons: Why each review goes, or KEPT, shape (rows,).
        """
        for step in self._cleaning.steps:
            for row in self._missing(step, (reasons == KEPT) & (views[step].to_numpy() > 0)):
                self._append(step, *self._before_and_after(step, _raw(table, row), views["natural"].iloc[row]))
        for number, reason in enumerate(REASONS):
            for row in self._missing(reason, reasons == number):
                self._append(reason, _raw(table, row), views["natural"].iloc[row])

    def _missing(self, name: str, candidates: NDArray[np.bool_]) -> list[int]:
        return np.flatnonzero(candidates)[: _EXAMPLES - len(self.found[name])].tolist()

    def _before_and_after(self, step: str, raw: str, natural: str) -> tuple[str, str]:
        natural_steps, text = self._cleaning.natural_steps, self._cleaning.text
        if step in natural_steps:
            texts = texts_by_step(raw, natural_steps)
            position = natural_steps.index(step)
            return texts[position], texts[position + 1]
        words = tokenize(natural)
        content = text.without_stop_words(words)
        before, after = (words, content) if step == "stop-words" else (content, text.lemmatize(content))
        return " ".join(before), " ".join(after)

    def _append(self, name: str, before: str, after: str) -> None:
        before, after = " ".join(before.split()), " ".join(after.split())
        start = max(0, _first_difference(before, after) - _CHARACTERS_BEFORE_CHANGE)
        self.found[name].append((_excerpt(before, start), _excerpt(after, start)))


def _first_difference(before: str, after: str) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((position for position, (old, new) in pairs if old != new), 0)


def _raw(table: pd.DataFrame, row: int) -> str:
    return join_title(table["title"].iloc[row], table["text"].iloc[row])


def _excerpt(text: str, start: int) -> str:
    end = start + _CHARACTERS
    return f"{'…' if start else ''}{printable(text[start:end])}{'…' if end < len(text) else ''}"
