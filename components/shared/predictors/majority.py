"""The most frequent classes, whatever a review says."""

from pathlib import Path

import numpy as np

from components.shared.predictors.base import Parameters, Predictor, Probabilities


class MajorityParameters(Parameters):
    """The share of each label among the training reviews."""

    shares: tuple[float, ...]


class MajorityPredictor(Predictor):
    """Predicts the class shares of the training data, whatever the review says: the lowest floor."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._shares = np.array(MajorityParameters.model_validate(preprocessing).shares, dtype=np.float32)

    def _predict(self, natural: list[str]) -> Probabilities:
        return np.tile(self._shares, (len(natural), 1))
