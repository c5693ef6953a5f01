"""Dates in text columns: recognising them and reading them."""

import re
import warnings

import pandas as pd
from pandas.tseries.api import guess_datetime_format

_EXAMINED = 300
_GUESSED_FROM = 50
#: Of the examined values, at least this share must be dates of one format.
_LEAST_SHARE = 0.95
#: A bare number such as a year or a postcode is no date: separators or a month's name are needed.
_LOOKS_LIKE_A_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])",
    re.IGNORECASE,
)
#: How Twitter's interface spelt dates, with an offset instead of the zone's name.
_TWITTER = "%a %b %d %H:%M:%S %z %Y"
#: Formats that pandas does not guess.
_FORMATS = (_TWITTER, "%d-%b-%y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y")
#: pandas reads offsets but not these names.
_OFFSETS = {"PDT": "-0700", "PST": "-0800", "EDT": "-0400", "EST": "-0500", "UTC": "+0000", "GMT": "+0000"}
_ZONE_NAME = re.compile(rf"\b({'|'.join(_OFFSETS)})\b")
_SECONDS, _MILLISECONDS = "seconds since 1970", "milliseconds since 1970"


def looks_like_dates(values: pd.Series) -> bool:
    """Returns whether nearly all of the values, none of which is empty, are dates of one format."""
    examined = values.head(_EXAMINED)
    return (
        bool(examined.str.contains(_LOOKS_LIKE_A_DATE).mean() >= _LEAST_SHARE) and find_format(examined) is not None
    )


def find_format(values: pd.Series) -> str | None:
    """Returns the format that reads nearly all of the values, or None.

    Where day and month cannot be told apart, the day comes first if dots are between them, else the month.

    Args:
        values: Texts, none of which is empty.

    Returns:
        A format of `datetime.strptime`, or how numbers count from 1970; for `parse_times`.
    """
    examined = _examined(values)
    shares = {
        form: float(parse_times(examined, form).notna().mean()) for form in _candidates(_with_offsets(examined))
    }
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= _LEAST_SHARE else None


def _examined(values: pd.Series) -> pd.Series:
    """Returns some values from all over the column: in a sorted one, the first days of a month come first."""
    return values.iloc[:: max(1, len(values) // _EXAMINED)]


def _candidates(values: pd.Series) -> list[str]:
    """Returns formats that may read the values, in the order of preference."""
    if values.str.fullmatch(r"\d{9,10}").all():
        return [_SECONDS]
    if values.str.fullmatch(r"\d{12,13}").all():
        return [_MILLISECONDS]
    found = dict.fromkeys(["ISO8601", *_FORMATS])
    for value in values.unique()[:_GUESSED_FROM]:
        day_first = "." in value
        for choice in (day_first, not day_first):
            found[_guess(value, choice)] = None
    return [form for form in found if form]


def _guess(value: str, day_first: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the day does not come first after all: both orders are tried
        return guess_datetime_format(value, dayfirst=day_first) or ""


def parse_times(values: pd.Series, form: str) -> pd.Series:
    """Returns points in time in UTC, without a zone; NaT where a value is none.

    Args:
        values: Texts, "" for a missing one.
        form: From `find_format`.
    """
    if form in (_SECONDS, _MILLISECONDS):
        seconds = pd.to_numeric(values, errors="coerce") / (1 if form == _SECONDS else 1000)
        times = pd.to_datetime(seconds, unit="s", errors="coerce", utc=True)
    else:
        times = pd.to_datetime(_with_offsets(values), format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None).astype("datetime64[us]")


def _with_offsets(values: pd.Series) -> pd.Series:
    return values.str.strip().str.replace(_ZONE_NAME, lambda match: _OFFSETS[match.group()], regex=True)
