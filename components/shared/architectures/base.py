"""What the training and technique steps need to know of a deep model, and nothing more.

A technique is written once, against this interface, and works on every architecture.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.class_weights import CLASS_WEIGHT_POWERS
from components.shared.records.features import Features

#: One array for each input of the model, first axis the reviews of the batch.
Inputs = list[NDArray[np.int32]]
#: The token numbers of one review, unpadded.
Encoded = NDArray[np.int32]


class OnnxConversionError(Exception):
    """There is no version of a candidate for ONNX Runtime; the message says why."""


@dataclass(frozen=True)
class BundleParts:
    """What an architecture adds to a bundle beside model.tflite.

    Attributes:
        predictor: Key in `predictors.PREDICTORS`.
        preprocessing: Parameters of that predictor.
        files: Name to content, such as vocabulary.json.
    """

    predictor: str
    preprocessing: dict[str, object]
    files: dict[str, bytes]


class Architecture(ABC):
    """One deep model with its sizes and its vocabulary; weights live in the Keras models it builds."""

    name: ClassVar[str]
    #: Operations that "int8" computes with integers; empty means all that LiteRT can.
    int8_operations: ClassVar[tuple[str, ...]] = ()
    #: What "int8" does not do, for people.
    int8_notes: ClassVar[tuple[str, ...]] = ()
    #: How `export` converts what quantisation-aware training learnt.
    quantization_after_aware: ClassVar[str] = "dynamic"
    #: What training started from, such as "glove-6b-50d"; recorded in the bundle.
    base_model: str
    #: Learning rate and batch size it was trained with; techniques train on with less and the same.
    learning_rate: float
    batch_size: int

    def class_weights(self, features: Features) -> list[float]:
        """Returns the weight of each class in the loss, with a mean of 1 over train.

        Fully balanced weights swap accuracy for recall of the rare classes and shift the average sentiment
        towards them; softened ones keep the macro-F1. All are 1 if rare classes are met otherwise, or not at all.
        """
        if features.imbalance != "weights":
            return [1.0] * len(features.class_weights)
        softened = np.array(features.class_weights) ** CLASS_WEIGHT_POWERS[self.name]
        return (softened / np.dot(softened, features.class_shares)).tolist()

    @abstractmethod
    def build(self) -> Any:
        """Returns a new functional Keras model: integer inputs, probabilities (n, classes) as output."""

    @abstractmethod
    def encode(self, reviews: pd.DataFrame) -> list[Encoded]:
        """Returns the token numbers of each review of a table of stage "features"; at most the input length."""

    def words_of(self, encoded: Encoded) -> NDArray[np.bool_]:
        """Returns which token numbers of a review stand for its words, shape (length,); all of them here."""
        return np.ones(len(encoded), dtype=bool)

    def drop_words(self, encoded: Encoded, probability: float, generator: np.random.Generator) -> Encoded:
        """Returns a review without some of its words (Iyyer et al., 2015); at least one stays.

        Args:
            encoded: Token numbers of the review, special ones included; those stay.
            probability: With which each word is left out.
            generator: Where chance comes from.
        """
        words = self.words_of(encoded)
        draws = generator.random(len(encoded))
        kept = ~words | (draws >= probability)
        if words.any() and not (kept & words).any():
            kept[np.argmax(np.where(words, draws, -1))] = True
        return encoded[kept]

    @abstractmethod
    def inputs(self, encoded: Sequence[Encoded]) -> Inputs:
        """Returns one padded batch for the model."""

    @abstractmethod
    def compressible_layers(self, model: Any) -> list[str]:
        """Returns the names of the layers whose weights techniques may change; never a frozen embedding."""

    @abstractmethod
    def quantization_aware(self, model: Any, kept_in_float: Collection[str] = ()) -> Any:
        """Returns a model that trains with simulated int8, starting from the weights of `model`.

        Args:
            model: A plain model.
            kept_in_float: Names of layers that train as they are.
        """

    @abstractmethod
    def copy_from_quantization_aware(self, aware: Any, model: Any) -> None:
        """Copies what `aware` learnt into the plain `model` of this architecture."""

    @abstractmethod
    def export(
        self,
        model: Any,
        quantization: str = "",
        calibration: Sequence[Encoded] = (),
        per_channel: bool = True,
        kept_in_float: Sequence[str] = (),
    ) -> bytes:
        """Returns the model for LiteRT.

        Args:
            model: A model from `build`, stripped of all wrappers.
            quantization: "" (float32), "dynamic", "float16" or "int8".
            calibration: Reviews whose activations set the ranges of "int8".
            per_channel: Each output channel of a matrix has a scale of its own; otherwise each matrix has one.
            kept_in_float: Names of layers whose weights stay float32.

        Raises:
            ConverterError: The converter refuses, or a layer cannot be kept in float.
        """

    @abstractmethod
    def serving_function(self, model: Any) -> Any:
        """Returns a tf.function that predicts for a batch of any size; its input signature names its arguments."""

    def export_onnx(
        self, model: Any, quantization: str = "", per_channel: bool = True, kept_in_float: Sequence[str] = ()
    ) -> bytes:
        """Returns the model for ONNX Runtime; batch and length are free.

        Args:
            model, quantization, per_channel, kept_in_float: As for `export`.

        Raises:
            OnnxConversionError: It does not work, or brings nothing.
        """
        from components.shared.architectures.onnx_conversion import convert, with_matrices

        return convert(self.serving_function(model), quantization, per_channel, with_matrices(model, kept_in_float))

    @abstractmethod
    def bundle_parts(self, quantization: str = "") -> BundleParts:
        """Returns what a bundle needs beside the exported model."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Writes everything but weights into an existing checkpoint directory."""

    @classmethod
    @abstractmethod
    def load(cls, directory: Path) -> Self:
        """Returns the architecture that `save` wrote."""
