"""Whether the labelled reviews are enough to learn from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from components.ingest.source_table import shown
from components.shared.errors import UserError
from components.shared.reviews import MINIMUM_ROWS, MINIMUM_ROWS_PER_LABEL

#: More rows without a label than this share look like a wrong column rather than like gaps.
_LARGEST_UNLABELLED_SHARE = 0.05


@dataclass
class LabelCounts:
    """Labelled reviews, counted partition by partition.

    Attributes:
        rows: Label to reviews.
        with_text: Label to reviews that have a text.
    """

    rows: Counter[str] = field(default_factory=Counter)
    with_text: Counter[str] = field(default_factory=Counter)

    def add(self, table: pd.DataFrame) -> None:
        """Counts a partition of the reviews table."""
        self.rows.update(table["label"])
        self.with_text.update(table.loc[table["text"] != "", "label"])

    @property
    def without_text(self) -> int:
        """Number of reviews without a text."""
        return self.rows.total() - self.with_text.total()


def check_labelled(unlabelled: int, rows: int, column: str, name: str) -> None:
    """Raises UserError if too many rows have no label.

    Args:
        unlabelled: Rows without a label.
        rows: All rows.
        column: The label column.
        name: What the user called the source.
    """
    if unlabelled > _LARGEST_UNLABELLED_SHARE * rows:
        raise UserError(
            f"{name}: {unlabelled} of {rows} rows have nothing in column '{shown(column)}'; at most "
            f"{_LARGEST_UNLABELLED_SHARE:.0%} may lack a label: fill the column or pass another --label-column"
        )


def check_usable(counts: Mapping[str, int], labels: Sequence[str], text_column: str, name: str) -> None:
    """Raises UserError unless there are enough labelled reviews with a text, of every label.

    Args:
        counts: Label to reviews with a text.
        labels: The labels that must be there.
        text_column: The source's column of the text.
        name: What the user called the source.
    """
    total = sum(counts.values())
    if total == 0:
        raise UserError(f"{name}: all texts are empty in column '{shown(text_column)}'; pass another --text-column")
    present = [label for label in labels if counts.get(label)]
    if len(present) < 2:
        raise UserError(
            f"{name}: all reviews have the same label '{shown(present[0])}'; at least two labels are needed"
        )
    if total < MINIMUM_ROWS:
        raise UserError(
            f"{name}: too few reviews: {total} have a label and a text; at least {MINIMUM_ROWS} are needed"
        )
    rare = [label for label in labels if counts.get(label, 0) < MINIMUM_ROWS_PER_LABEL]
    if rare:
        enough = ",".join(shown(label) for label in labels if label not in rare)
        raise UserError(
            f"{name}: label '{shown(rare[0])}' has {counts.get(rare[0], 0)} reviews with a text and needs at least "
            f"{MINIMUM_ROWS_PER_LABEL}; use more rows, or only the reviews of --labels {enough}"
        )
