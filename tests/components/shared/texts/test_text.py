import html
import re
import unicodedata
from collections.abc import Collection

import emoji
import ftfy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.errors import UserError
from components.shared.texts.text import (
    NATURAL_STEPS,
    TextPreprocessing,
    default_stop_words,
    join_title,
    lemma,
    natural_text,
    texts_by_step,
    tokenize,
)

# Ordinary characters, and those that mark-up, links, emoji and broken encodings are made of.
_PIECES = st.sampled_from(
    [
        "<b>",
        "</p",
        "&lt;",
        "&amp;amp;",
        "&#39;",
        "https://a.b/c",
        "httpſ://a",
        "WWW.",
        "😍",
        "❤️",
        "👩\u200d💻",
        "#️⃣",
        "â€™",
        "Ã©",
        "\x00",
        "\x1b[31m",
        "\r\n",
        "\x85",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\xa0",
        "n't",
        "ﬁ",
        "Ａ",
        "’",
    ]
)
_HOSTILE = st.lists(st.one_of(st.text(max_size=8), _PIECES), max_size=12).map("".join)
_STEPS = st.sets(st.sampled_from(NATURAL_STEPS))


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


@given(st.one_of(_HOSTILE, st.text(st.sampled_from("annt'’sdre !?1_é"))))
def test_words_are_found_as_without_short_cuts(natural: str) -> None:
    pattern = r"[^\W\d_]+(?=n't)|n't|'(?:s|re|ve|ll|d|m)\b|[^\W\d_]+|[!?]"
    assert tokenize(natural) == re.findall(pattern, natural.lower().replace("’", "'"))


def _natural_text_without_short_cuts(raw: str, steps: Collection[str]) -> str:
    text = raw
    if "encoding" in steps:
        text = ftfy.fix_text(text, unescape_html=False, remove_control_chars=False, remove_terminal_escapes=False)
    if "html" in steps:
        text = re.sub(r"</?[a-zA-Z!][^<>]*>", " ", html.unescape(html.unescape(text)))
    if "links" in steps:
        text = re.sub(r"(?:https?://|www\.)\S+", " ", text, flags=re.IGNORECASE)
    if "controls" in steps:
        text = re.sub(r"\x1b\[[\d;]*[a-zA-Z]", " ", text)
        invisible = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
        text = re.sub(invisible, " ", text)
    if "emoji" in steps:
        text = emoji.replace_emoji(
            text, lambda _, data: " " + data["en"].strip(":").replace("_", " ").replace("-", " ") + " "
        )
    return " ".join(text.split())


@given(_HOSTILE, _STEPS)
def test_short_cuts_change_nothing(raw: str, steps: set[str]) -> None:
    assert natural_text(raw, steps) == _natural_text_without_short_cuts(raw, steps)


@given(st.text(st.characters(codec="ascii")), _STEPS)
def test_short_cuts_change_nothing_in_plain_text(raw: str, steps: set[str]) -> None:
    assert natural_text(raw, steps) == _natural_text_without_short_cuts(raw, steps)


@given(_HOSTILE, _STEPS)
def test_the_text_after_the_last_step_is_the_natural_text(raw: str, steps: set[str]) -> None:
    texts = texts_by_step(raw, steps)
    assert len(texts) == len(steps) + 1
    assert " ".join(texts[-1].split()) == natural_text(raw, steps)


@given(_HOSTILE)
def test_without_steps_only_white_space_changes(raw: str) -> None:
    assert natural_text(raw, ()).split() == raw.split()


@given(st.text(), st.text())
def test_join_title_loses_no_word(title: str, text: str) -> None:
    joined = join_title(title, text)
    assert title.strip() in joined and text.strip() in joined


