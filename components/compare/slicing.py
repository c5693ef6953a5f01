"""Which reviews belong to which slice: by their length, their title, and the attributes of the source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.reviews import ATTRIBUTE_PREFIX, attributes_of
from components.shared.texts.printable import printable
from components.shared.texts.text import join_titles

#: A text attribute with more different values is left out.
MOST_VALUES = 12
#: Numbers are cut into so many bands of about equally many reviews; no more different values are taken as they are.
BANDS = 4
#: The attributes of a source are taken in its order, up to so many.
MOST_ATTRIBUTES = 8
_LONGEST_NAME = 40
_NONE_GIVEN = "none given"
#: A number that names a thing is no property of the review.
_NAMES_A_THING = re.compile(r"(?:^|[\s_-])ids?$", re.IGNORECASE)


@dataclass(frozen=True)
class Slice:
    """Reviews that have one property in common.

    Attributes:
        attribute, value: Such as "Department Name" and "Dresses"; fit to be shown.
        reviews: Which reviews of the table, shape (n,).
    """

    attribute: str
    value: str
    reviews: NDArray[np.bool_]


@dataclass(frozen=True)
class Slicing:
    """The slices of a table, attribute by attribute, and the attributes left out with the reason."""

    slices: tuple[Slice, ...]
    left_out: dict[str, str]


def find_slices(reviews: pd.DataFrame) -> Slicing:
    """Returns the slices of a reviews table.

    Review length (in words, the title included) and other numbers are cut into BANDS bands of about equally many
    reviews; a text attribute is taken if it has at most MOST_VALUES values. Missing values are a slice too.

    Args:
        reviews: Title, text and attributes, stage "ingested" or later.
    """
    texts = join_titles(reviews["title"], reviews["text"])
    words = pd.Series([len(text.split()) for text in texts], dtype=float)
    values = {"Review length": _bands(words, " words"), "Title": _titles(reviews["title"])}
    left_out = {}
    columns = attributes_of(reviews.columns)
    for number, column in enumerate(columns):
        name = _shown(column.removeprefix(ATTRIBUTE_PREFIX))
        if reason := _objection(name, reviews[column], number):
            left_out[name] = reason
        else:
            values[name] = _values(reviews[column])
    slices = [one for name, column in values.items() for one in _slices_of(name, column)]
    return Slicing(tuple(slices), left_out)


def _objection(name: str, column: pd.Series, number: int) -> str:
    """Returns why an attribute is left out; empty if it is not."""
    distinct = column.nunique()
    if number >= MOST_ATTRIBUTES:
        return f"beyond the first {MOST_ATTRIBUTES} attributes"
    if _is_number(column):
        return "its numbers name things" if _NAMES_A_THING.search(name) else ""
    return f"{distinct} different values, more than {MOST_VALUES}" if distinct > MOST_VALUES else ""


def _is_number(column: pd.Series) -> bool:
    return column.dtype.kind == "f"


def _values(column: pd.Series) -> pd.Series:
    """Returns the slice of each review by an attribute."""
    if not _is_number(column):
        return column.fillna("").str.strip().map(_shown).replace("", _NONE_GIVEN)
    if column.nunique() <= BANDS:
        return column.map(lambda value: _NONE_GIVEN if pd.isna(value) else f"{value:g}")
    return _bands(column)


def _bands(column: pd.Series, unit: str = "") -> pd.Series:
    """Returns such as "18–34" for every number: bands between quantiles, named by the numbers in them."""
    bands = pd.qcut(column, BANDS, labels=False, duplicates="drop")
    ends = column.groupby(bands).agg(["min", "max"])
    names = {
        band: (f"{low:g}" if low == high else f"{low:g}–{high:g}") + unit
        for band, low, high in ends.itertuples(name=None)
    }
    return bands.map(names).fillna(_NONE_GIVEN)


def _titles(titles: pd.Series) -> pd.Series:
    return titles.str.strip().ne("").map({True: "with a title", False: "without a title"})


def _slices_of(attribute: str, values: pd.Series) -> Iterator[Slice]:
    """Yields a slice for each value, numbers ascending, texts by size; nothing if all reviews have the same."""
    if values.nunique() < 2:
        return
    for value in sorted(values.unique(), key=_position):
        yield Slice(attribute, value, (values == value).to_numpy())


def _position(value: str) -> tuple[bool, float, str]:
    number = re.match(r"-?[\d.]+(?:e[+-]?\d+)?", value)
    return value == _NONE_GIVEN, float(number[0]) if number and number[0].strip(".") else 0.0, value


def _shown(text: str) -> str:
    """Returns a text of the source fit to be shown, on one line and not too long."""
    text = " ".join(printable(text).split())
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME].rstrip()}…"
