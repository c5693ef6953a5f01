import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

WriteCsv = Callable[..., Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Writes reviews, 60 of each label 1 to 5, with some rows replaced; returns the file."""

    def write(
        rows: dict[int, tuple[str, str, str]] | None = None, header: tuple[str, ...] = ("Title", "Text", "Stars")
    ) -> Path:
        records = [(f"title {number}", f"review number {number}", str(number % 5 + 1)) for number in range(300)]
        for place, record in (rows or {}).items():
            records[place - 1] = record
        path = tmp_path / "reviews.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, *records])
        return path

    return write


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[..., Path]:
    """Writes a CSV file of any columns; returns it."""

    def write(columns: Mapping[str, Sequence[object]], name: str = "table.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
        return path

    return write
