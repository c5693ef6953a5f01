"""DistilBERT: its tokenizer, its inputs, its quantisation and its export."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from tokenizers import Tokenizer

from components.shared.architectures import distilbert_quantization
from components.shared.architectures.base import Architecture, BundleParts, Encoded, Inputs
from components.shared.architectures.distilbert_encoder import build_classifier
from components.shared.architectures.litert_conversion import Feed, convert
from components.shared.distilbert_sizes import Head, Sizes
from components.shared.errors import UserError
from components.shared.files import write_text
from components.shared.layer_names import INT8_OUTLIERS, matching
from components.shared.predictors.distilbert import DistilBertParameters
from components.shared.training.batches import prediction_batches
from components.shared.training.keras import keras, tf

_ARCHITECTURE, _TOKENIZER = "architecture.json", "tokenizer.json"
_CALIBRATION_BATCH = 32
#: Names of the vectors of word pieces and of positions among the weights of a checkpoint.
WORD_EMBEDDINGS, POSITION_EMBEDDINGS = "embeddings.word_embeddings/0", "embeddings.position_embeddings/0"


class _Description(BaseModel):
    """The content of architecture.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sizes: Sizes
    classes: int
    max_length: int
    base_model: str
    learning_rate: float
    batch_size: int
    head: Head = "mean"


