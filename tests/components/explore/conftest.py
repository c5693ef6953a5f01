"""Small tables of reviews to explore."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from components.shared.records.task import Task, scores_of
from components.shared.reviews import TableDescription, write_reviews

WriteTable = Callable[..., Path]


@pytest.fixture
def write_table(tmp_path: Path) -> WriteTable:
    """Writes a table of stage "ingested", each column from a list, and returns its path."""

    def write(labels: list[str], ordered: bool = True, description: dict | None = None, **columns: list) -> Path:
        task = Task(
            labels=tuple(labels),
            scores=scores_of(tuple(labels)),
            text_column="Review Text",
            title_column="Title" if "title" in columns else "",
            ordered=ordered,
        )
        rows = len(columns["text"])
        table = pd.DataFrame({"review_id": [str(row) for row in range(rows)], "title": ""} | columns)
        path = tmp_path / "reviews.parquet"
        write_reviews(table, path, "ingested", TableDescription(task=task, **(description or {})))
        return path

    return write
