"""DistilBERT over word pieces."""

from pathlib import Path

import numpy as np

from components.shared.predictors.base import Parameters, Predictor, Probabilities
from components.shared.predictors.models import load_runner
from components.shared.predictors.running import Feed

_BATCH_SIZES = (1, 2, 4, 16)


class DistilBertParameters(Parameters):
    """How a review becomes word pieces.

    Attributes:
        max_length: Longest input in word pieces, the two special ones included; the rest is cut.
        bucket: Inputs are padded to the next multiple of this, at most to `max_length`.
        batch_size: Most reviews in one call of the model, unless `Execution` says otherwise.
        fixed_length: Whether every input is padded to `max_length`, because the model cannot be resized.
        alone: Whether every review is a batch of its own. ONNX Runtime rounds all that a quantised layer reads with
            one scale, so that what a review gets would depend on the others of its batch.
    """

    max_length: int
    bucket: int = 8
    batch_size: int = 8
    fixed_length: bool = False
    alone: bool = False

    def padded_length(self, length: int) -> int:
        """Returns the length that an input of so many word pieces is padded to."""
        if self.fixed_length:
            return self.max_length
        if self.alone:
            return length
        return min(-(-length // self.bucket) * self.bucket, self.max_length)


class DistilBertPredictor(Predictor):
    """A model over word pieces; tokenizer.json is the Rust tokenizer.

    The model takes int32 input_ids and attention_mask of shape (batch, length), and gives float32 (batch, classes).
    """

    def _load(self, directory: Path, preprocessing: dict[str, object]) -> None:
        from tokenizers import Tokenizer

        self._parameters = DistilBertParameters.model_validate(preprocessing)
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._parameters.max_length)
        self.batch_sizes = () if self._parameters.alone else _BATCH_SIZES
        self._runner = load_runner(directory, self.execution)

    def _predict(self, natural: list[str]) -> Probabilities:
        numbers = [encoding.ids for encoding in self._tokenizer.encode_batch(natural)]
        batches = self._batches([len(ids) for ids in numbers])
        predicted = np.empty((len(natural), len(self.task.labels)), dtype=np.float32)
        feeds = [_feed([numbers[row] for row in rows], length) for length, rows in batches]
        for (_, rows), probabilities in zip(batches, self._runner.run(feeds), strict=True):
            predicted[rows] = probabilities
        return predicted

    def _batches(self, lengths: list[int]) -> list[tuple[int, list[int]]]:
        """Returns (padded length, rows) of each batch, those of one length together: resizing a model costs."""
        parameters = self._parameters
        by_length: dict[int, list[int]] = {}
        for row, length in enumerate(lengths):
            by_length.setdefault(parameters.padded_length(length), []).append(row)
        size = 1 if parameters.alone else self.execution.batch_size or parameters.batch_size
        # The longest first: workers that share the batches are then done at about the same time.
        return [
            (length, rows[start : start + size])
            for length, rows in sorted(by_length.items(), reverse=True)
            for start in range(0, len(rows), size)
        ]


def _feed(numbers: list[list[int]], length: int) -> Feed:
    """Returns the inputs of one batch, each array of shape (batch, length), padded at the end with 0."""
    input_ids = np.zeros((len(numbers), length), dtype=np.int32)
    attention_mask = np.zeros((len(numbers), length), dtype=np.int32)
    for row, ids in enumerate(numbers):
        input_ids[row, : len(ids)] = ids
        attention_mask[row, : len(ids)] = 1
    return {"input_ids": input_ids, "attention_mask": attention_mask}
