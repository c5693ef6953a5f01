from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from components.shared.records.task import Task, scores_of
from components.shared.reviews import TableDescription, write_reviews

WriteIngested = Callable[..., Path]


@pytest.fixture
def write_ingested(tmp_path: Path) -> WriteIngested:
    """Writes an ingested table: 240 clean reviews of the labels 1 and 2, and the given (title, text, label)."""

    def write(
        extra: Sequence[tuple[str, str, str]] = (), rows: int = 240, labels: tuple[str, ...] = ("1", "2")
    ) -> Path:
        usual = [
            ("", f"The dress number {number} fits me well and the fabric feels soft", str(number % 2 + 1))
            for number in range(rows)
        ]
        table = pd.DataFrame([*usual, *extra], columns=["title", "text", "label"])
        table.insert(0, "review_id", [f"r{number}" for number in range(len(table))])
        path = tmp_path / "ingested.parquet"
        task = Task(labels=labels, scores=scores_of(labels), text_column="Review Text", title_column="Title")
        write_reviews(table, path, "ingested", TableDescription(task=task, source="reviews.csv"))
        return path

    return write
