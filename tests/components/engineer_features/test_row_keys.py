from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from components.engineer_features.row_keys import RowKeys, name_of, read_row_keys
from components.shared import reviews as reviews_module
from components.shared.reviews import read_description

MakeTable = Callable[..., pd.DataFrame]
WriteClean = Callable[..., Path]


def _read(path: Path, with_texts: bool = False) -> RowKeys:
    return read_row_keys(path, read_description(path), with_texts)


def test_a_table_without_groups_and_times_is_keyed_by_its_texts(
    clean_table: MakeTable, write_clean: WriteClean, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = clean_table(250)
    table.loc[200, "natural"] = table.loc[3, "natural"].upper() + "!"
    monkeypatch.setattr(reviews_module, "PARTITION_ROWS", 100)
    rows = _read(write_clean(table), with_texts=True)
    assert rows.texts[200] == rows.texts[3]
    assert len(set(rows.texts)) == 249
    assert rows.labels.tolist() == [int(label) - 1 for label in table["label"]]
    assert (rows.keys, rows.times, rows.natural) == (None, None, table["natural"].tolist())
    assert rows.groups is rows.texts


def test_rows_without_a_group_are_groups_of_their_own(clean_table: MakeTable, write_clean: WriteClean) -> None:
    table = clean_table(200)
    table["group_key"] = ["ann", "ann", None, "", "bob"] * 40
    rows = _read(write_clean(table, group_column="Customer"))
    assert rows.keys is not None
    assert len(set(rows.keys)) == 2 + 80
    assert rows.keys[0] == rows.keys[1] == rows.keys[5]
    assert rows.keys[2] == rows.texts[2]
    assert rows.groups is rows.keys


def test_a_group_that_reads_like_a_text_is_another_thing(clean_table: MakeTable, write_clean: WriteClean) -> None:
    table = clean_table(200)
    table["group_key"] = table["natural"]
    rows = _read(write_clean(table))
    assert rows.keys is not None
    assert not set(rows.keys) & set(rows.texts)


def test_names_have_16_digits() -> None:
    assert name_of(255) == "00000000000000ff"
