"""The LSTM over token numbers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.shared.predictors.base import Parameters, Predictor, Probabilities
from components.shared.predictors.models import load_runner
from components.shared.texts.text import TextPreprocessing

PAD = 0
_BATCH_SIZE, _BATCH_SIZES = 32, (8, 16, 64)
Side = Literal["pre", "post"]


class LstmParameters(Parameters):
    """How a review becomes a sequence of token numbers.

    Attributes:
        text: Makes the tokens.
        length: Every sequence is cut or padded (with 0) to this many tokens.
        padding, truncating: Where it is padded and cut: in front ("pre") or at its end ("post").
        unknown: Number of a token outside the vocabulary; None means that it is left out.
        alone: Whether every review is a batch of its own, see `DistilBertParameters`.
    """

    text: TextPreprocessing
    length: int
    padding: Side = "pre"
    truncating: Side = "post"
    unknown: int | None = None
    alone: bool = False

    def numbers(self, words: Iterable[str], vocabulary: Mapping[str, int]) -> list[int]:
        """Returns the numbers of a review's tokens, at most `length`, unpadded."""
        found = (vocabulary.get(word, self.unknown) for word in words)
        known = [number for number in found if number is not None]
        return known[: self.length] if self.truncating == "post" else known[-self.length :]

    def padded(self, numbers: Sequence[Sequence[int] | NDArray[np.int32]]) -> NDArray[np.int32]:
        """Returns sequences of token numbers, each at most `length`, as an array of shape (n, length)."""
        rows = np.full((len(numbers), self.length), PAD, dtype=np.int32)
        for row, known in zip(rows, numbers, strict=True):
            start = self.length - len(known) if self.padding == "pre" else 0
            row[start : start + len(known)] = known
        return rows


class LstmPredictor(Predictor):
    """A model over token numbers: takes int32 tokens (batch, length), gives float32 (batch, classes)."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._parameters = LstmParameters.model_validate(preprocessing)
        words = json.loads((directory / "vocabulary.json").read_text(encoding="utf-8"))
        self._vocabulary = {word: number for number, word in enumerate(words, start=PAD + 1)}
        self.batch_sizes = () if self._parameters.alone else _BATCH_SIZES
        self._runner = load_runner(directory, self.execution)

    def _predict(self, natural: list[str]) -> Probabilities:
        tokens = [self._parameters.text.tokens(text) for text in natural]
        encoded = self._parameters.padded([self._parameters.numbers(words, self._vocabulary) for words in tokens])
        size = 1 if self._parameters.alone else self.execution.batch_size or _BATCH_SIZE
        batches = [{"tokens": encoded[start : start + size]} for start in range(0, len(encoded), size)]
        return np.concatenate(self._runner.run(batches))
