"""Small checks of foreign tables, and how their words are shown."""

from collections.abc import Sequence

from components.shared.errors import UserError
from components.shared.texts.printable import printable

_SHOWN_CHARACTERS = 40
_SHOWN_COLUMNS = 30


def require_columns(columns: Sequence[str], wanted: Sequence[str], name: str) -> None:
    """Raises UserError if a wanted column is missing, naming those that are there.

    Args:
        columns: Those of the table.
        wanted: Those that are needed.
        name: What the user called the table.
    """
    missing = [column for column in wanted if column not in columns]
    if missing:
        raise UserError(f"{name}: there is no column '{shown(missing[0])}'; the columns are {listed(columns)}")


def listed(columns: Sequence[str]) -> str:
    """Returns the names of columns for a message, at most 30 of them."""
    names = ", ".join(f"'{shown(column)}'" for column in columns[:_SHOWN_COLUMNS])
    more = len(columns) - _SHOWN_COLUMNS
    return f"{names} and {more} more" if more > 0 else names


def shown(value: str) -> str:
    """Returns foreign text fit for a one-line message: ASCII, without control characters, cut if long."""
    escaped = value.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= _SHOWN_CHARACTERS else escaped[:_SHOWN_CHARACTERS] + "..."


def readable(value: str) -> str:
    """Returns foreign text as people read it, for the console: letters of all scripts stay, cut if long."""
    clean = printable(value)
    return clean if len(clean) <= _SHOWN_CHARACTERS else clean[:_SHOWN_CHARACTERS] + "..."
