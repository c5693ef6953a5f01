import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.errors import UserError
from components.shared.override import Override, parse_override


def test_no_override_is_none():
    assert parse_override("", "", "", "") is None


def test_an_override_holds_what_was_given_without_the_space_around_it():
    override = parse_override("deploy", " Ada Lovelace ", "The sale starts tomorrow. ", "lstm")
    assert override == Override("deploy", "Ada Lovelace", "The sale starts tomorrow.", "lstm")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("force", "Ada", "why not", ""), "override: unknown 'force'; known are deploy, refuse"),
        (("deploy", "", "why not", ""), "override_by is empty"),
        (("deploy", "Ada", "  ", ""), "override_reason is empty"),
        (("", "Ada", "", ""), "override_by is set, but override is not"),
        (("", "", "", "lstm"), "override_candidate is set, but override is not"),
        (("refuse", "Ada", "why not", "lstm"), "override_candidate is for override deploy"),
        (("deploy", "Ada", "two\nlines", ""), "override_reason holds a line break"),
        (("deploy", "\x1b[31mAda", "why not", ""), "override_by holds a line break or another character"),
        (("deploy", "Ada", "x" * 301, ""), "override_reason has 301 characters; shorten it to 300"),
    ],
)
def test_a_mistake_is_told_in_one_line(given, message):
    with pytest.raises(UserError) as raised:
        parse_override(*given)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.sampled_from(["deploy", "refuse"]), st.text(), st.text())
def test_any_text_gives_an_override_or_one_plain_line(action, by, reason):
    try:
        override = parse_override(action, by, reason, "")
    except UserError as error:
        assert str(error).isprintable()
    else:
        assert override is not None and override.by.isprintable() and override.reason.isprintable()
