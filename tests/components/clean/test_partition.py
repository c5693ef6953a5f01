import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clean.partition import KEPT, REASONS, SHORT, Cleaning, clean_partition, words_changed
from components.shared.texts.text import CLEAN_STEPS, TextPreprocessing, join_title, natural_text

_MARKED = [
    "first review with a link https://shop.example",
    "second <p>review</p> with mark-up &amp; more",
    "third review is great 👍",
    "fourth trÃ¨s review",
    "fifth fab\u200bric review",
]


def _cleaning(*steps: str) -> Cleaning:
    return Cleaning("en", steps, TextPreprocessing.of_steps("en", steps))


def _table(*texts: str, title: str = "") -> pd.DataFrame:
    numbers = [str(number) for number in range(len(texts))]
    return pd.DataFrame({"review_id": numbers, "title": title, "text": texts, "label": "1"}, dtype="str")


@pytest.mark.parametrize(
    ("step", "mark"),
    [
        ("encoding", "trÃ¨s"),
        ("html", "<p>review</p>"),
        ("links", "https://shop.example"),
        ("controls", "fab\u200bric"),
        ("emoji", "👍"),
    ],
)
def test_a_step_that_is_left_out_leaves_its_marks(step: str, mark: str) -> None:
    taken = clean_partition(_table(*_MARKED), _cleaning(*CLEAN_STEPS)).views
    left_out = clean_partition(_table(*_MARKED), _cleaning(*(name for name in CLEAN_STEPS if name != step))).views
    assert not taken["natural"].str.contains(mark, regex=False).any()
    assert left_out["natural"].str.contains(mark, regex=False).any()
    assert step in taken and step not in left_out


def test_without_steps_only_white_space_is_folded() -> None:
    made = clean_partition(_table("The <b>dress</b>\n\n is   not soft"), _cleaning())
    assert made.views["natural"].tolist() == ["The <b>dress</b> is not soft"]
    assert made.views["tokens"].tolist() == ["the b dress b is not soft"]
    assert list(made.views) == ["natural", "tokens"]


def test_lemmas_keep_negations() -> None:
    table = _table("It didn't fit, never wearing those dresses without a belt")
    tokens = clean_partition(table, _cleaning(*CLEAN_STEPS)).views["tokens"]
    assert tokens[0].split() == ["do", "n't", "fit", "never", "wear", "dress", "without", "belt"]


def test_copies_have_the_same_key_whatever_the_case_and_mark_up() -> None:
    figures = clean_partition(_table("Soft <b>dress</b>", "soft DRESS", "soft dresses"), _cleaning("html")).figures
    assert figures.loc[0, ["key_high", "key_low"]].tolist() == figures.loc[1, ["key_high", "key_low"]].tolist()
    assert figures["key_low"].nunique() == 2


def test_missing_identifiers_stay_missing() -> None:
    table = _table("soft dress", "another dress")
    table.loc[1, "review_id"] = None
    assert clean_partition(table, _cleaning()).figures["review_id"].isna().tolist() == [False, True]


@pytest.mark.parametrize(("text", "goes"), [("ok", True), ("ok!!", True), ("so soft", False), ("12 34", True)])
def test_a_review_of_one_word_is_short(text: str, goes: bool) -> None:
    reason = clean_partition(_table(text), _cleaning()).figures["reason"][0]
    assert (reason == REASONS.index(SHORT)) if goes else (reason == KEPT)


_PIECES = st.sampled_from(["<b>", "&lt;", "https://a.b/c", "😍", "â€™", "\x00", "\u200b", "n't", "dress", " "])
_TEXTS = st.lists(st.lists(st.one_of(st.text(max_size=6), _PIECES), max_size=8).map("".join), min_size=1, max_size=4)


@given(_TEXTS.filter(lambda texts: all(text.encode("utf8", "ignore").decode() == text for text in texts)))
def test_a_partition_is_cleaned_as_its_reviews_alone(texts: list[str]) -> None:
    cleaning = _cleaning(*CLEAN_STEPS)
    table = _table(*texts, title="Nice")
    together = clean_partition(table, cleaning)
    alone = [clean_partition(table.iloc[[row]], cleaning) for row in range(len(table))]
    pd.testing.assert_frame_equal(together.views, pd.concat([part.views for part in alone], ignore_index=True))
    pd.testing.assert_frame_equal(together.figures, pd.concat([part.figures for part in alone], ignore_index=True))
    natural = [natural_text(join_title("Nice", text)) for text in texts]
    assert together.views["natural"].tolist() == natural
    assert together.views["tokens"].tolist() == [" ".join(cleaning.text.tokens(text)) for text in natural]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("soft dress", "soft  dress ", 0),
        ("a<br>b", "a b", 1),
        ("see https://a.b now", "see   now", 1),
        ("so so soft", "so soft", 1),
        ("great 👍👍", "great thumbs up thumbs up", 1),
    ],
)
def test_changed_words_are_those_that_are_not_there_any_more(before: str, after: str, words: int) -> None:
    assert words_changed(before, after) == words


@given(st.text(), st.text())
def test_no_more_words_change_than_there_are(before: str, after: str) -> None:
    assert 0 <= words_changed(before, after) <= len(re.findall(r"\S+", before))
