import re
from pathlib import Path

import pytest

from components.ingest.columns import Column, ColumnPlan
from components.ingest.labels import LabelOrder
from components.ingest.reading_page import write_reading
from components.ingest.repairs import Repair
from components.ingest.summary import IngestSummary

_HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


def _summary(**changes: object) -> IngestSummary:
    values = {
        "source": "reviews.csv",
        "adapter": "auto",
        "rows_read": 1234,
        "rows_damaged": 4,
        "rows_without_label": 3,
        "rows_contradicting": 2,
        "rows_sampled_out": 25,
        "rows_kept": 1200,
        "rows_without_text": 7,
        "rows_per_label": {"bad": 300, "good": 900},
        "ordered": True,
        "repairs": [Repair(what="rows with too many values", count=4, first="reviews.csv: row 17")],
        "fingerprint": "f" * 16,
    }
    return IngestSummary.model_validate(values | changes)


def _page(path: Path, summary: IngestSummary, **changes: object) -> str:
    values = {
        "adapter": "auto",
        "columns": (
            Column(column="said", role="text", why="the longest free text"),
            Column(column="verdict", role="label", why="named by --label-column"),
        ),
    }
    plan = ColumnPlan(**(values | changes))  # type: ignore[arg-type]
    order = LabelOrder(tuple(summary.rows_per_label), summary.ordered, "well-known words")
    write_reading(path / "reading.html", summary.model_dump(), plan, order, ["reviews.csv: CSV, utf-8, comma"])
    return (path / "reading.html").read_text(encoding="utf-8")


def test_the_page_tells_source_plan_labels_rows_and_repairs(tmp_path: Path) -> None:
    page = _page(tmp_path, _summary())
    for shown in (
        "reviews.csv: CSV, utf-8, comma",
        "the longest free text",
        "--text-column",
        "From worst to best",
        "1,200",
        "75.0 %",
        "rows with too many values",
        "reviews.csv: row 17",
    ):
        assert shown in page, shown
    assert "another label" not in page


def test_contradictions_and_a_missing_order_are_told_where_there_are_some(tmp_path: Path) -> None:
    page = _page(tmp_path, _summary(ordered=False, repairs=[]), drop_contradictions=True)
    assert "the same text stands in the table with another label" in page
    assert "Without an order: there is no average sentiment" in page
    assert "Nothing had to be repaired" in page


@pytest.mark.parametrize("place", ["source", "column", "label", "repair"])
def test_what_comes_from_the_source_is_escaped(place: str, tmp_path: Path) -> None:
    changes: dict[str, object] = {
        "source": {"source": _HOSTILE},
        "label": {"rows_per_label": {_HOSTILE: 600, "good": 600}},
        "repair": {"repairs": [Repair(what=_HOSTILE, count=1, first=_HOSTILE)]},
        "column": {},
    }[place]
    plan = {"columns": (Column(column=_HOSTILE, role="text", why=_HOSTILE),)} if place == "column" else {}
    page = _page(tmp_path, _summary(**changes), **plan)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "\u202e" not in page and "\x1b" not in page


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    assert not re.search(r"(src|href)=|url\(|@import", _page(tmp_path, _summary()))
