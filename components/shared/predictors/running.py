"""How the batches of a call are run on a model: by how many threads, and on how many copies of it at once."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Probabilities = NDArray[np.float32]
#: The arguments of one call of a model, by name; the first axis is the reviews.
Feed = Mapping[str, NDArray[np.int32]]


class Execution(BaseModel):
    """How a model is run; what is fastest on a machine, only a measurement tells.

    Attributes:
        threads: Threads of each worker; None means every processor of the process.
        workers: Copies of the model that run batches side by side. A batch that is alone gets the threads of all.
        batch_size: Most reviews in one batch; None means what the predictor thinks best.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int | None = Field(default=None, ge=1)
    workers: int = Field(default=1, ge=1)
    batch_size: int | None = Field(default=None, ge=1)


AS_PREDICTOR_THINKS = Execution()


class Model(Protocol):
    """A loaded model; not to be called by two threads at once."""

    def run(self, inputs: Feed) -> Probabilities:
        """Returns what the model predicts, shape (n, classes)."""


class Runner:
    """Runs batches on a model, and on copies of it where there are several batches."""

    def __init__(self, load: Callable[[int], Model], execution: Execution) -> None:
        """Loads nothing yet: the model, and each worker's copy of it, is loaded when it is first needed.

        Args:
            load: From a number of threads to a loaded model.
            execution: Threads and workers.
        """
        self._load = load
        self._workers = execution.workers
        self._threads = execution.threads or cores()
        self._copies = threading.local()

    def run(self, batches: Sequence[Feed]) -> list[Probabilities]:
        """Returns what the model predicts for each batch, in order."""
        if self._workers == 1 or len(batches) == 1:
            return [self._alone.run(batch) for batch in batches]
        return list(self._pool.map(self._run_on_a_copy, batches))

    @cached_property
    def _alone(self) -> Model:
        return self._load(min(self._threads * self._workers, max(self._threads, cores())))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._workers, thread_name_prefix="worker")

    def _run_on_a_copy(self, batch: Feed) -> Probabilities:
        if not hasattr(self._copies, "model"):
            self._copies.model = self._load(self._threads)
        return self._copies.model.run(batch)


def cores() -> int:
    """Returns the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))
