"""The adapter "clothing": the Women's E-Commerce Clothing Reviews and tables with the same columns."""

from collections.abc import Sequence

from components.ingest.columns import Role

TEXT, TITLE, LABEL = "Review Text", "Title", "Rating"
LABELS = ("1", "2", "3", "4", "5")
#: Properties of the review, never groups or identifiers; more columns are described by their values.
ATTRIBUTES = (
    *("Clothing ID", "Age", "Recommended IND", "Positive Feedback Count"),
    *("Division Name", "Department Name", "Class Name"),
)


def recognises(columns: Sequence[str]) -> bool:
    """Returns whether the columns are those of clothing reviews."""
    return TEXT in columns and LABEL in columns


def roles(columns: Sequence[str]) -> dict[Role, str]:
    """Returns role to column; the title may be missing."""
    found: dict[Role, str] = {"text": TEXT, "label": LABEL}
    if TITLE in columns:
        found["title"] = TITLE
    return found
