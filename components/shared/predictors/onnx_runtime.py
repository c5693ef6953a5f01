"""A model.onnx in ONNX Runtime."""

from pathlib import Path

from components.shared.predictors.running import Feed, Probabilities


class OnnxModel:
    """One session on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        """Reads the file.

        Args:
            path: model.onnx.
            threads: Threads of one call.
        """
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = threads
        # What the arena has taken for one long batch it would never give back.
        options.enable_cpu_mem_arena = False
        self._session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Feed) -> Probabilities:
        """Returns what the model predicts, shape (n, classes)."""
        return self._session.run(None, dict(inputs))[0]
