"""What must and what should be true of the reviews table, before and after cleaning (Great Expectations).

The expectations are checked on figures about the reviews, see `partition.CleanPartition`, not on their texts:
those of a table of any size fit into memory, and no review's text gets into the Data Docs.
"""

import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import html
import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation
from pydantic import BaseModel

from components.shared.errors import UserError
from components.shared.files import atomic_path
from components.shared.reviews import MINIMUM_ROWS

#: The columns of the figures that expectations before and after cleaning speak of.
FIGURES_BEFORE = ("review_id", "label", "text_characters")
FIGURES_AFTER = ("label", "natural_characters", "tokens", "link_left", "key_high", "key_low")
_TOKENS_SHARE = 0.99
#: The pages may use their own styles and pictures, no script, and nothing from elsewhere.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self' 'unsafe-inline' data:; "
    "script-src 'none'\">"
)


@dataclass(frozen=True)
class Thresholds:
    """What is expected of the reviews beside what always is.

    Attributes:
        minimum_text_share: Share of the reviews that have a text, before cleaning.
        longest_text: Most characters of a text, before cleaning.
        minimum_kept_share: Share of the reviews that cleaning keeps.
    """

    minimum_text_share: float = 0.9
    longest_text: int = 10_000
    minimum_kept_share: float = 0.5


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


def expectations_before(labels: Sequence[str], thresholds: Thresholds) -> list[Expectation]:
    """Returns what is expected of the ingested table."""
    return [
        _must(gxe.ExpectTableRowCountToBeBetween, f"at least {MINIMUM_ROWS} reviews", min_value=MINIMUM_ROWS),
        _must(gxe.ExpectColumnValuesToNotBeNull, "every review has an identifier", column="review_id"),
        _must(gxe.ExpectColumnValuesToBeUnique, "identifiers are unique", column="review_id"),
        _must(gxe.ExpectColumnValuesToNotBeNull, "every review has a label", column="label"),
        _must(
            gxe.ExpectColumnValuesToBeInSet,
            "every label is an allowed one",
            column="label",
            value_set=_escaped(labels),
        ),
        _should(
            gxe.ExpectColumnValuesToBeBetween,
            f"at least {100 * thresholds.minimum_text_share:g} % of the reviews have a text",
            column="text_characters",
            min_value=1,
            mostly=thresholds.minimum_text_share,
        ),
        _should(
            gxe.ExpectColumnValuesToBeBetween,
            f"no text is longer than {thresholds.longest_text:,} characters",
            column="text_characters",
            max_value=thresholds.longest_text,
        ),
    ]


def expectations_after(
    labels: Sequence[str], steps: Sequence[str], thresholds: Thresholds, rows_before: int
) -> list[Expectation]:
    """Returns what is expected of the clean table, made by `steps` from a table of `rows_before` rows."""
    no_links = _must(gxe.ExpectColumnValuesToBeInSet, "no links are left", column="link_left", value_set=[False])
    return [
        _must(gxe.ExpectTableRowCountToBeBetween, f"at least {MINIMUM_ROWS} reviews", min_value=MINIMUM_ROWS),
        _must(
            gxe.ExpectColumnDistinctValuesToEqualSet,
            "every label still has reviews",
            column="label",
            value_set=_escaped(labels),
        ),
        _must(
            gxe.ExpectColumnValuesToBeBetween,
            "every review has a natural text",
            column="natural_characters",
            min_value=1,
        ),
        _must(gxe.ExpectCompoundColumnsToBeUnique, "no review stands twice", column_list=["key_high", "key_low"]),
        *([no_links] if "links" in steps else []),
        _should(
            gxe.ExpectTableRowCountToBeBetween,
            f"at least {100 * thresholds.minimum_kept_share:g} % of the reviews are left",
            min_value=math.ceil(thresholds.minimum_kept_share * rows_before),
        ),
        _should(
            gxe.ExpectColumnValuesToBeBetween,
            f"{100 * _TOKENS_SHARE:g} % of the reviews have words beside stop words",
            column="tokens",
            min_value=1,
            mostly=_TOKENS_SHARE,
        ),
    ]


class Validation:
    """Checks expectations and keeps the results for the Data Docs; its files live as long as the block."""

    def __enter__(self) -> Self:
        self._project = tempfile.TemporaryDirectory()
        self._context = gx.get_context(mode="file", project_root_dir=self._project.name)
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = self._context.data_sources.add_pandas("reviews").add_dataframe_asset("figures")
        self._batches = asset.add_batch_definition_whole_dataframe("all reviews")
        return self

    def check(self, figures: pd.DataFrame, expectations: Sequence[Expectation], stage: str) -> list[Outcome]:
        """Returns whether each expectation is met, in their order.

        Args:
            figures: One row a review; the label is a categorical.
            expectations: What is expected.
            stage: "before" or "after"; each once.
        """
        figures = figures.assign(label=figures["label"].cat.rename_categories(html.escape))
        suite = self._context.suites.add(gx.ExpectationSuite(name=stage, expectations=list(expectations)))
        definition = gx.ValidationDefinition(name=stage, data=self._batches, suite=suite)
        validated = self._context.validation_definitions.add(definition).run(batch_parameters={"dataframe": figures})
        outcomes = {outcome.meaning: outcome for outcome in (_outcome(stage, result) for result in validated.results)}
        return [outcomes[str(expectation.description)] for expectation in expectations]

    def write_data_docs(self, folder: Path) -> None:
        """Writes the Data Docs of all that was checked; index.html is the first page.

        The pages of Great Expectations load styles, scripts and a counted picture from elsewhere: a policy in
        each page keeps browsers from that.
        """
        self._context.build_data_docs()
        site = Path(self._project.name) / "gx" / "uncommitted" / "data_docs" / "local_site"
        with atomic_path(folder) as staged:
            shutil.copytree(site, staged)
            for page in staged.rglob("*.html"):
                content = page.read_text(encoding="utf-8")
                page.write_text(content.replace("<head>", f"<head>{_POLICY}", 1), encoding="utf-8")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._project.cleanup()


def _outcome(stage: str, result: ExpectationValidationResult) -> Outcome:
    configuration = result.expectation_config
    assert configuration is not None
    return Outcome(
        stage=stage,
        meaning=str(configuration.description),
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


def _escaped(labels: Sequence[str]) -> list[str]:
    """Returns the labels fit for the Data Docs, which do not escape the values that they show."""
    return [html.escape(label) for label in labels]


def _must(kind: Callable[..., Expectation], meaning: str, **values: Any) -> Expectation:
    return kind(severity="critical", description=meaning, **values)


def _should(kind: Callable[..., Expectation], meaning: str, **values: Any) -> Expectation:
    return kind(severity="warning", description=meaning, **values)


def _observed(result: dict[str, Any]) -> str:
    if missing := result.get("partial_missing_list"):
        return f"none with {html.unescape(', '.join(missing))}"
    if isinstance(result.get("observed_value"), int):
        return f"{result['observed_value']:,}"
    return f"{result['unexpected_count']:,} otherwise" if "unexpected_count" in result else ""
