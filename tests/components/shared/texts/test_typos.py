import random

from hypothesis import given
from hypothesis import strategies as st

from components.shared.texts.typos import mistype


@given(word=st.text(alphabet="abcdefghijklmnopqrstuvwxyzéßжABC", min_size=2, max_size=12), seed=st.integers())
def test_a_typo_is_one_key_one_swap_or_one_missing_letter(word, seed):
    typo = mistype(word, random.Random(seed))
    assert typo
    assert len(word) - 1 <= len(typo) <= len(word)
    if len(typo) == len(word):
        differing = [place for place, pair in enumerate(zip(word, typo, strict=True)) if pair[0] != pair[1]]
        assert len(differing) == 1 or (
            len(differing) == 2 and differing[1] == differing[0] + 1 and sorted(word) == sorted(typo)
        )


def test_neighbouring_keys_are_those_of_an_english_keyboard():
    replaced = {mistype("gg", random.Random(seed)) for seed in range(300)}
    assert {key for typo in replaced if len(typo) == 2 for key in typo} - {"g"} == set("tyfhvb")
