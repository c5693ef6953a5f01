"""The LSTM: word vectors, one LSTM layer that reads in one or two directions, softmax."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from components.shared.architectures.base import Architecture, BundleParts, Encoded, Inputs
from components.shared.architectures.litert_conversion import convert
from components.shared.architectures.lstm_quantization import EMBEDDING_DROPOUT, copy_weights, quantization_aware
from components.shared.files import write_text
from components.shared.predictors.lstm import PAD, LstmParameters, Side
from components.shared.texts.text import TextPreprocessing
from components.shared.training.keras import keras, tf

_ARCHITECTURE, _VOCABULARY, _EMBEDDINGS = "architecture.json", "vocabulary.json", "embeddings.npy"


@keras.utils.register_keras_serializable("frugal_sentiment")
class TimeReversal(keras.layers.Layer):
    """A sequence from its end to its beginning, (batch, length, dimensions): what was read backwards, in order."""

    def call(self, sequence: Any) -> Any:
        """See the class."""
        return tf.reverse(sequence, axis=[1])


class LstmSizes(BaseModel):
    """The content of architecture.json.

    Attributes:
        units: Size of the LSTM, of each direction.
        directions: 1 reads forwards; 2 reads backwards as well, with weights of its own (Schuster and Paliwal, 1997).
        dropout: Share of the LSTM's output left out while training.
        embedding_dropout: Share of the dimensions of the word vectors left out while training, the same ones for
            all words of a review (Gal and Ghahramani, 2016).
        fine_tuned: Whether the word vectors learn too.
        classes: Number of labels.
        length: Every review is cut or padded to this many tokens.
        padding, truncating, unknown: As in `LstmParameters`.
        lower_units: Size of a further LSTM below it, of each direction; 0 means there is none.
        lower_directions: As `directions`, of the LSTM below.
        text: How tokens are made.
        base_model: Where the word vectors come from.
        learning_rate, batch_size: How it is trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: int
    directions: int
    dropout: float
    embedding_dropout: float
    fine_tuned: bool
    classes: int
    length: int
    text: TextPreprocessing
    base_model: str
    learning_rate: float
    batch_size: int
    padding: Side = "pre"
    truncating: Side = "post"
    unknown: int | None = None
    lower_units: int = 0
    lower_directions: int = 1