class DistilBert(Architecture):
    """A DistilBERT with its tokenizer. Inputs: input_ids and attention_mask, int32 (batch, length)."""

    name = "distilbert"
    # With integers everywhere, a fine-tuned model agreed with its float parent on 0.77 of 300 reviews, and was
    # slower; with integers for matrices and word vectors alone on 0.94, and with INT8_OUTLIERS treated apart on 0.97.
    int8_operations = ("FULLY_CONNECTED", "GATHER")
    int8_notes = (
        "attention, layer norms and GELU compute in float32",
        f"layers named {INT8_OUTLIERS} are quantised as dynamic does: what they put out has no common range",
    )

    def __init__(
        self,
        sizes: Sizes,
        tokenizer: str,
        classes: int,
        max_length: int,
        base_model: str,
        learning_rate: float,
        batch_size: int,
        head: Head = "mean",
    ) -> None:
        """Describes a model; weights come with `build`.

        Args:
            sizes: Of the encoder.
            tokenizer: Content of tokenizer.json.
            classes: Number of labels.
            max_length: Longest input in word pieces, the two special ones included.
            base_model: What training starts from; recorded.
            learning_rate: Peak of Adam's schedule.
            batch_size: Reviews a step.
            head: What is made of the encoder's output, see `build_classifier`.
        """
        self.sizes = sizes
        self.classes = classes
        self.max_length = max_length
        self.base_model = base_model
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.head = head
        self._tokenizer_json = tokenizer

    @property
    def tokenizer_json(self) -> str:
        """The content of tokenizer.json."""
        return self._tokenizer_json

    def with_vocabulary(self, tokenizer: str, pieces: int) -> "DistilBert":
        """Returns the same model over other word pieces, and with no more positions than its inputs have.

        Args:
            tokenizer: Content of tokenizer.json.
            pieces: How many word pieces it has.
        """
        numbers = {"vocab_size": pieces, "max_position_embeddings": self.max_length}
        return self._changed(sizes=self.sizes.model_copy(update=numbers), tokenizer=tokenizer)

    def with_sizes(self, sizes: Sizes) -> "DistilBert":
        """Returns the same model with an encoder of other sizes."""
        return self._changed(sizes=sizes)

    def build(self) -> Any:
        """Returns a new model with random weights; see `Architecture.build`."""
        return build_classifier(self.sizes, self.classes, self.head)

    def encode(self, reviews: pd.DataFrame) -> list[Encoded]:
        """Returns the word pieces of the natural view; a long review keeps its beginning."""
        encodings = self._tokenizer.encode_batch(reviews["natural"].tolist())
        return [np.array(encoding.ids, dtype=np.int32) for encoding in encodings]

    def words_of(self, encoded: Encoded) -> NDArray[np.bool_]:
        """Returns which are word pieces of the review, not of those that the tokenizer adds to every one."""
        return ~np.isin(encoded, self._added_pieces)

    def inputs(self, encoded: Sequence[Encoded]) -> Inputs:
        """Returns word pieces and mask, (batch, length): padded to the longest review, rounded to a bucket."""
        return self._padded(encoded, self._bundle_parameters.padded_length(max(map(len, encoded))))

    def freeze(self, model: Any, layers: int) -> None:
        """Keeps the weights of the embeddings and of the lowest layers as they are; of none if `layers` is 0.

        Raises:
            UserError: The encoder has fewer layers.
        """
        if layers > self.sizes.n_layers:
            raise UserError(
                f"DistilBERT: {layers} layers are to be frozen, {self.base_model} has {self.sizes.n_layers}; "
                "choose fewer"
            )
        for layer in model.layers:
            if layers and self._height(layer.name) <= layers:
                layer.trainable = False

    def learning_rate_factors(self, model: Any, decay: float) -> dict[str, float]:
        """Returns layer name -> factor of its learning rate (Howard and Ruder 2018, "discriminative fine-tuning").

        Args:
            model: A model from `build`.
            decay: Each layer's rate is that of the layer above times this; the classifier has the full rate.
        """
        top = self.sizes.n_layers + 1
        return {layer.name: decay ** (top - self._height(layer.name)) for layer in model.layers if layer.weights}

    def compressible_layers(self, model: Any) -> list[str]:
        """Returns the Dense layers; embeddings and layer norms stay as they are."""
        return [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense)]

    def quantization_aware(self, model: Any, kept_in_float: Collection[str] = ()) -> Any:
        """Returns a model that trains with what dynamic-range quantisation computes; export it with "dynamic"."""
        return distilbert_quantization.quantization_aware(model, kept_in_float)

    def copy_from_quantization_aware(self, aware: Any, model: Any) -> None:
        """Copies what `aware` learnt into the plain `model`."""
        distilbert_quantization.copy_trained_weights(aware, model)

    def export(
        self,
        model: Any,
        quantization: str = "",
        calibration: Sequence[Encoded] = (),
        per_channel: bool = True,
        kept_in_float: Sequence[str] = (),
    ) -> bytes:
        """Returns the model for LiteRT; batch and length can be resized."""
        return convert(
            self.serving_function(model).get_concrete_function(),
            model,
            quantization,
            per_channel,
            kept_in_float,
            lambda: self._calibration_batches(calibration),
            self.int8_operations,
            matching([layer.name for layer in model.layers], [INT8_OUTLIERS]),
        )

    def serving_function(self, model: Any) -> Any:
        """Returns the model for batches of any size and length; see `Architecture.serving_function`."""
        signature = [tf.TensorSpec((None, None), tf.int32, name=name) for name in ("input_ids", "attention_mask")]

        @tf.function(input_signature=signature)
        def serve(input_ids: Any, attention_mask: Any) -> Any:
            return model([input_ids, attention_mask], training=False)

        return serve

    def bundle_parts(self, quantization: str = "") -> BundleParts:
        """Returns the tokenizer and the shape of the inputs."""
        files = {_TOKENIZER: self._tokenizer_json.encode()}
        return BundleParts("distilbert", self._bundle_parameters.model_dump(), files)

    def save(self, directory: Path) -> None:
        """Writes the sizes and the tokenizer."""
        write_text(directory / _ARCHITECTURE, self._description.model_dump_json(indent=2))
        write_text(directory / _TOKENIZER, self._tokenizer_json)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Returns what `save` wrote."""
        description = _Description.model_validate_json((directory / _ARCHITECTURE).read_bytes())
        tokenizer = (directory / _TOKENIZER).read_text(encoding="utf-8")
        return cls(tokenizer=tokenizer, **dict(description))

    def _changed(self, **changes: Any) -> "DistilBert":
        arguments = dict(self._description) | {"tokenizer": self._tokenizer_json} | changes
        return DistilBert(**arguments)

    def _height(self, layer: str) -> int:
        """Returns 0 for the embeddings, 1 for the lowest layer of the encoder, and so on up to the classifier."""
        if layer.startswith("transformer.layer."):
            return int(layer.split(".")[2]) + 1
        return 0 if layer.startswith("embeddings.") else self.sizes.n_layers + 1

    @property
    def _description(self) -> _Description:
        return _Description(
            sizes=self.sizes,
            classes=self.classes,
            max_length=self.max_length,
            base_model=self.base_model,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            head=self.head,
        )

    @property
    def _bundle_parameters(self) -> DistilBertParameters:
        return DistilBertParameters(max_length=self.max_length)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self._tokenizer_json)
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return tokenizer

    @cached_property
    def _added_pieces(self) -> list[int]:
        return self._tokenizer.encode("").ids

    def _calibration_batches(self, calibration: Sequence[Encoded]) -> Iterator[Feed]:
        """Yields batches, because LiteRT's calibrator looks through all weights once a call."""
        for rows in prediction_batches(calibration, _CALIBRATION_BATCH):
            input_ids, attention_mask = self.inputs([calibration[row] for row in rows])
            yield {"input_ids": input_ids, "attention_mask": attention_mask}

    def _padded(self, encoded: Sequence[Encoded], length: int) -> Inputs:
        input_ids = np.zeros((len(encoded), length), dtype=np.int32)
        attention_mask = np.zeros((len(encoded), length), dtype=np.int32)
        for row, numbers in enumerate(encoded):
            input_ids[row, : len(numbers)] = numbers
            attention_mask[row, : len(numbers)] = 1
        return [input_ids, attention_mask]
