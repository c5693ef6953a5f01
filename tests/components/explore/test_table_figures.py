import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.explore.table_figures import find_copies, find_drift, find_groups, length_histogram, length_quantiles


def _copies(texts, labels, has_text=None, examples=5):
    has_text = [True] * len(texts) if has_text is None else has_text
    return find_copies(
        np.array(texts, dtype=np.uint64), np.array(labels, dtype=np.int16), np.array(has_text), 3, examples
    )


def test_copies_and_contradicting_labels_are_counted():
    #         once | same text, same label | same text, labels 0 0 1 | same text, labels 1 2
    found = _copies([9, 5, 5, 7, 7, 7, 8, 8], [0, 1, 1, 0, 0, 1, 1, 2])
    assert found.copies == 1 + 2 + 1
    assert found.contradicting_texts == 2
    assert found.contradicting_rows == 5
    assert found.surely_wrong == 1 + 1
    assert [rows.tolist() for rows in found.examples] == [[3, 5], [6, 7]]


def test_rows_without_a_text_are_no_copies_and_do_not_shift_the_examples():
    found = _copies([1, 1, 1, 4, 4], [0, 1, 2, 0, 1], has_text=[False, False, False, True, True])
    assert (found.copies, found.contradicting_texts) == (1, 1)
    assert found.examples[0].tolist() == [3, 4]


def test_a_table_without_copies_has_none():
    for texts, labels in (([1, 2, 3], [0, 1, 2]), ([], [])):
        found = _copies(texts, labels)
        assert (found.copies, found.contradicting_rows, found.surely_wrong, found.examples) == (0, 0, 0, [])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=40))
def test_copies_agree_with_pandas(rows):
    table = pd.DataFrame(rows, columns=["text", "label"])
    found = _copies(table["text"].tolist(), table["label"].tolist())
    labels = table.groupby("text")["label"].nunique()
    assert found.copies == table["text"].duplicated().sum()
    assert found.contradicting_texts == (labels > 1).sum()
    assert found.contradicting_rows == table["text"].isin(labels.index[labels > 1]).sum()


def test_lengths_are_exact_quantiles():
    assert length_quantiles(np.arange(1, 102, dtype=np.int32)) == [6, 26, 51, 76, 96]
    assert length_quantiles(np.array([], dtype=np.int32)) == [0.0] * 5


@given(st.lists(st.integers(0, 100_000), max_size=50))
def test_every_review_stands_in_one_column(lengths):
    histogram = length_histogram(np.array(lengths, dtype=np.int32))
    assert histogram.counts.sum() == len(lengths)
    assert len(histogram.counts) <= 31


def test_the_largest_group_is_found_and_rows_without_a_key_are_in_none():
    groups = find_groups(np.array([0, 5, 6, 6, 0, 6], dtype=np.uint64))
    assert (groups.groups, groups.largest, groups.largest_row, groups.rows) == (2, 3, 2, 4)
    assert find_groups(np.zeros(3, dtype=np.uint64)).groups == 0


def _times(start, end, rows):
    return pd.date_range(start, end, periods=rows).to_numpy(dtype="datetime64[us]")


def test_shares_are_compared_from_the_earliest_to_the_latest_fifth():
    labels = np.repeat([0, 1], 500).astype(np.int16)
    order = np.random.default_rng(0).permutation(1000)
    drift = find_drift(_times("2020-01-15", "2020-12-15", 1000)[order], labels[order], 2)
    assert drift.earliest.tolist() == [1, 0]
    assert drift.latest.tolist() == [0, 1]
    assert drift.reviews.sum() == 1000
    assert drift.periods == [f"2020-{month:02d}" for month in range(1, 13)]
    assert drift.shares[0].tolist() == [1, 0]


def test_a_period_without_reviews_is_shown_as_such():
    times = np.array(["2001-05-01", "2003-05-01"], dtype="datetime64[us]")
    drift = find_drift(times, np.array([0, 1], dtype=np.int16), 2)
    assert drift.reviews.sum() == 2
    assert 0 in drift.reviews
    assert drift.earliest is None


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        ("2020-01-01 08:10", "2020-01-01 20:00", "2020-01-01 08:00"),
        ("2020-01-01", "2020-01-20", "2020-01-01"),
        ("2020-01-06", "2020-05-01", "week of 2020-01-06"),
        ("2016-01-01", "2021-01-01", "2016Q1"),
        ("2001-01-01", "2021-01-01", "2001"),
        ("1800-01-01", "2021-01-01", "from 1800"),
    ],
)
def test_the_finest_fitting_calendar_unit_is_taken(start, end, first):
    drift = find_drift(_times(start, end, 50), np.zeros(50, dtype=np.int16), 2)
    assert drift.periods[0] == first
    assert len(drift.periods) <= 24
    assert drift.reviews.sum() == 50


def test_without_two_moments_nothing_changes_over_time():
    same = np.array(["2020-01-01", "2020-01-01", "NaT"], dtype="datetime64[us]")
    assert find_drift(same, np.zeros(3, dtype=np.int16), 2) is None
    assert find_drift(same[2:], np.zeros(1, dtype=np.int16), 2) is None
