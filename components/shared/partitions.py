"""Applies a pure function to the partitions of a table on all processors, in order and with bounded memory."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

Part = TypeVar("Part")
Result = TypeVar("Result")


def map_partitions(function: Callable[[Part], Result], partitions: Iterable[Part], count: int) -> Iterator[Result]:
    """Yields the function's result for each partition, in order.

    Worker processes import the module of `function` and nothing else, so that it should import little. They end
    with the last result, so that their memory is free for what follows.

    Args:
        function: Pure, and defined at the top level of a module; `functools.partial` of one will do.
        partitions: The partitions; few are read ahead.
        count: How many there are; with one there are no worker processes.
    """
    workers = min(len(os.sched_getaffinity(0)), count)
    if workers < 2:
        yield from map(function, partitions)
        return
    try:
        parallel = Parallel(n_jobs=workers, return_as="generator", pre_dispatch="n_jobs + 1", batch_size=1)
        yield from parallel(delayed(function)(partition) for partition in partitions)
    finally:
        get_reusable_executor().shutdown(wait=True)
