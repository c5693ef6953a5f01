"""What every predictor is.

A predictor reads the files of one bundle. What it predicts for a review does not depend on the other
reviews of the call: inputs are padded to a length that follows from the review alone. Libraries are imported
where they are used: a LiteRT model must not pay, in start-up and memory, for scikit-learn.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from components.shared.predictors.running import AS_PREDICTOR_THINKS, Execution, Probabilities
from components.shared.records.task import Task
from components.shared.texts.text import NATURAL_STEPS, natural_text


class Parameters(BaseModel):
    """What a bundle records of its preprocessing; each predictor has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Predictor(ABC):
    """Scores raw review texts (title and text joined by `text.join_title`).

    Attributes:
        paid: Whether each text costs money: such a predictor is asked for reviews only, not for experiments.
    """

    paid: ClassVar[bool] = False
    #: Batch sizes worth trying for the fastest; empty if reviews are not scored in batches.
    batch_sizes: tuple[int, ...] = ()

    def __init__(
        self,
        directory: Path,
        task: Task,
        preprocessing: dict[str, object],
        natural_steps: Collection[str] = NATURAL_STEPS,
        execution: Execution = AS_PREDICTOR_THINKS,
    ) -> None:
        """Loads the files of a bundle that `bundle.load_bundle` has verified.

        Args:
            directory: The bundle's directory.
            task: Its task.
            preprocessing: Parameters of this predictor.
            natural_steps: See `text.NATURAL_STEPS`.
            execution: How the model is run, if it is one that may be run in several ways.
        """
        self.task = task
        self.execution = execution
        self._natural_steps = natural_steps
        self._load(directory, preprocessing)

    @abstractmethod
    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None: ...

    @abstractmethod
    def _predict(self, natural: list[str]) -> Probabilities: ...

    def predict(self, raw_texts: Sequence[str]) -> Probabilities:
        """Returns probabilities of shape (n, classes), float32, rows in the order of the texts."""
        return self.predict_natural(self.natural_views(raw_texts))

    def natural_views(self, raw_texts: Sequence[str]) -> list[str]:
        """Returns the natural view of each raw review, as this model reads it."""
        return [natural_text(raw, self._natural_steps) for raw in raw_texts]

    def predict_natural(self, natural: Sequence[str]) -> Probabilities:
        """Returns what `predict` returns, for texts that are in the natural view already."""
        if not natural:
            return np.empty((0, len(self.task.labels)), dtype=np.float32)
        return self._predict(list(natural))
