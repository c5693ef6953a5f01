"""How closely the columns of the source go with the label."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats.contingency import association, crosstab
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

_NUMBER_BINS = 20
_SHUFFLES = 3


@dataclass(frozen=True)
class Association:
    """How closely a column goes with the label.

    Attributes:
        column: The column.
        measure: What `strength` is.
        strength: Spearman's rank correlation, -1 to 1, for numbers against ordered labels; Cramér's V, 0 to 1,
            for everything else.
        information: Mutual information with the label as a share of the label's entropy, 0 to 1, what chance
            would give subtracted: how much of the doubt about the label goes when the column is known.
    """

    column: str
    measure: Literal["Spearman", "Cramér's V"]
    strength: float
    information: float


def associations(columns: pd.DataFrame, label: NDArray[np.int64], ordered: bool, seed: int) -> list[Association]:
    """Returns how closely each column goes with the label, the closest first.

    Args:
        columns: Numbers or texts; a missing value is a value of its own, but not for Spearman.
        label: Index of each row's label, shape (rows,).
        ordered: Whether labels go from worst to best.
        seed: Of the shuffles that tell what chance gives.
    """
    if not len(columns.columns):
        return []
    codes = np.column_stack([_codes(columns[name]) for name in columns])
    information = _information(codes, label, seed)
    found = []
    for place, name in enumerate(columns):
        numeric = pd.api.types.is_numeric_dtype(columns[name])
        if numeric and ordered:
            measured = _spearman(columns[name], label)
            found.append(Association(str(name), "Spearman", measured, float(information[place])))
        else:
            measured = _cramers_v(codes[:, place], label)
            found.append(Association(str(name), "Cramér's V", measured, float(information[place])))
    return sorted(found, key=lambda one: (-one.information, -abs(one.strength)))


def _codes(values: pd.Series) -> NDArray[np.int64]:
    """Returns the category of each value: of a number its quantile of twenty, of a missing value its own."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > _NUMBER_BINS:
        # Through ranks, because infinite values have ranks too.
        bins = pd.qcut(values.rank(), _NUMBER_BINS, labels=False, duplicates="drop")
        return bins.fillna(-1).to_numpy(dtype=np.int64) + 1
    return pd.factorize(values, use_na_sentinel=False)[0].astype(np.int64)


def _information(codes: NDArray[np.int64], label: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Returns mutual information as a share of the label's entropy, shape (columns,).

    With a thousand categories even noise seems to tell something about the label, so the share that the same
    column has of shuffled labels is taken off, and the rest scaled to reach 1 (as in adjusted mutual information,
    Vinh, Epps and Bailey, 2010, with shuffles in place of the expectation).
    """
    entropy = mutual_info_score(label, label)
    if entropy <= 0:
        return np.zeros(codes.shape[1])
    random = np.random.default_rng(seed)
    measured = mutual_info_classif(codes, label, discrete_features=True)
    shuffles = [
        mutual_info_classif(codes, random.permutation(label), discrete_features=True) for _ in range(_SHUFFLES)
    ]
    chance = np.minimum(np.mean(shuffles, axis=0), entropy)
    beyond, room = measured - chance, entropy - chance
    return np.clip(np.divide(beyond, room, out=np.zeros_like(beyond), where=room > 1e-9), 0, 1)


def _spearman(values: pd.Series, label: NDArray[np.int64]) -> float:
    known = values.notna().to_numpy(dtype=bool)
    ranks = values[known].rank()
    if ranks.nunique() < 2 or len(np.unique(label[known])) < 2:
        return 0.0
    return float(ranks.corr(pd.Series(label[known], index=ranks.index).rank()))


def _cramers_v(codes: NDArray[np.int64], label: NDArray[np.int64]) -> float:
    """Returns Cramér's V with Bergsma's correction (2013), without which many categories alone look telling."""
    counts = crosstab(codes, label).count
    rows, columns = counts.shape
    if min(rows, columns) < 2:
        return 0.0
    total = len(codes)
    squared = association(counts, method="cramer") ** 2 * (min(rows, columns) - 1)
    squared = max(0.0, squared - (rows - 1) * (columns - 1) / (total - 1))
    effective = min(size - (size - 1) ** 2 / (total - 1) for size in (rows, columns))
    return float(np.sqrt(min(1.0, squared / (effective - 1)))) if effective > 1 else 0.0
