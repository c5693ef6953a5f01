"""Text of strangers in Markdown, judged by a Markdown library: it is shown, and does nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import Markup

from components.compare.reporting.markdown import escape_markdown, indented_block
from components.shared.texts.printable import printable

_MARKS = st.text(st.sampled_from("*_`[]()<>!#|~\\-+=.:/&;\"'$ 1ab\n\t"), max_size=30)
_TEXTS = st.one_of(_MARKS, st.text(max_size=30))


def _shown(markdown: str) -> str:
    """Returns the text of Markdown that must hold nothing else but one paragraph of text."""
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    inside = tokens[1].children or []
    assert {token.type for token in inside} <= {"text", "text_special"}
    return "".join(token.content for token in inside)


@given(_TEXTS)
def test_any_text_is_shown_as_it_is_on_one_line(text: str) -> None:
    one_line = " ".join(printable(" ".join(text.split())).split())
    if one_line:
        assert _shown(escape_markdown(text)) == one_line


@given(_TEXTS)
def test_any_text_stays_in_its_cell_of_a_table(text: str) -> None:
    page = MarkdownIt("commonmark").enable("table").render(f"| a | b |\n|---|---|\n| {escape_markdown(text)} | end |")
    assert page.count("<td>") == 2
    assert "<td>end</td>" in page


@given(_TEXTS)
def test_nothing_is_left_that_becomes_a_link_by_itself(text: str) -> None:
    escaped = escape_markdown(f"{text} https://a.example www.a.example a@a.example")
    assert not re.search(r"://|www\.|[^\\]@", escaped, re.IGNORECASE)


def test_markdown_made_here_stays_as_it_is() -> None:
    assert escape_markdown(Markup("**bold**")) == "**bold**"


@pytest.mark.parametrize("text", ["a: 1", "a: |\n  ```\n  # head\n\n  <script>", "<b>\n\n- x"])
def test_an_indented_block_is_code_to_its_end(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"Before:\n\n{indented_block(text)}\n\nafter")
    assert [token.type for token in tokens if token.level == 0 and token.nesting >= 0] == [
        "paragraph_open",
        "code_block",
        "paragraph_open",
    ]
    (code,) = [token.content for token in tokens if token.type == "code_block"]
    assert code.rstrip("\n") == text
