import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.engineer_features.leakage import straddling
from components.engineer_features.row_keys import RowKeys, group_of, name_of
from components.engineer_features.splits import LEFT_OUT, SHARES, Assignment, assign_splits, require_labels, split_of
from components.shared.errors import UserError
from components.shared.records.task import Task
from components.shared.reviews import SPLITS

_REVIEW = "love this dress so much it fits and flatters in every way"


def _rows(
    texts: list[str], keys: list[str] | None = None, days: list[int] | None = None, compare: bool = True
) -> RowKeys:
    return RowKeys(
        labels=np.zeros(len(texts), dtype=np.int64),
        texts=_numbers(texts),
        keys=None if keys is None else _numbers(keys),
        times=None if days is None else np.datetime64("2026-01-01", "us") + np.array(days, "timedelta64[D]"),
        natural=texts if compare else None,
    )


def _numbers(values: list[str]) -> np.ndarray:
    return np.array([int(group_of(value), 16) for value in values], dtype=np.uint64)


def _names(assigned: Assignment) -> list[str]:
    return [SPLITS[number] for number in assigned.splits]


def test_shares_cover_every_split_and_add_up() -> None:
    assert tuple(SHARES) == SPLITS
    assert sum(SHARES.values()) == pytest.approx(1)


def test_splits_get_their_shares() -> None:
    splits = pd.Series([split_of(group_of(f"review {number}")) for number in range(20_000)])
    for split, share in splits.value_counts(normalize=True).items():
        assert share == pytest.approx(SHARES[str(split)], abs=0.01)


def test_a_review_keeps_its_split_for_good() -> None:
    # Changing any of these would test a deployed champion on reviews that it was trained on.
    reviews = ["Love this dress", "Too small", "The fabric is thin", "Perfect fit!", "Returned it", "So soft"]
    splits = ["train", "test", "train", "train", "test", "train"]
    assert [split_of(group_of(review)) for review in reviews] == splits
    assert _names(assign_splits(_rows(reviews), 0.8)) == splits


def test_copies_share_a_group() -> None:
    assert group_of("Love it, so soft!!") == group_of("love it... SO   soft")
    assert group_of("love it") != group_of("love itch")
    assert group_of("!!!") != group_of("???")


@given(st.text())
def test_every_text_has_a_split(natural: str) -> None:
    group = group_of(natural)
    assert split_of(group) in SPLITS
    assert name_of(int(group, 16)) == group


def test_splits_do_not_depend_on_the_order_or_the_company() -> None:
    texts = [f"review {number}" for number in range(100)]
    splits = dict(zip(texts, _names(assign_splits(_rows(texts), 0.8)), strict=True))
    shuffled = texts[::-3]
    assert _names(assign_splits(_rows(shuffled), 0.8)) == [splits[text] for text in shuffled]


def test_an_appended_near_duplicate_joins_its_older_twin() -> None:
    texts = [f"{_REVIEW} says customer {number} of the other shop" for number in range(0, 3000, 100)]
    texts = [f"{text} {' '.join(text[::-1].split())}" for text in texts]
    before = _names(assign_splits(_rows(texts), 0.9))
    twins = [f"{text} indeed" for text in texts]
    assert {split_of(group_of(twin)) for twin in twins} > {"train"}
    after = _names(assign_splits(_rows(texts + twins), 0.9))
    assert after[: len(texts)] == before
    assert after[len(texts) :] == after[: len(texts)]


def test_copies_share_a_split_even_if_nothing_is_compared() -> None:
    texts = [f"review {number % 50}{'!' * (number // 50)}" for number in range(200)]
    rows = _rows(texts, compare=False)
    assigned = assign_splits(rows, 0.8)
    assert straddling(rows.texts, assigned.splits) == 0
    assert len(set(assigned.splits)) == len(SPLITS)


def test_rows_of_one_key_share_the_split_of_the_key() -> None:
    texts = [f"review {number}" for number in range(300)]
    keys = [f"customer {number % 60}" for number in range(300)]
    assigned = assign_splits(_rows(texts, keys), 0.8)
    assert assigned.by == "group"
    assert _names(assigned) == [split_of(group_of(key)) for key in keys]


def test_groups_that_share_a_text_are_merged_under_the_first_key() -> None:
    texts = ["one", _REVIEW, f"{_REVIEW}!", "four", "five"]
    keys = ["ann", "ann", "bob", "bob", "cyd"]
    assigned = assign_splits(_rows(texts, keys), 0.8)
    assert assigned.together.tolist() == [0, 0, 0, 0, 4]
    assert _names(assigned) == [split_of(group_of("ann"))] * 4 + [split_of(group_of("cyd"))]


def test_time_cuts_at_the_shares_and_keeps_the_past_in_train() -> None:
    days = list(range(100))[::-1]
    assigned = assign_splits(_rows([f"review {day}" for day in days], days=days), 0.8)
    assert assigned.by == "time"
    assert np.bincount(assigned.splits).tolist() == [70, 8, 12, 10]
    assert (np.diff(assigned.splits) <= 0).all()


def test_reviews_of_one_moment_stay_together() -> None:
    days = [1] * 90 + [2] * 10
    assigned = assign_splits(_rows([f"review {number}" for number in range(100)], days=days), 0.8)
    assert _names(assigned) == ["train"] * 90 + ["test"] * 10


def test_later_copies_and_group_members_are_left_out() -> None:
    texts = [f"review {number}" for number in range(98)] + [_REVIEW, f"{_REVIEW} indeed"]
    days = [*range(98), 1, 99]
    assert assign_splits(_rows(texts, days=days), 0.8).splits[-2:].tolist() == [0, LEFT_OUT]
    keys = [f"customer {number}" for number in range(99)] + ["customer 3"]
    assert assign_splits(_rows([*texts[:-1], "another"], keys, days), 0.8).splits[-1] == LEFT_OUT


@pytest.mark.parametrize(
    ("by", "way_out"), [("text", "--labels$"), ("group", "--group-column none$"), ("time", "--time-column none$")]
)
def test_a_split_without_a_label_is_refused_with_a_way_out(by: str, way_out: str) -> None:
    task = Task(labels=("1", "2"), scores=(1, 2), text_column="text")
    counts = np.array([[5, 5], [5, 5], [5, 5], [5, 0]])
    with pytest.raises(UserError, match=r"the test split \(10% of the reviews\) has none with label '2'.*" + way_out):
        require_labels(counts, task, by)  # type: ignore[arg-type]
    require_labels(counts + 1, task, "text")


def test_counts_leave_out_what_is_in_no_split() -> None:
    nothing = np.zeros(5, dtype=np.int64)
    assigned = Assignment("time", nothing, nothing, np.array([0, 0, LEFT_OUT, 3, 3], dtype=np.int8))
    assert assigned.counts(np.array([0, 1, 1, 1, 1]), 2).tolist() == [[1, 1], [0, 0], [0, 0], [0, 2]]
