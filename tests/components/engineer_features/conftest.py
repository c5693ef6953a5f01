"""Clean reviews tables to split: honest ones, in which tests plant their leaks."""

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from components.shared.records.task import Task
from components.shared.reviews import TableDescription, write_reviews

_WORDS = (
    "soft dress top fit nice awful itchy love size colour fabric waist sleeve shoulder cheap hole return wash thin "
    "warm winter summer work party petite tall short long loose tight blue black white green pocket button zip lace "
    "cotton wool silk linen skirt shirt jacket coat jeans pants price quality store online photo model bought wear"
).split()


@pytest.fixture
def task() -> Task:
    """Two ordered labels."""
    return Task(labels=("1", "2"), scores=(1.0, 2.0), text_column="Review Text", title_column="Title")


@pytest.fixture
def clean_table() -> Callable[..., pd.DataFrame]:
    """Returns a function that makes honest reviews of stage "clean", in which nothing tells the label."""

    def make(rows: int = 600, seed: int = 7) -> pd.DataFrame:
        generator = random.Random(seed)
        texts = [" ".join(generator.choices(_WORDS, k=generator.randrange(8, 20))) for _ in range(rows)]
        table = pd.DataFrame({"review_id": [str(row) for row in range(rows)], "title": "", "text": texts})
        table["label"] = [generator.choices(("1", "2"), (1, 3))[0] for _ in texts]
        return table.assign(natural=table["text"], tokens=table["text"])

    return make


@pytest.fixture
def write_clean(tmp_path: Path, task: Task) -> Callable[..., Path]:
    """Returns a function that writes a table of stage "clean" and returns its path."""

    def write(table: pd.DataFrame, **changes: object) -> Path:
        path = tmp_path / "clean.parquet"
        write_reviews(table, path, "clean", TableDescription(task=task).model_copy(update=changes))
        return path

    return write
