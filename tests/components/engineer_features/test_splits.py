import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.engineer_features.leakage import require_disjoint
from components.engineer_features.splits import SHARES, add_splits, group_of, require_labels, split_of
from components.shared.errors import UserError
from components.shared.reviews import SPLITS


def test_shares_cover_every_split_and_add_up() -> None:
    assert tuple(SHARES) == SPLITS
    assert sum(SHARES.values()) == pytest.approx(1)


def test_splits_get_their_shares() -> None:
    splits = pd.Series([split_of(group_of(f"review {number}")) for number in range(20_000)])
    for split, share in splits.value_counts(normalize=True).items():
        assert share == pytest.approx(SHARES[str(split)], abs=0.01)


def test_a_review_keeps_its_split_for_good() -> None:
    # Changing any of these would test a deployed champion on reviews that it was trained on.
    reviews = ("Love this dress", "Too small", "The fabric is thin", "Perfect fit!", "Returned it", "So soft")
    splits = [split_of(group_of(review)) for review in reviews]
    assert splits == ["train", "test", "train", "train", "test", "train"]


def test_near_copies_share_a_group() -> None:
    assert group_of("Love it, so soft!!") == group_of("love it... SO   soft")
    assert group_of("love it") != group_of("love itch")
    assert group_of("!!!") != group_of("???")


@given(st.text())
def test_every_text_has_a_split(natural: str) -> None:
    assert split_of(group_of(natural)) in SPLITS


def test_splits_do_not_depend_on_the_order_or_the_company() -> None:
    table = pd.DataFrame({"natural": [f"review {number}" for number in range(100)], "label": "1"})
    splits = add_splits(table)
    shuffled = add_splits(table.sample(50, random_state=7))
    assert splits.loc[shuffled.index, "split"].equals(shuffled["split"])


def test_a_split_without_a_label_is_refused() -> None:
    table = pd.DataFrame({"split": [*SPLITS, *SPLITS[:3]], "label": ["1"] * 4 + ["2"] * 3})
    with pytest.raises(UserError, match=r"the test split \(10% of the reviews\) has none with label '2'"):
        require_labels(table, ["1", "2"])
    require_labels(table, ["1"])


def test_a_group_in_two_splits_is_leakage() -> None:
    table = pd.DataFrame({"group": ["a", "a"], "natural": ["x", "y"], "split": ["train", "test"]})
    with pytest.raises(ValueError, match="leakage: 1 values of 'group'"):
        require_disjoint(table)
    require_disjoint(table.assign(split="train"))
