import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.probe_robustness.noises import _SYNONYMS, NOISES, add_noise, share_with_synonym

BY_NAME = {noise.name: noise for noise in NOISES}
REVIEW = "I love this Dress! It fits perfectly, and the fabric isn't itchy. I bought a big one; it was too large."

texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from([*REVIEW.split(), "ничего", "très", "👗", "…", "<b>", "\x00"]), max_size=30).map(
        " ".join
    ),
)
noises = pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)


def _words(text):
    return re.findall(r"\S+", text)


@noises
@given(text=texts, seed=st.integers(0, 5))
def test_strength_zero_changes_nothing(noise, text, seed):
    assert add_noise(noise, text, 0.0, seed) == text


@noises
@given(text=texts, strength=st.floats(0, 1), seed=st.integers(0, 5))
def test_the_same_seed_gives_the_same_text(noise, text, strength, seed):
    assert add_noise(noise, text, strength, seed) == add_noise(noise, text, strength, seed)


@noises
@given(text=texts, strength=st.floats(0, 1), seed=st.integers(0, 5))
def test_a_text_with_words_never_becomes_empty(noise, text, strength, seed):
    if re.search(r"\w", text):
        assert add_noise(noise, text, strength, seed).strip()


def _distance(noise, text, seed):
    """How many pieces differ at each strength; typos, case and synonyms keep the number of words."""
    words = _words(text)
    return [
        sum(one != other for one, other in zip(words, _words(add_noise(noise, text, strength, seed)), strict=True))
        for strength in (0.0, 0.1, 0.3, 0.6, 1.0)
    ]


@pytest.mark.parametrize("name", ["typos", "case", "synonyms"])
@given(seed=st.integers(0, 200))
def test_a_greater_strength_changes_at_least_as_many_words(name, seed):
    changed = _distance(BY_NAME[name], REVIEW, seed)
    assert changed == sorted(changed)
    assert changed[-1] > 0


@pytest.mark.parametrize("name", ["emoji", "truncation"])
@given(text=texts, seed=st.integers(0, 20))
def test_a_greater_strength_adds_or_takes_at_least_as_many_words(name, text, seed):
    counts = [len(_words(add_noise(BY_NAME[name], text, strength, seed))) for strength in (0.0, 0.2, 0.5, 1.0)]
    assert counts == sorted(counts, reverse=name == "truncation")


@given(seed=st.integers(0, 50), weak=st.floats(0, 1), strong=st.floats(0, 1))
def test_what_a_weak_noise_changes_a_stronger_one_changes_in_the_same_way(seed, weak, strong):
    weak, strong = sorted((weak, strong))
    some, more = (_words(add_noise(BY_NAME["typos"], REVIEW, strength, seed)) for strength in (weak, strong))
    for original, one, other in zip(_words(REVIEW), some, more, strict=True):
        assert one in (original, other)


@pytest.mark.parametrize("name", ["typos", "case", "emoji"])
def test_the_share_of_changed_words_is_the_strength_over_many_reviews(name):
    reviews = [f"{REVIEW} number {number}" for number in range(300)]
    strength = 0.1
    noisy = [add_noise(BY_NAME[name], review, strength, 3) for review in reviews]
    if name == "emoji":
        changed = sum(len(_words(after)) - len(_words(before)) for before, after in zip(reviews, noisy, strict=True))
        of = sum(len(_words(review)) for review in reviews)
    else:
        # Typos want three letters; capital letters any: both count runs of letters, which "isn't" has two of.
        least = 3 if name == "typos" else 1
        pattern = rf"[^\W\d_]{{{least},}}"
        of = sum(len(re.findall(pattern, review)) for review in reviews)
        changed = sum(
            sum(one != other for one, other in zip(_words(before), _words(after), strict=True))
            for before, after in zip(reviews, noisy, strict=True)
        )
    assert changed / of == pytest.approx(strength, abs=0.02)


def test_all_words_in_other_letters_read_the_same_in_lower_case():
    noisy = add_noise(BY_NAME["case"], REVIEW, 1.0, 0)
    assert noisy.lower() == REVIEW.lower()
    letters = re.findall(r"[^\W\d_]+", REVIEW)
    assert all(one != other for one, other in zip(letters, re.findall(r"[^\W\d_]+", noisy), strict=True))


def test_punctuation_goes_or_is_doubled_and_words_stay():
    noisy = add_noise(BY_NAME["punctuation"], REVIEW, 1.0, 0)
    strip = str.maketrans("", "", ".,;!'")
    assert noisy.translate(strip) == REVIEW.translate(strip)
    assert "isnt" in noisy
    assert noisy != REVIEW


def test_a_text_of_marks_alone_stays():
    assert add_noise(BY_NAME["punctuation"], "!!! ...", 1.0, 0) == "!!! ..."


def test_truncation_keeps_the_beginning():
    noisy = add_noise(BY_NAME["truncation"], REVIEW, 0.5, 0)
    assert REVIEW.startswith(noisy)
    assert len(_words(noisy)) == pytest.approx(len(_words(REVIEW)) / 2, abs=1)
    assert add_noise(BY_NAME["truncation"], REVIEW, 1.0, 0) == "I"


def test_synonyms_keep_capital_letters():
    noise = BY_NAME["synonyms"]
    assert add_noise(noise, "Bought", 1.0, 0) == "Purchased"
    assert add_noise(noise, "BOUGHT", 1.0, 0) == "PURCHASED"
    assert add_noise(noise, "bought", 1.0, 0) == "purchased"
    assert add_noise(noise, "itchy", 1.0, 0) == "itchy"


def test_synonyms_are_in_one_group_each_and_go_with_the_same_article():
    groups = [group.split() for group in yaml.safe_load(_SYNONYMS.read_text(encoding="utf-8"))]
    words = [word for group in groups for word in group]
    assert len(words) == len(set(words))
    for group in groups:
        assert len(group) > 1
        assert len({word[0] in "aeiou" for word in group}) == 1
        assert all(word.isalpha() and word.islower() for word in group)


def test_the_share_of_words_with_a_synonym_is_counted():
    assert share_with_synonym(["bought it", "big and Small"]) == pytest.approx(2 / 5)
    assert share_with_synonym([""]) == 0


def test_each_noise_grows_and_the_negation_alone_changes_what_is_said():
    for noise in NOISES:
        assert list(noise.strengths) == sorted(set(noise.strengths))
        assert noise.strengths[0] > 0 and noise.strengths[-1] <= 1
    assert [noise.name for noise in NOISES if not noise.keeps_label] == ["negation"]
