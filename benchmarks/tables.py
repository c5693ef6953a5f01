"""What benchmarks print."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> str:
    """Returns the mean and the standard deviation of some values, or the one value there is."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"
