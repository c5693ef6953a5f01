"""What a model predicts: its labels, their order and their values."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator


class Task(BaseModel):
    """A classification into labels.

    Attributes:
        labels: From worst to best if they have an order, such as ("1", "2", "3", "4", "5").
        scores: The value of each label, for the average sentiment; same length.
        text_column, title_column: Where the reviews stood in the source table; the title may be "".
        ordered: Whether the labels really go from worst to best; otherwise scores are mere ranks and say nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[str, ...]
    scores: tuple[float, ...]
    text_column: str
    title_column: str = ""
    ordered: bool = True

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if len(self.labels) < 2 or len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: at least two, all different")
        if len(self.scores) != len(self.labels):
            raise ValueError("scores: one for each label")
        return self

    def indices(self, labels: "list[str]") -> NDArray[np.int64]:
        """Returns the index of each label, shape (n,); raises KeyError for a label that is not of the task."""
        position = {label: index for index, label in enumerate(self.labels)}
        return np.array([position[label] for label in labels], dtype=np.int64)


def scores_of(labels: tuple[str, ...]) -> tuple[float, ...]:
    """Returns the value of each label: the label itself if all are numbers, else its rank from 0."""
    try:
        return tuple(float(label) for label in labels)
    except ValueError:
        return tuple(float(rank) for rank in range(len(labels)))
