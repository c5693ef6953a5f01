"""What people do without this project, for the inference benchmark: the same weights, from a float checkpoint.

Each class is built in the process that is timed, and predicts from raw texts, as a bundle's predictor does.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import DistilBert
from components.shared.architectures.lstm import Lstm
from components.shared.bundle import read_manifest
from components.shared.texts.text import natural_text
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.keras import tf

_BATCH_SIZE = 32
_INPUTS = {"distilbert": ("input_ids", "attention_mask"), "lstm": ("tokens",)}


class Baseline(ABC):
    """A float checkpoint, and the text steps of the bundle that was written with it."""

    def __init__(self, candidate: Path) -> None:
        """Loads a candidate.

        Args:
            candidate: Directory of a trained candidate, with bundle and checkpoint.
        """
        self._steps = read_manifest(candidate / "bundle").natural_steps
        checkpoint = load_checkpoint(candidate / "checkpoint")
        self._architecture = checkpoint.architecture
        self._names = _INPUTS[self._architecture.name]
        self._prepare(checkpoint.build())

    def predict(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns probabilities, shape (n, classes), rows in the order of the texts."""
        natural = [natural_text(text, self._steps) for text in texts]
        columns = {"natural": natural}
        if isinstance(self._architecture, Lstm):
            columns["tokens"] = [" ".join(self._architecture.sizes.text.tokens(text)) for text in natural]
        encoded = self._architecture.encode(pd.DataFrame(columns))
        order = self._order(encoded)
        batches = [order[start : start + _BATCH_SIZE] for start in range(0, len(order), _BATCH_SIZE)]
        predicted = np.concatenate([self._run([encoded[row] for row in batch]) for batch in batches])
        return predicted[np.argsort(order)]

    def _order(self, encoded: Sequence[Encoded]) -> list[int]:
        return list(range(len(encoded)))

    def _padded(self, encoded: Sequence[Encoded], length: int) -> list[NDArray[np.int32]]:
        """Returns a batch padded to a length; an LSTM has one length only."""
        if isinstance(self._architecture, DistilBert):
            numbers = np.zeros((len(encoded), length), dtype=np.int32)
            for row, ids in enumerate(encoded):
                numbers[row, : len(ids)] = ids
            lengths = np.array([len(ids) for ids in encoded])
            return [numbers, (np.arange(length) < lengths[:, None]).astype(np.int32)]
        return self._architecture.inputs(encoded)

    @abstractmethod
    def _prepare(self, model: object) -> None: ...

    @abstractmethod
    def _run(self, encoded: Sequence[Encoded]) -> NDArray[np.float32]: ...


class GraphMode(Baseline):
    """TensorFlow graph mode, float32, every review padded to the longest length."""

    def _prepare(self, model: object) -> None:
        shape = (None, _longest(self._architecture))
        specifications = [tf.TensorSpec(shape, tf.int32, name=name) for name in self._names]

        @tf.function(input_signature=specifications)
        def call(*inputs: object) -> object:
            return model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)  # type: ignore[operator]

        self._call = call

    def _run(self, encoded: Sequence[Encoded]) -> NDArray[np.float32]:
        inputs = self._padded(encoded, _longest(self._architecture))
        return self._call(*map(tf.constant, inputs)).numpy()


class KerasPredict(Baseline):
    """Keras `predict`, every review padded to the longest length."""

    def _prepare(self, model: object) -> None:
        self._model = model

    def _run(self, encoded: Sequence[Encoded]) -> NDArray[np.float32]:
        inputs = self._padded(encoded, _longest(self._architecture))
        given = inputs if len(inputs) > 1 else inputs[0]
        return self._model.predict(given, batch_size=_BATCH_SIZE, verbose=0)  # type: ignore[attr-defined]


class DefaultOnnx(Baseline):
    """ONNX Runtime, dynamic int8, exported by tf2onnx and quantised with default settings; batches as they come."""

    def _prepare(self, model: object) -> None:
        import tempfile

        import onnxruntime
        import tf2onnx
        from onnxruntime.quantization import quantize_dynamic

        length = None if isinstance(self._architecture, DistilBert) else _longest(self._architecture)
        signature = [tf.TensorSpec((None, length), tf.int32, name=name) for name in self._names]
        with tempfile.TemporaryDirectory() as temporary:
            exported, quantized = Path(temporary) / "float.onnx", Path(temporary) / "int8.onnx"
            tf2onnx.convert.from_keras(model, input_signature=signature, output_path=str(exported))
            quantize_dynamic(exported, quantized)
            self._session = onnxruntime.InferenceSession(str(quantized), providers=["CPUExecutionProvider"])

    def _run(self, encoded: Sequence[Encoded]) -> NDArray[np.float32]:
        inputs = self._padded(encoded, max(map(len, encoded)))
        named = zip((one.name for one in self._session.get_inputs()), inputs, strict=True)
        return self._session.run(None, dict(named))[0]


class SortedOnnx(DefaultOnnx):
    """The same, with batches sorted by length."""

    def _order(self, encoded: Sequence[Encoded]) -> list[int]:
        return np.argsort([len(ids) for ids in encoded], kind="stable").tolist()


def _longest(architecture: object) -> int:
    if isinstance(architecture, DistilBert):
        return architecture.max_length
    assert isinstance(architecture, Lstm)
    return architecture.sizes.length