class Lstm(Architecture):
    """Embedding, dropout, LSTM, dropout, softmax. Input: token numbers, int32 (batch, length), padded in front.

    There is no mask: with one, LiteRT could not use its fused LSTM. So every review is padded to the same
    length, in training as in the bundle. Nothing else stands in the way of cuDNN on a GPU either: activations
    are the default ones, and the recurrent state is never dropped.
    """

    name = "lstm"

    def __init__(self, sizes: LstmSizes, words: Sequence[str], embeddings: NDArray[np.float32]) -> None:
        """Describes a model.

        Args:
            sizes: Everything but the vocabulary.
            words: The vocabulary; word i has number i + 1.
            embeddings: Word vectors, shape (words + 1, dimensions); row 0, the padding, is zero.
        """
        if len(embeddings) != len(words) + 1:
            raise ValueError(f"{len(words)} words need {len(words) + 1} rows of word vectors, not {len(embeddings)}")
        self.sizes = sizes
        self.base_model = sizes.base_model
        self.learning_rate = sizes.learning_rate
        self.batch_size = sizes.batch_size
        self._words = list(words)
        self._numbers = {word: number for number, word in enumerate(words, start=PAD + 1)}
        self._embeddings = embeddings

    def build(self) -> Any:
        """Returns a new model with these word vectors and random other weights."""
        rows, dimensions = self._embeddings.shape
        numbers = keras.Input((self.sizes.length,), dtype="int32", name="tokens")
        vectors = keras.layers.Embedding(
            rows,
            dimensions,
            embeddings_initializer=keras.initializers.Constant(self._embeddings),
            trainable=self.sizes.fine_tuned,
            name="embedding",
        )(numbers)
        vectors = keras.layers.SpatialDropout1D(self.sizes.embedding_dropout, name=EMBEDDING_DROPOUT)(vectors)
        if self.sizes.lower_units:
            vectors = self._lower_level(vectors)
        state = keras.layers.LSTM(self.sizes.units, name="lstm")(vectors)
        if self.sizes.directions == 2:
            # Not keras.layers.Bidirectional: TFMOT can wrap a layer, but not the two in a wrapper.
            backward = keras.layers.LSTM(self.sizes.units, go_backwards=True, name="lstm_backward")(vectors)
            state = keras.layers.Concatenate(name="directions")([state, backward])
        state = keras.layers.Dropout(self.sizes.dropout, name="dropout")(state)
        probabilities = keras.layers.Dense(self.sizes.classes, activation="softmax", name="classifier")(state)
        return keras.Model(numbers, probabilities, name=self.name)

    def encode(self, reviews: pd.DataFrame) -> list[Encoded]:
        """Returns the numbers of the known words of the token view; a long review keeps its beginning."""
        parameters = self._bundle_parameters
        if parameters.text.splitting:  # words of its own, not those of the token view
            tokens = map(parameters.text.tokens, reviews["natural"])
        else:
            tokens = map(str.split, reviews["tokens"])
        return [np.array(parameters.numbers(words, self._numbers), dtype=np.int32) for words in tokens]

    def inputs(self, encoded: Sequence[Encoded]) -> Inputs:
        """Returns token numbers, shape (batch, length)."""
        return [self._bundle_parameters.padded(encoded)]

    def compressible_layers(self, model: Any) -> list[str]:
        """Returns the LSTMs, one for each direction, and the classifier; never the word vectors."""
        return [layer.name for layer in model.layers if isinstance(layer, keras.layers.LSTM | keras.layers.Dense)]

    def recurrent_layers(self, model: Any) -> list[Any]:
        """Returns the LSTM layers, the lower ones first, and forwards before backwards."""
        names = ("lower_lstm", "lower_lstm_backward", "lstm", "lstm_backward")
        by_name = {layer.name: layer for layer in model.layers}
        return [by_name[name] for name in names if name in by_name]

    def quantization_aware(self, model: Any, kept_in_float: Collection[str] = ()) -> Any:
        """Returns a model whose LSTM and classifier see their kernels rounded to int8."""
        return quantization_aware(model, kept_in_float)

    def copy_from_quantization_aware(self, aware: Any, model: Any) -> None:
        """Copies the kernels and biases that `aware` learnt."""
        copy_weights(aware, model)

    def export(
        self,
        model: Any,
        quantization: str = "",
        calibration: Sequence[Encoded] = (),
        per_channel: bool = True,
        kept_in_float: Sequence[str] = (),
    ) -> bytes:
        """Returns the model for LiteRT: one review a call, which lets the converter fuse the LSTM."""
        return convert(
            _serving_function(model, (1, self.sizes.length)).get_concrete_function(),
            model,
            quantization,
            per_channel,
            kept_in_float,
            lambda: ({"tokens": self.inputs([encoded])[0]} for encoded in calibration),
            self.int8_operations,
        )

    def serving_function(self, model: Any) -> Any:
        """Returns the model for batches of any size; see `Architecture.serving_function`."""
        return _serving_function(model, (None, self.sizes.length))

    def bundle_parts(self, quantization: str = "") -> BundleParts:
        """Returns the vocabulary and how tokens are made."""
        vocabulary = json.dumps(self._words, ensure_ascii=False).encode()
        return BundleParts("lstm", self._bundle_parameters.model_dump(mode="json"), {_VOCABULARY: vocabulary})

    def save(self, directory: Path) -> None:
        """Writes the sizes, the vocabulary and the word vectors."""
        write_text(directory / _ARCHITECTURE, self.sizes.model_dump_json(indent=2))
        write_text(directory / _VOCABULARY, json.dumps(self._words, ensure_ascii=False))
        np.save(directory / _EMBEDDINGS, self._embeddings, allow_pickle=False)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Returns what `save` wrote."""
        sizes = LstmSizes.model_validate_json((directory / _ARCHITECTURE).read_bytes())
        words = json.loads((directory / _VOCABULARY).read_text(encoding="utf-8"))
        return cls(sizes, words, np.load(directory / _EMBEDDINGS, allow_pickle=False))

    @property
    def _bundle_parameters(self) -> LstmParameters:
        return LstmParameters(**self.sizes.model_dump(include=set(LstmParameters.model_fields)))

    def _lower_level(self, vectors: Any) -> Any:
        """Returns what an LSTM says at every word, shape (batch, length, units of all directions)."""
        units = self.sizes.lower_units
        states = keras.layers.LSTM(units, return_sequences=True, name="lower_lstm")(vectors)
        if self.sizes.lower_directions == 1:
            return states
        backward = keras.layers.LSTM(units, return_sequences=True, go_backwards=True, name="lower_lstm_backward")
        reversed_states = TimeReversal(name="lower_reversal")(backward(vectors))
        return keras.layers.Concatenate(name="lower_directions")([states, reversed_states])


def _serving_function(model: Any, shape: tuple[int | None, int]) -> Any:
    @tf.function(input_signature=[tf.TensorSpec(shape, tf.int32, name="tokens")])
    def serve(tokens: Any) -> Any:
        return model(tokens, training=False)

    return serve
