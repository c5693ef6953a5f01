"""The LiteRT interpreter."""

import os
from pathlib import Path
from typing import Any


def load_interpreter(model: Path) -> Any:
    """Returns an interpreter of a model.tflite that may use every processor of this process."""
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(model), num_threads=_threads())


def _threads() -> int:
    return len(os.sched_getaffinity(0))
