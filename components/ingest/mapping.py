"""Turns partitions of the source into partitions of the reviews table."""

import pandas as pd

from components.ingest.columns import ColumnPlan
from components.ingest.dates import find_format, parse_times
from components.ingest.labels import LabelReader
from components.ingest.profiles import to_numbers
from components.ingest.repairs import Repairs
from components.ingest.source_table import shown
from components.shared.errors import UserError
from components.shared.reviews import attribute


class Mapper:
    """Maps partition after partition in the same way; counts the values that it could not read.

    Attributes:
        labels: The reader of the labels.
        repairs: Values that were taken for missing.
    """

    def __init__(self, plan: ColumnPlan, head: pd.DataFrame, name: str) -> None:
        """Settles the format of the time column.

        Args:
            plan: The role of each column.
            head: The first rows of the source.
            name: What the user called the source, for error messages.

        Raises:
            UserError: The time column holds no dates.
        """
        self.labels = LabelReader(plan.named("label"), plan.labels, name)
        self._plan = plan
        self._numbers = frozenset(plan.all_named("number"))
        self._attributes = plan.all_named("number", "category")
        self._time_format = _time_format(head[plan.named("time")], name) if plan.named("time") else ""
        self.repairs = Repairs()

    def map(self, partition: pd.DataFrame) -> pd.DataFrame:
        """Returns a partition with the columns of the reviews table and the index of the source's row numbers.

        Args:
            partition: Texts, "" for a missing value.

        Raises:
            UserError: A label is not allowed.
        """
        title, group, time = (self._plan.named(role) for role in ("title", "group", "time"))
        columns = {
            "review_id": partition.index.astype(str),
            "title": partition[title].str.strip() if title else "",
            "text": partition[self._plan.named("text")].str.strip(),
            "label": self.labels.read(partition[self._plan.named("label")]),
        }
        if group:
            columns["group_key"] = _without_empty(partition[group])
        if time:
            columns["time"] = self._counted(partition[time], parse_times(partition[time], self._time_format), "dates")
        for column in self._attributes:
            columns[attribute(column)] = self._attribute(partition[column])
        return pd.DataFrame(columns, index=partition.index)

    def _attribute(self, values: pd.Series) -> pd.Series:
        if values.name in self._numbers:
            return self._counted(values, to_numbers(values), "numbers")
        return _without_empty(values)

    def _counted(self, values: pd.Series, read: pd.Series, kind: str) -> pd.Series:
        unread = values.index[read.isna() & (values.str.strip() != "")]
        if len(unread):
            what = f"values of column '{shown(str(values.name))}' that are no {kind} were taken for missing"
            self.repairs.add(what, f"row {unread[0]}", len(unread))
        return read


def _without_empty(values: pd.Series) -> pd.Series:
    values = values.str.strip()
    return values.where(values != "", None)


def _time_format(values: pd.Series, name: str) -> str:
    filled = values[values.str.strip() != ""]
    form = find_format(filled) if len(filled) else None
    if form is None:
        example = f", such as '{shown(filled.iloc[0])}' in row {filled.index[0]}," if len(filled) else ""
        raise UserError(
            f"{name}: the values of column '{shown(str(values.name))}'{example} are no dates of one format; write "
            "them like 2024-05-31 or 2024-05-31 17:45:00, or pass another --time-column"
        )
    return form
