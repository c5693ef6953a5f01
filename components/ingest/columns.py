"""How the columns of a source are understood: each has a role, a reason and, where there is one, an option."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from components.ingest.source_table import readable, require_columns, shown
from components.shared.errors import UserError

#: number and category become attributes; date, free text, constant, empty and unused columns are only shown.
Role = Literal[
    "text",
    "title",
    "label",
    "group",
    "time",
    "identifier",
    "number",
    "category",
    "date",
    "free text",
    "constant",
    "empty",
    "unused",
]

#: Role -> the option that says otherwise.
OPTIONS: dict[Role, str] = {
    "text": "--text-column",
    "title": "--title-column",
    "label": "--label-column",
    "group": "--group-column",
    "time": "--time-column",
    "date": "--time-column",
    "free text": "--text-column",
    "identifier": "--group-column",
}
#: What a user writes for a title, group or time that the table should be taken not to have.
NONE = "none"


class Column(BaseModel):
    """One column of the source.

    Attributes:
        column: Its name in the source.
        role: What it is taken for.
        why: The reason, in a few words.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    role: Role
    why: str

    @property
    def option(self) -> str:
        """The option that overrides the role, or ""."""
        return OPTIONS.get(self.role, "")


@dataclass(frozen=True)
class ColumnPlan:
    """What every column of a source is taken for.

    Attributes:
        adapter: Who decided: "clothing", "sentiment140" or "auto".
        columns: In the order of the source.
        labels: The allowed labels from worst to best; empty means those found.
        optional_labels: Those of `labels` that need not occur.
        drop_contradictions: Whether texts that occur with different labels are left out.
    """

    adapter: str
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ()
    optional_labels: tuple[str, ...] = ()
    drop_contradictions: bool = False

    def named(self, role: Role) -> str:
        """Returns the first column of a role, or ""."""
        return next((column.column for column in self.columns if column.role == role), "")

    def all_named(self, *roles: Role) -> tuple[str, ...]:
        """Returns the columns of these roles, in the order of the source."""
        return tuple(column.column for column in self.columns if column.role in roles)

    def lines(self) -> list[str]:
        """Returns the plan for the console, a line a column; foreign names are made printable."""
        width = max(len(readable(column.column)) for column in self.columns)
        return [
            f"  {readable(column.column):<{width}}  {column.role:<10}  {column.why}"
            + (f"  ({column.option})" if column.option else "")
            for column in self.columns
        ]


@dataclass(frozen=True)
class NamedColumns:
    """The columns that the user named.

    "" leaves the choice to the adapter; for title, group and time "none" means that there is none.
    """

    text: str = ""
    title: str = ""
    label: str = ""
    group: str = ""
    time: str = ""

    def roles(self) -> dict[str, Role]:
        """Returns column to role for those that name a column.

        Raises:
            UserError: One column is named for two roles.
        """
        named: dict[str, Role] = {}
        wanted: tuple[tuple[Role, str], ...] = (
            *(("text", self.text), ("title", self.title), ("label", self.label)),
            *(("group", self.group), ("time", self.time)),
        )
        for role, column in wanted:
            if not column or role in self.declined():
                continue
            if column in named:
                first, second = OPTIONS[named[column]], OPTIONS[role]
                raise UserError(f"column '{shown(column)}' is named for {first} and for {second}; name another one")
            named[column] = role
        return named

    def declined(self) -> set[Role]:
        """Returns the roles that no column has, as the user said."""
        choices: dict[Role, str] = {"title": self.title, "group": self.group, "time": self.time}
        return {role for role, column in choices.items() if column == NONE}


def assign_roles(
    columns: Iterable[str], named: NamedColumns, by_adapter: dict[Role, str], name: str
) -> dict[str, Role]:
    """Returns column to role for the roles of which there is one column each.

    Args:
        columns: Of the source.
        named: What the user named; goes before the adapter's choice.
        by_adapter: Role to column as the adapter has them.
        name: What the user called the source, for error messages.

    Raises:
        UserError: A column that is named does not exist or is named twice.
    """
    roles = named.roles()
    columns = list(columns)
    require_columns(columns, list(roles), name)
    settled = set(roles.values()) | named.declined()
    wanted = {column: role for role, column in by_adapter.items() if role not in settled and column not in roles}
    require_columns(columns, list(wanted), name)
    return roles | wanted
