"""Samples of a stream of unknown length, in one pass, in bounded memory.

Every row gets a random number that depends on its number in the source and on the seed alone, and the rows with
the smallest numbers are kept ("bottom-k sampling"; for a uniform sample the same as reservoir sampling, Vitter
1985). So the sample does not depend on how the stream is cut.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_KEY_BYTES = 16


def random_numbers(table: pd.DataFrame, seed: int) -> NDArray[np.uint64]:
    """Returns a number for each row of a table, shape (n,), from the row's index and the seed alone."""
    key = f"{seed:0{_KEY_BYTES}d}"[-_KEY_BYTES:]
    return pd.util.hash_array(table.index.astype(str).to_numpy(dtype=object), hash_key=key, categorize=False)


class Reservoir:
    """A uniform sample of at most `rows` rows; holds at most twice as many, and a partition."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows, self._seed = rows, seed
        self._kept: list[tuple[pd.DataFrame, NDArray[np.uint64]]] = []
        self._limit = np.uint64(np.iinfo(np.uint64).max)

    def add(self, table: pd.DataFrame) -> None:
        """Takes in further rows; the index holds their numbers in the source."""
        numbers = random_numbers(table, self._seed)
        chosen = numbers <= self._limit
        self._kept.append((table[chosen], numbers[chosen]))
        if sum(len(part) for part, _ in self._kept) >= 2 * self._rows:
            self._cut()

    def sample(self, rows: int | None = None) -> pd.DataFrame:
        """Returns the sample in the order of the source.

        Args:
            rows: At most this many, if fewer than the reservoir holds are wanted.
        """
        self._cut()
        table, numbers = self._kept[0]
        wanted = np.sort(np.argsort(numbers, kind="stable")[: self._rows if rows is None else rows])
        return table.iloc[wanted].sort_index()

    def _cut(self) -> None:
        table = pd.concat([part for part, _ in self._kept])
        numbers = np.concatenate([part for _, part in self._kept])
        smallest = np.sort(np.argsort(numbers, kind="stable")[: self._rows])
        self._kept = [(table.iloc[smallest], numbers[smallest])]
        if len(smallest) == self._rows:
            self._limit = numbers[smallest].max()


class UniformSample:
    """A sample in which every row has the same chance."""

    def __init__(self, rows: int, seed: int) -> None:
        self._reservoir = Reservoir(rows, seed)

    def add(self, table: pd.DataFrame) -> None:
        """Takes in further rows of the reviews table, numbered by the index."""
        self._reservoir.add(table)

    def result(self) -> pd.DataFrame:
        """Returns the sample in the order of the source."""
        return self._reservoir.sample()


class StratifiedSample:
    """A sample in which each label keeps its share: a reservoir a label, cut to the shares at the end."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows, self._seed = rows, seed
        self._reservoirs: dict[str, Reservoir] = {}
        self._counts: Counter[str] = Counter()

    def add(self, table: pd.DataFrame) -> None:
        """Takes in further rows of the reviews table, numbered by the index."""
        for label, rows in table.groupby("label", sort=False):
            self._counts[str(label)] += len(rows)
            self._reservoirs.setdefault(str(label), Reservoir(self._rows, self._seed)).add(rows)

    def result(self) -> pd.DataFrame:
        """Returns the sample in the order of the source."""
        wanted = fair_shares(self._counts, self._rows)
        return pd.concat([self._reservoirs[label].sample(wanted[label]) for label in wanted]).sort_index()


def fair_shares(counts: Mapping[str, int], rows: int) -> dict[str, int]:
    """Divides rows among labels in proportion to their counts, by the largest remainder (Hamilton's method).

    Args:
        counts: Rows of each label.
        rows: Rows to divide; all are kept if there are no more.

    Returns:
        Rows of each label: its exact share, rounded down or up; together `rows`.
    """
    total = sum(counts.values())
    if total <= rows:
        return dict(counts)
    exact = {label: rows * count / total for label, count in counts.items()}
    shares = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(counts, key=lambda label: (shares[label] - exact[label], label))
    for label in by_remainder[: rows - sum(shares.values())]:
        shares[label] += 1
    return shares