@pytest.mark.parametrize(
    ("raw", "natural"),
    [
        ("Nice<br />dress &amp; belt", "Nice dress & belt"),
        ("love it &amp;lt;3 &amp;quot;so&amp;quot;", 'love it <3 "so"'),
        ("see https://shop.example/p?id=1 now", "see now"),
        ("It&#39;s &lt;b&gt;great&lt;/b&gt;", "It's great"),
        ("itâ€™s lovely", "it's lovely"),
        ("love it 😍!", "love it smiling face with heart eyes !"),
        ("zero\u200bwidth", "zero width"),
        ("red \x1b[31mdress", "red dress"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_natural_text_reads_as_people_would(raw: str, natural: str) -> None:
    assert natural_text(raw) == natural


@pytest.mark.parametrize(
    ("step", "raw"),
    [
        ("encoding", "itâ€™s"),
        ("html", "a<br>b &amp; c"),
        ("links", "see www.example.org/x"),
        ("controls", "zero\u200bwidth"),
        ("emoji", "great 😍"),
    ],
)
def test_only_its_own_step_changes_a_mark(step: str, raw: str) -> None:
    others = [name for name in NATURAL_STEPS if name not in (step, "emoji")]
    assert natural_text(raw, others) == raw
    assert natural_text(raw, [step]) != raw


def test_titles_become_a_sentence_of_their_own() -> None:
    assert join_title("Love it", "so soft") == "Love it. so soft"
    assert join_title("Love it!", "so soft") == "Love it! so soft"
    assert join_title("", "so soft") == "so soft"


_NEGATIVE = "This isn't soft, but I would not call it very cheap!"


def test_negations_and_contrast_survive_the_stop_words() -> None:
    text = TextPreprocessing.of_steps("en", ["stop-words"])
    assert text.tokens(_NEGATIVE) == ["n't", "soft", "but", "would", "not", "very", "cheap", "!"]


def test_negations_and_contrast_survive_the_lemmas() -> None:
    text = TextPreprocessing.of_steps("en", ["stop-words", "lemmas"])
    assert text.tokens(_NEGATIVE) == ["n't", "soft", "but", "would", "not", "very", "cheap", "!"]
    assert text.tokens("I never wore those itchier dresses, nothing fitted") == [
        *("never", "wear", "itchy", "dress", "nothing", "fit")
    ]


@pytest.mark.parametrize(
    "word", "not no nor never none nothing nobody n't without cannot less most 's 'm ! ?".split()
)
def test_words_that_carry_negation_or_degree_have_no_lemma(word: str) -> None:
    assert lemma(word, "en") == word


@given(st.text().map(str.lower))
def test_lemmas_are_words_in_lower_case(text: str) -> None:
    for token in tokenize(text):
        found = lemma(token, "en")
        assert found and found.split() == [found]
        assert found == token or (found.isalpha() and found == unicodedata.normalize("NFC", found).lower())


def test_every_token_step_can_be_left_out() -> None:
    assert TextPreprocessing.of_steps("en", []).tokens("The dresses") == ["the", "dresses"]
    assert TextPreprocessing.of_steps("en", ["lemmas"]).tokens("The dresses") == ["the", "dress"]
    assert TextPreprocessing.of_steps("en", ["stop-words"]).tokens("The dresses") == ["dresses"]


def test_preprocessing_survives_its_bundle() -> None:
    text = TextPreprocessing.of_steps("en", ["stop-words", "lemmas"])
    assert text.tokens("The dresses") == ["dress"]
    assert TextPreprocessing.model_validate_json(text.model_dump_json()) == text


def test_languages_without_a_list_keep_every_word() -> None:
    assert default_stop_words("fr") == []
    text = TextPreprocessing.of_steps("fr", ["stop-words"])
    assert text.tokens("je ne l'aime pas") == ["je", "ne", "l", "aime", "pas"]


def test_lemmas_are_refused_in_a_language_without_any() -> None:
    with pytest.raises(UserError, match="no lemmas for the language 'zh'"):
        TextPreprocessing.of_steps("zh", ["lemmas"])
