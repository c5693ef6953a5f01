import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.probe_robustness.negation import negate


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [
        ("I love this dress!", "I do not love this dress!"),
        ("It fits perfectly.", "It does not fit perfectly."),
        ("The fabric is soft.", "The fabric is not soft."),
        ("It's beautiful", "It's not beautiful"),
        ("They’re great", "They’re not great"),
        ("The fabric isn't itchy.", "The fabric is itchy."),
        ("I don't like it.", "I like it."),
        ("I did not order this", "I order this"),
        ("I can't wear it", "I can wear it"),
        ("You cannot wash it", "You can wash it"),
        ("It won't last", "It will last"),
        ("I would never buy it", "I would buy it"),
        ("I loved it", "I did not love it"),
        ("We bought two of them.", "We did not buy two of them."),
        ("It has been washed", "It has not been washed"),
        ("This dress runs large", "This dress does not run large"),
    ],
)
def test_the_first_verb_is_denied_or_affirmed(sentence, negated):
    assert negate(sentence) == negated


@pytest.mark.parametrize("sentence", ["", "Great dress!", "So soft", "Love it", "12 %", "Très jolie"])
def test_a_sentence_without_a_known_verb_is_left(sentence):
    assert negate(sentence) is None


@given(st.text(max_size=60))
def test_any_text_is_left_or_really_changed(text):
    assert negate(text) != text


@pytest.mark.parametrize("sentence", ["The fabric is soft.", "I love it", "It fits well"])
def test_a_denial_of_a_denial_has_no_not(sentence):
    assert "not" not in negate(negate(sentence))
