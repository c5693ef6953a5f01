"""Finds copies of reviews in a table of any size, by hashes."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def find_copies(figures: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the rows whose copies have another label, and the rows that repeat an earlier one.

    Args:
        figures: Columns key_high and key_low, the same for copies, and label, a categorical.

    Returns:
        Positions of rows: all copies of a review if their labels differ; otherwise all but the first copy.
    """
    if figures.empty:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    high, low = figures["key_high"].to_numpy(), figures["key_low"].to_numpy()
    # Stable, so that the first of several copies stands first among them.
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    is_first = np.r_[True, (high[1:] != high[:-1]) | (low[1:] != low[:-1])]
    labels = figures["label"].cat.codes.to_numpy()[order]
    starts = np.flatnonzero(is_first)
    group = np.cumsum(is_first) - 1
    contradicting = (np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts))[group]
    return order[contradicting], order[~contradicting & ~is_first]
