"""What must and what should be true of the reviews table, before and after cleaning (Great Expectations)."""

import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"

from collections.abc import Callable, Sequence
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation
from pydantic import BaseModel

from components.shared.errors import UserError
from components.shared.reviews import MINIMUM_ROWS, REQUIRED

_LONGEST_TEXT = 10_000


class Outcome(BaseModel):
    """One checked expectation.

    Attributes:
        stage: "before" or "after" cleaning.
        meaning: The expectation in words.
        critical: Whether the run stops when it is not met.
        met: Whether it is.
        observed: What was seen, in words.
    """

    stage: str
    meaning: str
    critical: bool
    met: bool
    observed: str


def expectations_before(labels: Sequence[str]) -> list[Expectation]:
    """Returns what is expected of the ingested table."""
    return [
        *(_must(gxe.ExpectColumnToExist, f"there is a column {name}", column=name) for name in REQUIRED["ingested"]),
        _must(gxe.ExpectTableRowCountToBeBetween, f"at least {MINIMUM_ROWS} reviews", min_value=MINIMUM_ROWS),
        _must(gxe.ExpectColumnValuesToNotBeNull, "every review has an identifier", column="review_id"),
        _must(gxe.ExpectColumnValuesToBeUnique, "identifiers are unique", column="review_id"),
        _must(
            gxe.ExpectColumnValuesToBeInSet, "every label is an allowed one", column="label", value_set=list(labels)
        ),
        _should(
            gxe.ExpectColumnValueLengthsToBeBetween,
            "9 of 10 reviews have a text",
            column="text",
            min_value=1,
            mostly=0.9,
        ),
        _should(
            gxe.ExpectColumnValueLengthsToBeBetween,
            f"no text is longer than {_LONGEST_TEXT:,} characters",
            column="text",
            max_value=_LONGEST_TEXT,
        ),
    ]


def expectations_after(labels: Sequence[str], rows_before: int) -> list[Expectation]:
    """Returns what is expected of the clean table, made from a table of `rows_before` rows."""
    return [
        _must(gxe.ExpectTableRowCountToBeBetween, f"at least {MINIMUM_ROWS} reviews", min_value=MINIMUM_ROWS),
        _must(
            gxe.ExpectColumnDistinctValuesToEqualSet,
            "every label still has reviews",
            column="label",
            value_set=list(labels),
        ),
        _must(
            gxe.ExpectColumnValueLengthsToBeBetween, "every review has a natural text", column="natural", min_value=1
        ),
        _must(gxe.ExpectColumnValuesToBeUnique, "no review stands twice", column="natural"),
        _must(gxe.ExpectColumnValuesToNotMatchRegex, "no links are left", column="natural", regex=r"(?i)https?://\S"),
        _should(
            gxe.ExpectTableRowCountToBeBetween,
            "at least half of the reviews are left",
            min_value=rows_before // 2,
        ),
        _should(
            gxe.ExpectColumnValueLengthsToBeBetween,
            "99 of 100 reviews have words beside stop words",
            column="tokens",
            min_value=1,
            mostly=0.99,
        ),
    ]


def check(table: pd.DataFrame, expectations: Sequence[Expectation], stage: str) -> list[Outcome]:
    """Returns whether each expectation is met, in no particular order."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    definition = context.data_sources.add_pandas("reviews").add_dataframe_asset("reviews")
    batch = definition.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": table})
    suite = gx.ExpectationSuite(name=stage, expectations=list(expectations))
    return [_outcome(stage, result) for result in batch.validate(suite).results]


def _outcome(stage: str, result: ExpectationValidationResult) -> Outcome:
    configuration = result.expectation_config
    assert configuration is not None and configuration.meta is not None
    return Outcome(
        stage=stage,
        meaning=configuration.meta["meaning"],
        critical=configuration.severity == "critical",
        met=bool(result.success),
        observed=_observed(result.result),
    )


def require(outcomes: Sequence[Outcome], what: str) -> None:
    """Raises UserError if a critical expectation is not met, listing all of those."""
    broken = [
        f"{outcome.meaning} ({outcome.observed})" for outcome in outcomes if outcome.critical and not outcome.met
    ]
    if broken:
        raise UserError(f"{what}: expected, but not so: {'; '.join(broken)}; correct the data or pass other options")


def _must(kind: Callable[..., Expectation], meaning: str, **values: Any) -> Expectation:
    return kind(severity="critical", meta={"meaning": meaning}, **values)


def _should(kind: Callable[..., Expectation], meaning: str, **values: Any) -> Expectation:
    return kind(severity="warning", meta={"meaning": meaning}, **values)


def _observed(result: dict[str, Any]) -> str:
    if missing := result.get("partial_missing_list"):
        return f"none with {', '.join(map(str, missing))}"
    if result.get("observed_value") is not None:
        return f"{result['observed_value']:,}"
    return f"{result['unexpected_count']:,} otherwise" if "unexpected_count" in result else ""
