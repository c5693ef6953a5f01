"""DistilBERT over word pieces."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.predictors.base import Parameters, Predictor, Probabilities
from components.shared.predictors.litert import load_interpreter


class DistilBertParameters(Parameters):
    """How a review becomes word pieces.

    Attributes:
        max_length: Longest input in word pieces, the two special ones included; the rest is cut.
        bucket: Inputs are padded to the next multiple of this, at most to `max_length`.
        batch_size: Most reviews in one call of the model.
        fixed_length: Whether every input is padded to `max_length`, one review a call, because the model
            cannot be resized.
    """

    max_length: int
    bucket: int = 16
    batch_size: int = 16
    fixed_length: bool = False

    def padded_length(self, length: int) -> int:
        """Returns the length that an input of so many word pieces is padded to, if it may vary."""
        return min(-(-length // self.bucket) * self.bucket, self.max_length)


class DistilBertPredictor(Predictor):
    """A LiteRT model over word pieces.

    model.tflite takes int32 input_ids and attention_mask of shape (batch, length), told apart by those
    names in the signature, and gives float32 (batch, classes); tokenizer.json is the Rust tokenizer.
    """

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        from tokenizers import Tokenizer

        self._parameters = DistilBertParameters.model_validate(preprocessing)
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._parameters.max_length)
        self._interpreter = load_interpreter(directory / "model.tflite")
        self._inputs = {_input_name(detail): detail["index"] for detail in self._interpreter.get_input_details()}
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, int] | None = None

    def _predict(self, natural: list[str]) -> Probabilities:
        numbers = [encoding.ids for encoding in self._tokenizer.encode_batch(natural)]
        predicted = np.empty((len(natural), len(self.task.labels)), dtype=np.float32)
        for length, rows in self._batches([len(ids) for ids in numbers]):
            input_ids = np.zeros((len(rows), length), dtype=np.int32)
            attention_mask = np.zeros((len(rows), length), dtype=np.int32)
            for position, row in enumerate(rows):
                input_ids[position, : len(numbers[row])] = numbers[row]
                attention_mask[position, : len(numbers[row])] = 1
            predicted[rows] = self._run(input_ids, attention_mask)
        return predicted

    def _batches(self, lengths: list[int]) -> list[tuple[int, list[int]]]:
        """Returns (padded length, rows) for each call of the model, reviews of like length together."""
        parameters = self._parameters
        if parameters.fixed_length:
            return [(parameters.max_length, [row]) for row in range(len(lengths))]
        by_length: dict[int, list[int]] = {}
        for row, length in enumerate(lengths):
            by_length.setdefault(parameters.padded_length(length), []).append(row)
        size = parameters.batch_size
        return [
            (length, rows[start : start + size])
            for length, rows in sorted(by_length.items())
            for start in range(0, len(rows), size)
        ]

    def _run(self, input_ids: NDArray[np.int32], attention_mask: NDArray[np.int32]) -> Probabilities:
        if input_ids.shape != self._shape:
            if not self._parameters.fixed_length:
                for index in self._inputs.values():
                    self._interpreter.resize_tensor_input(index, input_ids.shape)
            self._interpreter.allocate_tensors()
            self._shape = input_ids.shape
        self._interpreter.set_tensor(self._inputs["input_ids"], input_ids)
        self._interpreter.set_tensor(self._inputs["attention_mask"], attention_mask)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


def _input_name(detail: dict[str, Any]) -> str:
    """Returns the argument that an input tensor such as "serving_default_input_ids:0" stands for."""
    return next(name for name in ("input_ids", "attention_mask") if name in detail["name"])
