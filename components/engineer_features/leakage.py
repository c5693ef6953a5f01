"""The guard: nothing that is fitted on train may have seen what the other splits hold."""

import pandas as pd


def require_disjoint(reviews: pd.DataFrame) -> None:
    """Raises ValueError if a duplicate group or a natural text stands in two splits.

    Args:
        reviews: Table of stage "features".
    """
    for column in ("group", "natural"):
        splits = reviews.groupby(column)["split"].nunique()
        if (splits > 1).any():
            raise ValueError(f"leakage: {int((splits > 1).sum())} values of '{column}' stand in several splits")
