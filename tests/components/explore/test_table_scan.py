from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from components.explore.table_scan import rows_at, sample_positions, scan_reviews
from components.shared.reviews import PARTITION_ROWS, read_description


def test_a_pass_over_several_partitions_counts_every_row(write_table):
    rows = PARTITION_ROWS + 5
    text = ["two words"] * (rows - 1) + [""]
    path = write_table(["a", "b"], text=text, label=["a"] * PARTITION_ROWS + ["b"] * 5)
    scan = scan_reviews(path, read_description(path).task)
    assert scan.rows == rows
    assert np.bincount(scan.label).tolist() == [PARTITION_ROWS, 5]
    assert scan.has_text.sum() == rows - 1
    assert scan.words[:3].tolist() == [2, 2, 2]
    assert scan.group is None and scan.time is None


def test_upper_case_and_white_space_do_not_make_another_text(write_table):
    path = write_table(
        ["a", "b"],
        title=["", "Lovely", "lovely"],
        text=["Lovely  dress\n", "DRESS", "dresses"],
        label=["a", "a", "b"],
    )
    scan = scan_reviews(path, read_description(path).task)
    assert scan.text_hash[0] == scan.text_hash[1]
    assert scan.text_hash[1] != scan.text_hash[2]
    assert scan.words.tolist() == [2, 2, 2]


def test_empty_strings_and_nulls_are_missing(write_table):
    path = write_table(
        ["a", "b"],
        text=["x", "", "y"],
        label=["a", "b", "b"],
        **{"source:Age": [1.0, None, None], "source:Shop": ["", None, "s"], "source:Full": ["1", "2", "3"]},
    )
    missing = scan_reviews(path, read_description(path).task).missing
    assert missing == {"title": 3, "text": 1, "source:Age": 2, "source:Shop": 2, "source:Full": 0}


def test_groups_and_times_are_remembered(write_table):
    path = write_table(
        ["a", "b"],
        text=["x", "y", "z"],
        label=["a", "b", "b"],
        group_key=["anna", "anna", None],
        time=[datetime(2020, 1, 1), None, datetime(2021, 1, 1)],
    )
    scan = scan_reviews(path, read_description(path).task)
    assert scan.group[0] == scan.group[1] != 0
    assert scan.group[2] == 0
    assert np.isnat(scan.time).tolist() == [False, True, False]


def test_rows_are_found_again_by_their_position(write_table):
    rows = PARTITION_ROWS + 50
    path = write_table(["a", "b"], text=[f"text {row}" for row in range(rows)], label=["a", "b"] * (rows // 2))
    wanted = np.array([0, 7, PARTITION_ROWS, rows - 1])
    assert rows_at(path, wanted, ["title", "text"])["text"].tolist() == [f"text {row}" for row in wanted]


def test_of_a_very_long_text_the_beginning_is_read(write_table):
    path = write_table(["a", "b"], text=["x" * 1_000_000, "y"], label=["a", "b"])
    assert rows_at(path, np.array([0, 1]))["text"].str.len().tolist() == [10_000, 1]


@pytest.mark.parametrize("rows", [3, 100])
def test_a_sample_is_sorted_without_repeats_and_follows_the_seed(rows):
    positions = sample_positions(rows, 10, seed=4)
    assert len(positions) == min(rows, 10)
    assert pd.Index(positions).is_monotonic_increasing and pd.Index(positions).is_unique
    assert positions.tolist() == sample_positions(rows, 10, seed=4).tolist()
