from pathlib import Path

import pandas as pd
import pytest

from components.shared.errors import UserError
from components.shared.reviews import read_reviews, write_reviews


def _table(**columns: list[object]) -> pd.DataFrame:
    base: dict[str, list[object]] = {
        "review_id": ["1", "2"],
        "title": ["", "b"],
        "text": ["good", "bad"],
        "label": ["5", "1"],
    }
    return pd.DataFrame(base | columns)


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    write_reviews(_table(age=[30.0, None]), path, "ingested")
    read = read_reviews(path, "ingested")
    assert read["text"].tolist() == ["good", "bad"]
    assert read["age"].isna().tolist() == [False, True]


def test_columns_outside_the_schema_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown columns \['surprise'\]"):
        write_reviews(_table(surprise=[1, 2]), tmp_path / "reviews.parquet", "ingested")
    assert not list(tmp_path.iterdir())


def test_an_unknown_split_is_an_error(tmp_path: Path) -> None:
    table = _table(natural=["a", "b"], tokens=["a", "b"], group=["a", "b"], split=["train", "holdout"])
    with pytest.raises(ValueError, match="split must be one of"):
        write_reviews(table, tmp_path / "reviews.parquet", "features")


def test_only_the_rows_of_a_split_are_read(tmp_path: Path) -> None:
    table = _table(natural=["a", "b"], tokens=["a", "b"], group=["a", "b"], split=["train", "test"])
    write_reviews(table, tmp_path / "reviews.parquet", "features")
    read = read_reviews(tmp_path / "reviews.parquet", "features", split="test", columns=["review_id", "label"])
    assert read.to_dict("records") == [{"review_id": "2", "label": "1"}]


def test_a_table_of_an_earlier_stage_is_refused(tmp_path: Path) -> None:
    write_reviews(_table(), tmp_path / "reviews.parquet", "ingested")
    with pytest.raises(UserError, match="are missing for a table of stage 'clean'"):
        read_reviews(tmp_path / "reviews.parquet", "clean")


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reviews.parquet").write_text("nothing of the kind")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        read_reviews(tmp_path / "reviews.parquet", "ingested")
