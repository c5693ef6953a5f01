"""What an ingestion came to, and what the console shows of it."""

from pydantic import BaseModel

from components.ingest.columns import ColumnPlan
from components.ingest.reading import Source
from components.ingest.repairs import Repair
from components.ingest.source_table import readable
from components.shared.notes import note

_SHOWN_FILES, _SHOWN_COLUMNS, _SHOWN_REPAIRS = 2, 40, 3


class IngestSummary(BaseModel):
    """What was read and what was kept.

    Attributes:
        source: Where the reviews came from.
        adapter: How the columns were understood.
        rows_read: Rows of the source.
        rows_damaged: Rows left out because their values cannot be told apart.
        rows_without_label: Rows left out because they have no label.
        rows_contradicting: Rows left out because their text stands in the table with another label, too.
        rows_sampled_out: Rows left out because fewer were asked for.
        rows_kept: Rows of the reviews table.
        rows_without_text: Rows kept although they have no text; clean removes and counts them.
        rows_per_label: Label to rows kept, in the labels' order.
        ordered: Whether the labels go from worst to best.
        repairs: What was mended while reading.
        fingerprint: Of the table's content and meaning.
    """

    source: str
    adapter: str
    rows_read: int
    rows_damaged: int
    rows_without_label: int
    rows_contradicting: int
    rows_sampled_out: int
    rows_kept: int
    rows_without_text: int
    rows_per_label: dict[str, int]
    ordered: bool
    repairs: list[Repair]
    fingerprint: str


def tell_plan(plan: ColumnPlan, source: Source) -> None:
    """Shows how the source was read and understood; where columns were inferred, a line a column."""
    for form in source.formats[:_SHOWN_FILES]:
        note(form)
    if len(source.formats) > _SHOWN_FILES:
        note(f"and {len(source.formats) - _SHOWN_FILES:,} files more")
    how = "inferred:" if plan.adapter == "auto" else f"understood as {plan.adapter}"
    note(f"{len(plan.columns)} columns, {how}")
    if plan.adapter == "auto":
        for line in plan.lines()[:_SHOWN_COLUMNS]:
            note(line)
        if len(plan.columns) > _SHOWN_COLUMNS:
            note(f"  and {len(plan.columns) - _SHOWN_COLUMNS:,} columns more, see the page of the reading")


def tell_summary(summary: IngestSummary) -> None:
    """Shows in one to three lines what was kept, left out and repaired."""
    labels = ", ".join(f"{readable(label)}: {rows:,}" for label, rows in summary.rows_per_label.items())
    order = "from worst to best" if summary.ordered else "without an order"
    note(f"Kept {summary.rows_kept:,} of {summary.rows_read:,} rows; labels {order}: {labels}")
    left_out = {
        "damaged": summary.rows_damaged,
        "without a label": summary.rows_without_label,
        "with a text that has another label elsewhere": summary.rows_contradicting,
        "not sampled": summary.rows_sampled_out,
    }
    if any(left_out.values()):
        note("Left out: " + ", ".join(f"{rows:,} {why}" for why, rows in left_out.items() if rows))
    if summary.repairs:
        kinds = "; ".join(
            f"{repair.count:,} {repair.what} (first: {repair.first})" for repair in summary.repairs[:_SHOWN_REPAIRS]
        )
        more = (
            f"; and {len(summary.repairs) - _SHOWN_REPAIRS} kinds more"
            if len(summary.repairs) > _SHOWN_REPAIRS
            else ""
        )
        note(f"Repaired: {kinds}{more}")
