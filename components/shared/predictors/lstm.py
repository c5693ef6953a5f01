"""The LSTM over token numbers."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.shared.predictors.base import Parameters, Predictor, Probabilities
from components.shared.predictors.litert import load_interpreter
from components.shared.text import TextPreprocessing

PAD = 0


class LstmParameters(Parameters):
    """How a review becomes a sequence of token numbers.

    Attributes:
        text: Makes the tokens.
        length: Every sequence is cut (its end) or padded (in front, with 0) to this many tokens.
    """

    text: TextPreprocessing
    length: int


def encode_tokens(tokens: Sequence[Sequence[str]], vocabulary: dict[str, int], length: int) -> NDArray[np.int32]:
    """Returns sequences of token numbers, shape (n, length), padded in front with 0.

    Tokens outside the vocabulary are left out. A long review keeps its beginning.
    """
    encoded = np.full((len(tokens), length), PAD, dtype=np.int32)
    for row, words in enumerate(tokens):
        numbers = [vocabulary[word] for word in words if word in vocabulary][:length]
        if numbers:
            encoded[row, length - len(numbers) :] = numbers
    return encoded


class LstmPredictor(Predictor):
    """A LiteRT model over token numbers; model.tflite takes int32 (1, length), gives float32 (1, classes)."""

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        self._parameters = LstmParameters.model_validate(preprocessing)
        words = json.loads((directory / "vocabulary.json").read_text(encoding="utf-8"))
        self._vocabulary = {word: number for number, word in enumerate(words, start=PAD + 1)}
        self._interpreter = load_interpreter(directory / "model.tflite")
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def _predict(self, natural: list[str]) -> Probabilities:
        tokens = [self._parameters.text.tokens(text) for text in natural]
        encoded = encode_tokens(tokens, self._vocabulary, self._parameters.length)
        predicted = np.empty((len(natural), len(self.task.labels)), dtype=np.float32)
        for row in range(len(encoded)):
            # The fused LSTM keeps its state from call to call unless it is told to forget.
            self._interpreter.reset_all_variables()
            self._interpreter.set_tensor(self._input, encoded[row : row + 1])
            self._interpreter.invoke()
            predicted[row] = self._interpreter.get_tensor(self._output)[0]
        return predicted
