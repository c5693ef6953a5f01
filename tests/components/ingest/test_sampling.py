import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ingest.sampling import Reservoir, StratifiedSample, UniformSample, fair_shares


def _table(rows: int) -> pd.DataFrame:
    numbers = range(1, rows + 1)
    labels = ["rare" if number % 10 == 0 else "often" for number in numbers]
    return pd.DataFrame({"review_id": [str(number) for number in numbers], "label": labels}, index=numbers)


def _sample(kind: type, table: pd.DataFrame, rows: int, cuts: list[int], seed: int = 7) -> pd.DataFrame:
    sample = kind(rows, seed)
    places = sorted({0, *(cut % (len(table) + 1) for cut in cuts), len(table)})
    for first, last in itertools.pairwise(places):
        sample.add(table.iloc[first:last])
    return sample.result()


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from([UniformSample, StratifiedSample]),
    rows=st.integers(1, 250),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_the_sample_does_not_depend_on_how_the_table_is_cut(kind: type, rows: int, cuts: list[int]) -> None:
    table = _table(200)
    whole, pieces = _sample(kind, table, rows, []), _sample(kind, table, rows, cuts)
    pd.testing.assert_frame_equal(whole, pieces)
    assert len(whole) == min(rows, 200)
    assert whole.index.is_monotonic_increasing and whole.index.is_unique


@pytest.mark.parametrize("kind", [UniformSample, StratifiedSample])
def test_the_seed_decides(kind: type) -> None:
    first, again, other = (_sample(kind, _table(500), 50, [], seed) for seed in (7, 7, 8))
    assert first["review_id"].tolist() == again["review_id"].tolist() != other["review_id"].tolist()


def test_each_row_has_the_same_chance() -> None:
    table = _table(100)
    taken = pd.concat([_sample(UniformSample, table, 20, [], seed) for seed in range(500)])[
        "review_id"
    ].value_counts()
    # 500 samples of a fifth: 100 each; four standard deviations are 36.
    assert len(taken) == 100
    assert taken.between(64, 136).all()


def test_a_stratified_sample_keeps_the_shares() -> None:
    counts = _sample(StratifiedSample, _table(1000), 100, [300])["label"].value_counts()
    assert counts.to_dict() == {"often": 90, "rare": 10}


def test_a_reservoir_holds_no_more_than_twice_the_sample() -> None:
    reservoir = Reservoir(50, 7)
    for first in range(0, 10_000, 40):
        reservoir.add(pd.DataFrame({"text": "x"}, index=range(first, first + 40)))
        assert sum(len(part) for part, _ in reservoir._kept) <= 2 * 50
    assert len(reservoir.sample()) == 50


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1000), min_size=1, max_size=8), st.integers(1, 3000))
def test_shares_are_rounded_fairly_and_add_up(counts: dict[str, int], rows: int) -> None:
    shares = fair_shares(counts, rows)
    total = sum(counts.values())
    assert sum(shares.values()) == min(rows, total)
    for label, count in counts.items():
        exact = count if total <= rows else rows * count / total
        assert abs(shares[label] - exact) < 1
        assert shares[label] <= count
