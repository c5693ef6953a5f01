"""What the values of one column look like, whatever its table is about."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from components.ingest.dates import looks_like_dates

Kind = Literal["empty", "constant", "link", "number", "date", "prose", "code", "short"]

#: At least this share of the values must agree on what they are.
_LEAST_SHARE = 0.95
#: In prose a tenth of the values has at least so many words, which names do not, and many values differ.
_PROSE_WORDS, _PROSE_DISTINCT = 4, 0.2

_LINK = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
_DECIMAL_COMMA = r"[+-]?\d{1,3}(?:\.?\d{3})*,\d{1,2}"
#: "01067" is a postcode or an article number: read as a number it would lose its zero.
_LEADING_ZERO = r"[+-]?0\d+"
_CODE = r"(?=[^ ]*[A-Za-z])(?=[^ ]*\d)[A-Za-z0-9_-]{6,}"
#: Chinese, Japanese and Korean text is not divided by spaces; each sign counts as a word.
_SIGNS = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_NAME_WORDS = re.compile(r"[^\W\d_]+")
_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")


@dataclass(frozen=True)
class Profile:
    """What is seen of a column in the first rows.

    Attributes:
        column: Its name.
        rows: Rows that were looked at.
        kind: What its values are: nothing, always the same, links, numbers, dates, prose, codes (letters and
            digits without spaces) or other short texts.
        filled_share: Share of rows with a value.
        distinct: Number of different values.
        distinct_share: `distinct` by the number of rows with a value.
        largest_share: Share of the most frequent value in the rows with a value.
        mean_characters: Mean length over all rows, a missing value counting 0.
        digit_share: Share of values that hold a digit.
        counts_up: Whether the values are whole numbers that always rise or always fall.
        whole: Whether all values are whole numbers.
    """

    column: str
    kind: Kind
    rows: int = 0
    filled_share: float = 0.0
    distinct: int = 0
    distinct_share: float = 0.0
    largest_share: float = 0.0
    mean_characters: float = 0.0
    digit_share: float = 0.0
    counts_up: bool = False
    whole: bool = False

    @property
    def words(self) -> frozenset[str]:
        """The words of the column's name, in small letters: "reviewerName" and "REVIEWER_NAME" have the same."""
        return frozenset(_NAME_WORDS.findall(_CAMEL_CASE.sub(" ", self.column).replace("_", " ").lower()))

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.filled_share == 1 and self.distinct_share == 1


def profile(values: pd.Series) -> Profile:
    """Returns what a column of texts looks like; "" is a missing value."""
    values = values.str.strip()
    filled = values[values != ""]
    column = str(values.name)
    if filled.empty:
        return Profile(column, "empty")
    counts = filled.value_counts()
    numbers = to_numbers(filled)
    whole = bool((numbers % 1 == 0).all())
    return Profile(
        column=column,
        kind=_kind(filled, len(counts), numbers, len(filled) == len(values)),
        rows=len(values),
        filled_share=len(filled) / len(values),
        distinct=len(counts),
        distinct_share=len(counts) / len(filled),
        largest_share=int(counts.iloc[0]) / len(filled),
        mean_characters=float(filled.str.len().sum()) / len(values),
        digit_share=float(filled.str.contains(r"\d").mean()),
        counts_up=whole and (numbers.is_monotonic_increasing or numbers.is_monotonic_decreasing),
        whole=whole,
    )


def _kind(filled: pd.Series, distinct: int, numbers: pd.Series, complete: bool) -> Kind:
    if distinct == 1 and complete and len(filled) > 1:
        return "constant"
    if _share(filled, _LINK.pattern) >= _LEAST_SHARE:
        return "link"
    if numbers.notna().mean() >= _LEAST_SHARE and not filled.str.fullmatch(_LEADING_ZERO).any():
        return "number"
    if looks_like_dates(filled):
        return "date"
    words = filled.str.count(r"\S+") + filled.str.count(_SIGNS)
    if words.quantile(0.9) >= _PROSE_WORDS and distinct >= _PROSE_DISTINCT * len(filled):
        return "prose"
    return "code" if _share(filled, _CODE) >= _LEAST_SHARE else "short"


def _share(values: pd.Series, pattern: str) -> float:
    return float(values.str.fullmatch(pattern).mean())


def to_numbers(values: pd.Series) -> pd.Series:
    """Returns texts as float64, NaN where a text is no finite number; "1.299,90" is read with a decimal comma."""
    comma = values.str.fullmatch(r"\s*" + _DECIMAL_COMMA + r"\s*")
    if comma.any():
        spelt = values.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        values = values.mask(comma, spelt)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))
