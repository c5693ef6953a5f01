import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ingest.dates import find_format, looks_like_dates, parse_times


def _first_time(*values: str) -> pd.Timestamp:
    series = pd.Series(values)
    form = find_format(series)
    assert form is not None
    return parse_times(series, form).iloc[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("2024-05-31",), "2024-05-31"),
        (("2024-05-31 17:45:00", "2024-06-01"), "2024-05-31 17:45"),
        (("2024-05-31T17:45:00+02:00",), "2024-05-31 15:45"),
        (("2024-05-31T17:45:00Z", "2024-05-31T17:45:00.250Z"), "2024-05-31 17:45"),
        (("Mon Apr 06 22:19:45 PDT 2009",), "2009-04-07 05:19:45"),
        (("31.05.2024", "01.02.2024"), "2024-05-31"),
        (("1.2.2024", "3.4.2024"), "2024-02-01"),
        (("1/2/2024", "3/4/2024"), "2024-01-02"),
        ((*["1/2/2024"] * 40, "31/5/2024"), "2024-02-01"),
        (("20-May-12", "1-Jun-10"), "2012-05-20"),
        (("5/31/24", "1/2/24"), "2024-05-31"),
        (("31.5.24", "1.2.24"), "2024-05-31"),
        (("March 14, 2019",), "2019-03-14"),
        (("14 March 2019",), "2019-03-14"),
    ],
)
def test_usual_spellings_are_dates(values: tuple[str, ...], expected: str) -> None:
    assert looks_like_dates(pd.Series(values))
    assert _first_time(*values) == pd.Timestamp(expected)


@pytest.mark.parametrize(
    "value", ["2019", "01067", "94103", "4.46.1", "5", "may be good", "10/10", "marvellous", "+49 30 1234567", "3-4"]
)
def test_years_postcodes_versions_and_words_are_no_dates(value: str) -> None:
    assert not looks_like_dates(pd.Series([value] * 20))


def test_seconds_and_milliseconds_are_read_if_the_column_is_named_as_time() -> None:
    assert _first_time("1554000000") == _first_time("1554000000000") == pd.Timestamp("2019-03-31 02:40")
    assert not looks_like_dates(pd.Series(["1554000000"]))


def test_values_that_are_no_dates_become_missing() -> None:
    times = parse_times(pd.Series(["2024-05-31", "", "soon", "2024-13-01"]), "ISO8601")
    assert times.notna().tolist() == [True, False, False, False]
    assert str(times.dtype) == "datetime64[us]"


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=20))
def test_any_text_can_be_asked(values: list[str]) -> None:
    looks_like_dates(pd.Series(values))


@given(st.datetimes(min_value=pd.Timestamp("1990-01-01"), max_value=pd.Timestamp("2035-01-01")))
def test_what_is_written_is_read(moment: pd.Timestamp) -> None:
    assert _first_time(moment.isoformat(sep=" ", timespec="seconds")) == pd.Timestamp(moment).floor("s")
