import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.text import (
    changes_made,
    content_tokens,
    default_stop_words,
    join_title,
    natural_text,
    tokenize,
)

# Ordinary characters, and those that mark-up, links, emoji and broken encodings are made of.
_PIECES = st.sampled_from(
    ["<b>", "</p", "&lt;", "&amp;", "https://a.b/c", "www.", "😍", "❤️", "â€™", "\x00", "\u200b", "n't"]
)
_HOSTILE = st.lists(st.one_of(st.text(max_size=8), _PIECES), max_size=12).map("".join)


@given(_HOSTILE)
def test_natural_text_is_one_line_without_invisible_characters(raw: str) -> None:
    natural = natural_text(raw)
    assert natural == " ".join(natural.split())
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", natural)


@given(_HOSTILE)
def test_natural_text_holds_no_link(raw: str) -> None:
    assert not re.search(r"https?://\S", natural_text(raw), re.IGNORECASE)


@given(_HOSTILE)
def test_tokens_are_lower_case_words_or_marks(raw: str) -> None:
    for token in tokenize(natural_text(raw)):
        assert token in ("!", "?") or re.fullmatch(r"n't|'[a-z]+|[^\W\d_]+", token)


@given(st.text(), st.text())
def test_join_title_loses_no_word(title: str, text: str) -> None:
    joined = join_title(title, text)
    assert title.strip() in joined and text.strip() in joined


@pytest.mark.parametrize(
    ("raw", "natural"),
    [
        ("Nice<br />dress &amp; belt", "Nice dress & belt"),
        ("see https://shop.example/p?id=1 now", "see now"),
        ("It&#39;s &lt;b&gt;great&lt;/b&gt;", "It's great"),
        ("itâ€™s lovely", "it's lovely"),
        ("love it 😍!", "love it smiling face with heart-eyes !".replace("-", " ")),
        ("zero\u200bwidth", "zero width"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_natural_text_reads_as_people_would(raw: str, natural: str) -> None:
    assert natural_text(raw) == natural


def test_titles_become_a_sentence_of_their_own() -> None:
    assert join_title("Love it", "so soft") == "Love it. so soft"
    assert join_title("Love it!", "so soft") == "Love it! so soft"
    assert join_title("", "so soft") == "so soft"


def test_negations_and_contrast_survive_the_stop_words() -> None:
    stop_words = default_stop_words("en")
    tokens = content_tokens("This isn't soft, but I would not call it very cheap!", stop_words)
    assert tokens == ["n't", "soft", "but", "would", "not", "very", "cheap", "!"]


def test_languages_without_a_list_keep_every_word() -> None:
    assert default_stop_words("fr") == []
    assert content_tokens("je ne l'aime pas", []) == ["je", "ne", "l", "aime", "pas"]


@pytest.mark.parametrize(
    ("raw", "changes"),
    [
        ("plain words", []),
        ("see www.example.org", ["links"]),
        ("a<br>b", ["HTML"]),
        ("Tom &amp; me", ["HTML"]),
        ("great 👍", ["emoji"]),
        ("cafÃ© outfit", ["broken characters"]),
        ("a proper café", []),
    ],
)
def test_changes_are_named(raw: str, changes: list[str]) -> None:
    assert changes_made(raw) == changes
