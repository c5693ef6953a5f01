"""Chooses how the columns of a source are understood, and makes the plan of all its columns."""

from collections.abc import Sequence

import pandas as pd

from components.ingest import clothing, sentiment140
from components.ingest.columns import OPTIONS, Column, ColumnPlan, NamedColumns, Role, assign_roles
from components.ingest.inference import describe, infer_roles
from components.ingest.profiles import Profile, profile
from components.ingest.source_table import listed, shown
from components.shared.errors import UserError


def choose_adapter(adapter: str, columns: Sequence[str], label_column: str, name: str) -> str:
    """Returns "clothing", "sentiment140" or "auto".

    Args:
        adapter: What the user chose; "" means by the columns.
        columns: Of the source.
        label_column: What the user named, or "".
        name: What the user called the source, for error messages.

    Raises:
        UserError: The columns are not known and no label column was named.
    """
    if not adapter and clothing.recognises(columns):
        return "clothing"
    if not adapter and sentiment140.recognises(columns):
        return "sentiment140"
    if adapter in ("", "auto") and not label_column:
        raise UserError(f"{name}: which column is the label? Pass --label-column; the columns are {listed(columns)}")
    return adapter or "auto"


def plan_columns(
    adapter: str,
    head: pd.DataFrame,
    unreadable: dict[str, str],
    named: NamedColumns,
    labels: Sequence[str],
    name: str,
) -> ColumnPlan:
    """Returns what every column of the source is taken for.

    Args:
        adapter: From `choose_adapter`.
        head: The first rows of the source, as texts.
        unreadable: Columns whose values are no texts, with the reason.
        named: The columns that the user named.
        labels: The labels that the user named, or none.
        name: What the user called the source, for error messages.

    Raises:
        UserError: A column that is needed is missing, unreadable, or cannot be inferred.
    """
    names = [*map(str, head.columns), *unreadable]
    profiles = {column: profile(head[column]) for column in map(str, head.columns)}
    reasons: dict[Role, str] = {}
    if adapter == "auto":
        assign_roles(names, named, {}, name)  # a misspelt column first, before anything is inferred
        _refuse_unreadable(named.roles(), unreadable, name)
        inferred = infer_roles(list(profiles.values()), named, name)
        by_adapter = {role: choice.column for role, choice in inferred.items()}
        reasons = {role: choice.why for role, choice in inferred.items()}
    elif adapter == "clothing":
        by_adapter = clothing.roles(names)
    else:
        by_adapter = sentiment140.roles(names)
    roles = assign_roles(names, named, by_adapter, name)
    _refuse_unreadable(roles, unreadable, name)
    chosen = {column: _why(adapter, column, role, named, reasons) for column, role in roles.items()}
    columns = tuple(
        Column(column=column, role=roles[column], why=chosen[column])
        if column in roles
        else _other(adapter, column, profiles, unreadable)
        for column in names
    )
    allowed, optional = _labels(adapter, by_adapter, roles, labels)
    return ColumnPlan(
        adapter=adapter,
        columns=columns,
        labels=allowed,
        optional_labels=optional,
        drop_contradictions=adapter == "sentiment140",
    )


def _refuse_unreadable(roles: dict[str, Role], unreadable: dict[str, str], name: str) -> None:
    for column, role in roles.items():
        if column in unreadable:
            raise UserError(
                f"{name}: column '{shown(column)}' cannot be used: {unreadable[column]}; pass another {OPTIONS[role]}"
            )


def _why(adapter: str, column: str, role: Role, named: NamedColumns, reasons: dict[Role, str]) -> str:
    if column in named.roles():
        return f"named by {OPTIONS[role]}"
    return reasons.get(role, f"as in the tables of the adapter {adapter}")


def _other(adapter: str, column: str, profiles: dict[str, Profile], unreadable: dict[str, str]) -> Column:
    """Returns the role of a column that is none of text, title, label, group and time."""
    if column in unreadable:
        return Column(column=column, role="unused", why=f"{unreadable[column]}: left out")
    if adapter == "sentiment140" and column in sentiment140.LEFT_OUT:
        return Column(column=column, role="identifier", why=sentiment140.LEFT_OUT[column])
    seen = profiles[column]
    if adapter == "clothing" and column in clothing.ATTRIBUTES and seen.kind not in ("empty", "constant"):
        role: Role = "number" if seen.kind == "number" else "category"
        return Column(column=column, role=role, why=f"as in the tables of the adapter {adapter}")
    return describe(seen)


def _labels(
    adapter: str, by_adapter: dict[Role, str], roles: dict[str, Role], labels: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the allowed labels, and those of them that need not occur."""
    if labels:
        return tuple(labels), ()
    label_column = by_adapter.get("label", "")
    if roles.get(label_column) != "label":  # another label column than the adapter's: labels as they are found
        return (), ()
    if adapter == "clothing":
        return clothing.LABELS, ()
    return sentiment140.LABELS, sentiment140.OPTIONAL_LABELS
