from pathlib import Path

import pandas as pd
import pytest

from components.shared.errors import UserError
from components.shared.records.task import Task
from components.shared.reviews import (
    PARTITION_ROWS,
    ReviewsWriter,
    TableDescription,
    attribute,
    attributes_of,
    columns_of,
    count_reviews,
    iterate_reviews,
    read_description,
    read_reviews,
    write_reviews,
)

_DESCRIPTION = TableDescription(task=Task(labels=("1", "5"), scores=(1, 5), text_column="body"))


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
    write_reviews(_table(**{attribute("Age"): [30.0, None]}), path, "ingested")
    read = read_reviews(path, "ingested")
    assert read["text"].tolist() == ["good", "bad"]
    assert read[attribute("Age")].isna().tolist() == [False, True]


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


def test_the_meaning_of_the_columns_travels_with_the_table(tmp_path: Path) -> None:
    write_reviews(_table(), tmp_path / "reviews.parquet", "ingested", _DESCRIPTION)
    assert read_description(tmp_path / "reviews.parquet") == _DESCRIPTION


def test_a_table_without_its_description_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    write_reviews(_table(), tmp_path / "reviews.parquet", "ingested")
    with pytest.raises(UserError, match="not a reviews table"):
        read_description(tmp_path / "reviews.parquet")


def test_a_table_is_written_and_read_partition_by_partition(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    rows = PARTITION_ROWS + 3
    whole = pd.concat([_table()] * rows, ignore_index=True)[:rows].assign(review_id=[str(row) for row in range(rows)])
    with ReviewsWriter(path, "ingested") as writer:
        for start in range(0, rows, 4000):
            writer.write(whole.iloc[start : start + 4000])
        writer.description = _DESCRIPTION
    assert count_reviews(path) == rows
    parts = list(iterate_reviews(path, "ingested", ["review_id"]))
    assert max(map(len, parts)) <= PARTITION_ROWS
    assert pd.concat(parts)["review_id"].tolist() == whole["review_id"].tolist()
    assert pd.concat(parts).index.tolist() == list(range(rows))


def test_an_error_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), ReviewsWriter(tmp_path / "reviews.parquet", "ingested") as writer:
        writer.write(_table())
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_attributes_keep_the_name_they_have_in_the_source(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    write_reviews(_table(**{attribute("Age"): [30.0, None], attribute("Shop"): ["a", None]}), path, "ingested")
    assert attributes_of(columns_of(path)) == ["source:Age", "source:Shop"]
