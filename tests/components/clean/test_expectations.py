from pathlib import Path

import pandas as pd
import pytest

from components.clean.expectations import (
    FIGURES_AFTER,
    FIGURES_BEFORE,
    Outcome,
    Thresholds,
    Validation,
    expectations_after,
    expectations_before,
    require,
)
from components.shared.errors import UserError


def _figures(rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "review_id": pd.array(range(rows), dtype="UInt64"),
            "label": pd.Categorical(["1", "2"] * (rows // 2)),
            "text_characters": 30,
            "natural_characters": 28,
            "tokens": 4,
            "link_left": False,
            "key_high": range(rows),
            "key_low": 7,
        }
    )


def _before(figures: pd.DataFrame, thresholds: Thresholds) -> list[Outcome]:
    with Validation() as validation:
        return validation.check(figures[list(FIGURES_BEFORE)], expectations_before(["1", "2"], thresholds), "before")


def _unmet_before(figures: pd.DataFrame, thresholds: Thresholds = Thresholds()) -> dict[str, bool]:  # noqa: B008
    return {outcome.meaning: outcome.critical for outcome in _before(figures, thresholds) if not outcome.met}


def _unmet_after(
    figures: pd.DataFrame, rows_before: int = 200, steps: tuple[str, ...] = ("links",)
) -> dict[str, bool]:
    expected = expectations_after(["1", "2"], steps, Thresholds(), rows_before)
    with Validation() as validation:
        outcomes = validation.check(figures[list(FIGURES_AFTER)], expected, "after")
    return {outcome.meaning: outcome.critical for outcome in outcomes if not outcome.met}


def test_a_sound_table_meets_every_expectation() -> None:
    assert _unmet_before(_figures()) == {}
    assert _unmet_after(_figures()) == {}


def test_critical_expectations_before_cleaning() -> None:
    figures = _figures()
    assert _unmet_before(_figures(100)) == {"at least 200 reviews": True}
    assert _unmet_before(figures.assign(review_id=pd.array([5] * 200, "UInt64"))) == {"identifiers are unique": True}
    missing = figures["review_id"].mask(figures.index == 3)
    assert _unmet_before(figures.assign(review_id=missing)) == {"every review has an identifier": True}
    nine = figures["label"].cat.rename_categories({"2": "9"})
    assert _unmet_before(figures.assign(label=nine)) == {"every label is an allowed one": True}
    assert _unmet_before(figures.assign(label=figures["label"].mask(figures.index == 3))) == {
        "every review has a label": True
    }


def test_soft_expectations_before_cleaning() -> None:
    some_empty = _figures().assign(text_characters=[0] * 21 + [30] * 179)
    assert _unmet_before(some_empty) == {"at least 90 % of the reviews have a text": False}
    assert _unmet_before(some_empty, Thresholds(minimum_text_share=0.89)) == {}
    long = _figures().assign(text_characters=10_001)
    assert _unmet_before(long) == {"no text is longer than 10,000 characters": False}
    assert _unmet_before(long, Thresholds(longest_text=10_001)) == {}


def test_critical_expectations_after_cleaning() -> None:
    one_label = _figures().assign(label=pd.Categorical(["1"] * 200))
    assert _unmet_after(one_label) == {"every label still has reviews": True}
    assert _unmet_after(_figures().assign(key_high=5)) == {"no review stands twice": True}
    assert _unmet_after(_figures().assign(natural_characters=0)) == {"every review has a natural text": True}
    assert _unmet_after(_figures().assign(link_left=True)) == {"no links are left": True}


def test_links_may_be_left_if_they_were_not_to_be_taken_out() -> None:
    assert _unmet_after(_figures().assign(link_left=True), steps=("html",)) == {}


def test_soft_expectations_after_cleaning() -> None:
    assert _unmet_after(_figures(), rows_before=401) == {"at least 50 % of the reviews are left": False}
    assert _unmet_after(_figures().assign(tokens=0)) == {"99 % of the reviews have words beside stop words": False}


def test_all_broken_critical_expectations_are_listed_in_one_line() -> None:
    nine = _figures(100).assign(label=pd.Categorical(["9"] * 100))
    with pytest.raises(UserError) as error:
        require(_before(nine, Thresholds()), "table")
    assert str(error.value) == (
        "table: expected, but not so: at least 200 reviews (100); every label is an allowed one (100 otherwise); "
        "correct the data or pass other options"
    )


def test_soft_expectations_stop_nothing() -> None:
    require(_before(_figures().assign(text_characters=0), Thresholds()), "table")


def test_data_docs_tell_of_both_stages_and_escape_labels(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    figures = _figures().assign(label=pd.Categorical(["1", hostile] * 100))
    with Validation() as validation:
        validation.check(figures[list(FIGURES_BEFORE)], expectations_before(["1", "2"], Thresholds()), "before")
        expected = expectations_after(["1", hostile], ("links",), Thresholds(), 200)
        validation.check(figures[list(FIGURES_AFTER)], expected, "after")
        validation.write_data_docs(tmp_path / "docs")
    pages = {path.relative_to(tmp_path / "docs").as_posix(): path.read_text() for path in tmp_path.rglob("*.html")}
    assert "index.html" in pages
    assert {name.split("/")[1] for name in pages if name.startswith("validations/")} == {"before", "after"}
    text = "".join(pages.values())
    assert "identifiers are unique" in text and "no links are left" in text
    assert hostile not in text
