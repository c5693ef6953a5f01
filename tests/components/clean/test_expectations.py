import pandas as pd
import pytest

from components.clean.expectations import check, expectations_after, expectations_before, require
from components.shared.errors import UserError


def _table(rows: int = 200) -> pd.DataFrame:
    numbers = [str(number) for number in range(rows)]
    return pd.DataFrame(
        {
            "review_id": numbers,
            "title": "",
            "text": "words",
            "label": ["1", "2"] * (rows // 2),
            "natural": [f"words {number}" for number in numbers],
            "tokens": "words",
        }
    )


def _unmet_before(table: pd.DataFrame) -> dict[str, bool]:
    outcomes = check(table, expectations_before(["1", "2"]), "before")
    return {outcome.meaning: outcome.critical for outcome in outcomes if not outcome.met}


def _unmet_after(table: pd.DataFrame, rows_before: int = 200) -> dict[str, bool]:
    outcomes = check(table, expectations_after(["1", "2"], rows_before), "after")
    return {outcome.meaning: outcome.critical for outcome in outcomes if not outcome.met}


def test_a_sound_table_meets_every_expectation() -> None:
    assert _unmet_before(_table()) == {}
    assert _unmet_after(_table()) == {}


def test_critical_expectations_before_cleaning() -> None:
    assert _unmet_before(_table(100)) == {"at least 200 reviews": True}
    assert _unmet_before(_table().assign(review_id="same")) == {"identifiers are unique": True}
    assert _unmet_before(_table().assign(label="9")) == {"every label is an allowed one": True}


def test_soft_expectations_before_cleaning() -> None:
    assert _unmet_before(_table().assign(text="")) == {"9 of 10 reviews have a text": False}
    assert _unmet_before(_table().assign(text="x" * 10_001)) == {"no text is longer than 10,000 characters": False}


def test_critical_expectations_after_cleaning() -> None:
    assert _unmet_after(_table().assign(label="1")) == {"every label still has reviews": True}
    assert _unmet_after(_table().assign(natural="same")) == {"no review stands twice": True}
    links = _table().assign(natural=[f"see https://a.example/{number}" for number in range(200)])
    assert _unmet_after(links) == {"no links are left": True}


def test_soft_expectations_after_cleaning() -> None:
    assert _unmet_after(_table(), rows_before=500) == {"at least half of the reviews are left": False}
    assert _unmet_after(_table().assign(tokens="")) == {"99 of 100 reviews have words beside stop words": False}


def test_all_broken_critical_expectations_are_listed_in_one_line() -> None:
    outcomes = check(_table(100).assign(label="9"), expectations_before(["1", "2"]), "before")
    with pytest.raises(
        UserError, match=r"table: .*at least 200 reviews.*every label|every label.*at least 200"
    ) as error:
        require(outcomes, "table")
    assert "\n" not in str(error.value)


def test_soft_expectations_stop_nothing() -> None:
    require(check(_table().assign(text=""), expectations_before(["1", "2"]), "before"), "table")
