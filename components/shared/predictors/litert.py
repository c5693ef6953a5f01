"""A model.tflite in the LiteRT interpreter."""

from pathlib import Path
from typing import Any

import numpy as np

from components.shared.predictors.running import Feed, Probabilities


class LiteRtModel:
    """One interpreter; inputs are told apart by the names that they have in the model's signature."""

    def __init__(self, path: Path, threads: int) -> None:
        """Maps the file into memory.

        Args:
            path: model.tflite.
            threads: Threads of one call.
        """
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        details = self._interpreter.get_input_details()
        self._inputs = details
        self._resizable = all(size < 0 for detail in details for size in detail["shape_signature"])
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, ...] | None = None

    def run(self, inputs: Feed) -> Probabilities:
        """Returns what the model predicts, shape (n, classes); row by row if it takes one review a call."""
        if self._resizable:
            return self._call(inputs)
        rows = len(next(iter(inputs.values())))
        return np.concatenate(
            [self._call({name: array[row : row + 1] for name, array in inputs.items()}) for row in range(rows)]
        )

    def _call(self, inputs: Feed) -> Probabilities:
        self._allocate(next(iter(inputs.values())).shape)
        # A fused LSTM keeps its state from call to call unless it is told to forget.
        self._interpreter.reset_all_variables()
        for detail in self._inputs:
            self._interpreter.set_tensor(detail["index"], inputs[_argument(detail, inputs)])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)

    def _allocate(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        if self._resizable:
            for detail in self._inputs:
                self._interpreter.resize_tensor_input(detail["index"], shape)
        self._interpreter.allocate_tensors()
        self._shape = shape


def _argument(detail: dict[str, Any], inputs: Feed) -> str:
    """Returns the argument that an input tensor such as "serving_default_input_ids:0" stands for."""
    return next(name for name in inputs if name in detail["name"])
