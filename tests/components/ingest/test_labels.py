import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ingest.labels import MOST_LABELS, LabelReader, order_labels
from components.ingest.source_table import shown
from components.shared.errors import UserError

STARS = ("1", "2", "3", "4", "5")


def _read(values: list[str], allowed: tuple[str, ...] = ()) -> list[str]:
    return LabelReader("Stars", allowed, "file").read(pd.Series(values, index=range(1, len(values) + 1))).tolist()


@given(st.text())
def test_foreign_text_is_shown_in_one_short_printable_line(value: str) -> None:
    assert shown(value).isprintable() and shown(value).isascii() and len(shown(value)) <= 43


@given(st.integers(1, 5), st.sampled_from(["{}", "{}.0", " {} ", "{}.00", "{}e0"]), st.booleans())
def test_numbers_are_labels_however_they_are_written(value: int, spelling: str, given_labels: bool) -> None:
    assert _read([spelling.format(value)], STARS if given_labels else ()) == [str(value)]


def test_found_words_are_one_label_whatever_their_case() -> None:
    assert _read(["Good", "good ", "GOOD", "bad"]) == ["Good", "Good", "Good", "bad"]


def test_halves_stay_halves() -> None:
    assert _read(["3.5", "4.0", "3.50"]) == ["3.5", "4", "3.5"]


@pytest.mark.parametrize("missing", ["", "  ", "NaN", "null", "N/A"])
def test_missing_labels_are_empty(missing: str) -> None:
    assert _read(["good", missing]) == ["good", ""]


@pytest.mark.parametrize("value", ["0", "6", "3.5", "five", "nan", "inf", "\u00bd"])
def test_a_value_that_is_no_allowed_label_is_refused_with_its_row(value: str) -> None:
    with pytest.raises(
        UserError, match=r"file: row 2: '.*' in column 'Stars' is not one of the labels 1, 2, 3, 4, 5"
    ):
        _read(["1", value], STARS)


def test_a_spelling_is_remembered_between_partitions() -> None:
    reader = LabelReader("Stars", (), "file")
    first = reader.read(pd.Series(["Good"]))
    second = reader.read(pd.Series(["good", "3.0"]))
    assert [*first, *second] == ["Good", "Good", "3"]


def test_many_different_numbers_are_refused_with_what_to_do() -> None:
    with pytest.raises(UserError, match=r"more than 20 different numbers, such as '0', '1', '2'.*a few classes"):
        _read([str(number) for number in range(MOST_LABELS + 1)])


def test_many_different_words_are_refused_with_what_to_do() -> None:
    with pytest.raises(UserError, match=r"more than 20 different values.*--label-column"):
        _read([f"word {number}" for number in range(MOST_LABELS + 1)])


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "2", "10"],
        ["-1", "0", "1"],
        ["0.5", "1", "1.5"],
        ["negative", "neutral", "positive"],
        ["Negative", "Positive"],
        ["very negative", "negative", "positive", "very positive"],
        ["bad", "good"],
        ["poor", "fair", "good", "excellent"],
        ["one", "two", "three", "four", "five"],
        ["No", "Yes"],
        ["false", "true"],
        ["1 star", "2 stars", "3 stars"],
        ["two stars", "three stars"],
        ["★", "★★", "★★★"],
        ["★☆☆", "★★★"],
        ["1/5", "3/5", "5/5"],
        ["thumbs_down", "thumbs_up"],
        ["schlecht", "mittel", "gut", "sehr gut"],
        ["négatif", "positif"],
        ["strongly disagree", "disagree", "agree"],
    ],
)
def test_numbers_and_known_words_have_an_order(labels: list[str]) -> None:
    for shuffled in (labels[::-1], labels[1:] + labels[:1]):
        order = order_labels(shuffled)
        assert (list(order.labels), order.ordered) == (labels, True)


@pytest.mark.parametrize(
    "labels", [["dress", "blouse"], ["good", "shirt"], ["bad", "poor"], ["1", "dress"], ["1", "1 star"]]
)
def test_other_words_have_none_and_go_by_the_alphabet(labels: list[str]) -> None:
    order = order_labels(labels)
    assert (list(order.labels), order.ordered) == (sorted(labels), False)
    assert "--labels" in order.why


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True))
def test_ordering_keeps_every_label(labels: list[str]) -> None:
    assert sorted(order_labels(labels).labels) == sorted(labels)
