import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.shared.errors import UserError
from components.shared.texts.near_duplicates import near_duplicate_groups, words_of

_WORDS = [f"word{number}" for number in range(400)]
_REVIEW = "love this dress so much it fits and flatters in every way"


def _jaccard(left: str, right: str) -> float:
    one, other = set(words_of(left)), set(words_of(right))
    return len(one & other) / max(len(one | other), 1)


def _texts_with_copies() -> list[str]:
    generator = random.Random(5)
    texts = [" ".join(generator.choices(_WORDS, k=generator.randrange(5, 60))) for _ in range(150)]
    for text in texts[:]:
        words = text.split()
        for _ in range(generator.randrange(len(words) // 4 + 1)):
            words[generator.randrange(len(words))] = generator.choice(_WORDS)
        texts.append(" ".join(words))
    generator.shuffle(texts)
    return texts


def test_a_text_that_differs_in_a_word_joins_the_first_of_its_kind() -> None:
    texts = ["awful itchy top that I returned the next day", _REVIEW, "too small", f"{_REVIEW}!!", f"{_REVIEW} again"]
    assert near_duplicate_groups(texts, 0.8).tolist() == [0, 1, 2, 1, 1]


def test_similarity_1_joins_copies_only() -> None:
    assert near_duplicate_groups([_REVIEW, f"{_REVIEW} again", _REVIEW.upper() + "!"], 1).tolist() == [0, 1, 0]


def test_short_texts_must_be_equal() -> None:
    texts = ["love this dress", "this dress, love", "Love this dress!", "love this dress now"]
    assert near_duplicate_groups(texts, 0.5).tolist() == [0, 1, 0, 3]


def test_texts_without_words_are_told_apart() -> None:
    assert near_duplicate_groups(["!!!", "???", "", "!!!", ""], 0.8).tolist() == [0, 1, 2, 0, 2]


def test_a_chain_of_small_changes_is_one_group() -> None:
    words = _WORDS[:20]
    texts = [" ".join([*words[start:], *_WORDS[100 : 100 + start]]) for start in range(0, 10)]
    assert _jaccard(texts[0], texts[-1]) < 0.5
    assert near_duplicate_groups(texts, 0.8).tolist() == [0] * 10


def test_groups_are_those_of_comparing_every_pair() -> None:
    texts = _texts_with_copies()
    groups = near_duplicate_groups(texts, 0.8)
    similar = [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if _jaccard(texts[i], texts[j]) >= 0.8]
    together = [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if groups[i] == groups[j]]
    assert set(together) <= set(similar)
    assert len(together) >= 0.95 * len(similar) > 50


def test_a_table_of_one_text_over_and_over_is_one_group() -> None:
    texts = [f"{_REVIEW} and I bought it {number} times already this year" for number in range(3000)]
    assert set(near_duplicate_groups(texts, 0.8)) == {0}


def test_an_empty_table_has_no_groups() -> None:
    assert near_duplicate_groups([], 0.8).shape == (0,)


@pytest.mark.parametrize("similarity", [0.2, 1.5])
def test_a_similarity_that_means_nothing_is_refused(similarity: float) -> None:
    with pytest.raises(UserError, match=r"is not between 0\.5 and 1"):
        near_duplicate_groups([_REVIEW], similarity)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=20))
def test_every_group_is_named_by_its_first_text(texts: list[str]) -> None:
    groups = near_duplicate_groups(texts, 0.7)
    assert groups.dtype == np.int64
    assert (groups <= np.arange(len(texts))).all()
    assert (groups[groups] == groups).all()
