"""What was put right while a source was read: how often, and where first, so that nothing is changed in silence."""

from collections.abc import Iterator

from pydantic import BaseModel

from components.shared.errors import UserError

#: More rows left out than this share look like a file read in the wrong way rather than like a few bad rows.
LARGEST_DAMAGED_SHARE = 0.05


class Repair(BaseModel):
    """One kind of repair.

    Attributes:
        what: What was wrong and what became of it.
        count: How many times.
        first: Where it was needed first, such as "reviews.csv: row 17".
    """

    what: str
    count: int
    first: str


class Repairs:
    """The repairs of one pass over a source, one entry a kind, in the order in which they were first needed.

    Attributes:
        rows: Rows seen so far, those left out included.
        damaged: Rows left out so far because their values cannot be told apart.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.damaged = 0
        self._found: dict[str, Repair] = {}
        self._first_damage = ""

    def __iter__(self) -> Iterator[Repair]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def all(self) -> list[Repair]:
        """Returns the repairs in the order in which each kind first occurred."""
        return list(self)

    def add(self, what: str, first: str, count: int = 1) -> None:
        """Counts further repairs of a kind; the first place of the first call stays."""
        known = self._found.get(what)
        if known:
            known.count += count
        elif count:
            self._found[what] = Repair(what=what, count=count, first=first)

    def leave_out(self, what: str, place: str, reason: str) -> None:
        """Counts a row that is left out.

        Args:
            what: The kind of damage.
            place: File and row.
            reason: What is wrong with that very row.
        """
        self.damaged += 1
        self._first_damage = self._first_damage or f"{place} {reason}"
        self.add(f"{what}: left out", f"{place}, which {reason}")

    def require_few_damaged(self, advice: str) -> None:
        """Raises UserError if too large a share of the rows seen so far was left out."""
        if self.damaged > LARGEST_DAMAGED_SHARE * self.rows:
            raise UserError(
                f"{self._first_damage}; {self.damaged:,} of {self.rows:,} rows are damaged and at most "
                f"{LARGEST_DAMAGED_SHARE:.0%} may be: {advice}"
            )
