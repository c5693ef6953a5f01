import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.explore.wording import correlation, count_of, percent, printable


@given(st.text(max_size=300), st.integers(2, 50))
def test_printable_text_is_one_short_line_of_seen_characters(text, longest):
    shown = printable(text, longest)
    assert 0 < len(shown) <= max(longest, len("(blank)"))
    unseen = ("Cc", "Cs", "Cn", "Zl", "Zp")
    assert not any(unicodedata.category(character) in unseen for character in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x00b\u202etxt\u2066c", "a b txt c"),
        ("two\n  lines", "two lines"),
        ("", "(blank)"),
        ("\u200b\u202e", "(blank)"),
        ("z" + "\u0301" * 50, "z\u0301\u0301"),
        ("abcdefghijklmnop", "abcdefghi…"),
        ("\u0301" * 500 + "x" * 500, "\u0301\u0301…"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_printable_leaves_out_what_would_break_a_line(text, shown):
    assert printable(text, 10) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0001, "<0.1 %"),
        (0.9999, ">99.9 %"),
        (0.042, "4.2 %"),
        (0.5, "50 %"),
        (0.997, "99.7 %"),
    ],
)
def test_a_share_never_rounds_to_nothing_or_to_everything(share, shown):
    assert percent(share).replace("\u202f", " ") == shown


def test_numbers_agree_with_their_noun():
    assert count_of(1, "review") == "1 review"
    assert count_of(1200, "review") == "1,200 reviews"
    assert count_of(2, "text stands", "texts stand") == "2 texts stand"


def test_a_correlation_of_almost_nothing_has_no_sign():
    assert [correlation(value) for value in (-0.001, -0.256, 0.5)] == ["0.00", "−0.26", "0.50"]
