import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.clean.copies import find_copies


def _found(keys: list[int], labels: list[str]) -> tuple[list[int], list[int]]:
    figures = pd.DataFrame({"key_high": 1, "key_low": keys, "label": pd.Categorical(labels, list("abc"))})
    contradicting, copies = find_copies(figures)
    return sorted(contradicting.tolist()), sorted(copies.tolist())


def test_the_first_of_several_copies_stays() -> None:
    assert _found([5, 3, 5, 5], ["a", "b", "a", "a"]) == ([], [2, 3])


def test_all_copies_with_different_labels_are_found() -> None:
    assert _found([5, 3, 5, 5], ["a", "b", "b", "a"]) == ([0, 2, 3], [])


def test_both_halves_of_the_hash_count() -> None:
    figures = pd.DataFrame({"key_high": [1, 2], "key_low": [7, 7], "label": pd.Categorical(["a", "a"])})
    assert [len(rows) for rows in find_copies(figures)] == [0, 0]


def test_no_rows_have_no_copies() -> None:
    assert _found([], []) == ([], [])


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), max_size=40))
def test_copies_are_those_that_pandas_finds(rows: list[tuple[int, str]]) -> None:
    table = pd.DataFrame(rows, columns=["key", "label"])
    labels_of_key = table.groupby("key")["label"].transform("nunique").to_numpy()
    contradicting, copies = _found([key for key, _ in rows], [label for _, label in rows])
    assert contradicting == np.flatnonzero(labels_of_key > 1).tolist()
    assert copies == np.flatnonzero((labels_of_key == 1) & table["key"].duplicated()).tolist()
