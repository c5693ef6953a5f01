import warnings
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.compare.charts.words import draw_driving_words, draw_review_words
from components.shared.explanations import DrivingWords, Explanation, WordEffect


def _effect(word, contribution):
    return WordEffect(word=word, contribution=contribution, occurrences=3)


def _explanation(words, values):
    return Explanation(
        labels=("bad", "good"),
        words=tuple(words),
        contributions=tuple((-value, value) for value in values),
        base=(0.5, 0.5),
        prediction=(0.5 - sum(values), 0.5 + sum(values)),
        complete=True,
    )


def _texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("labels", [2, 5, 12])
def test_each_label_has_its_words_strongest_raising_first(labels):
    drivers = [
        DrivingWords(
            label=f"l{number}",
            raising=(_effect(f"up{number}", 0.3), _effect("small", 0.1)),
            lowering=(_effect(f"down{number}", -0.2),),
        )
        for number in range(labels)
    ]
    texts = _texts(draw_driving_words(drivers))
    for number in range(labels):
        assert texts.index(f"up{number}") < texts.index(f"down{number}")
        assert f"label l{number}" in texts
    assert {"+0.30", "-0.20"} <= set(texts)


def test_the_strongest_words_of_a_review_stand_in_their_order():
    words = [f"w{number}" for number in range(40)]
    texts = _texts(draw_review_words(_explanation(words, [0.01 * (number % 20) - 0.05 for number in range(40)]), 1))
    shown = [text for text in texts if text in words]
    assert shown == sorted(shown, key=words.index) and len(shown) == 12
    assert "w39" in shown and "w5" not in shown


def test_without_effects_there_is_no_picture():
    assert draw_driving_words([DrivingWords(label="1", raising=(), lowering=())]) == ""
    assert draw_driving_words([]) == ""
    assert draw_review_words(_explanation(["a", "b"], [0.0, 0.0]), 1) == ""


def test_colours_come_from_the_page():
    svg = draw_review_words(_explanation(["a", "b"], [0.2, -0.1]), 1)
    assert "var(--accent)" in svg and "var(--against)" in svg and "#01020" not in svg


def test_one_picture_is_always_the_same():
    explanation = _explanation(["a", "b"], [0.2, -0.1])
    assert draw_review_words(explanation, 1) == draw_review_words(explanation, 1)


@settings(max_examples=20, deadline=None)
@given(word=st.text(min_size=1, max_size=30))
@example(word="$\\frac{1}$")
@example(word="</svg><script>&amp;")
@example(word="\x1b[31m\u202e")
@example(word="很好很好")
def test_any_word_is_drawn_as_text_without_a_warning(word):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        svg = draw_review_words(_explanation([word, "other"], [0.2, -0.1]), 1)
    texts = _texts(svg)
    assert "other" in texts and not any("\x1b" in (text or "") or "\u202e" in (text or "") for text in texts)
