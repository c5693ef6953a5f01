"""The Keras model of DistilBERT: the encoder of Sanh et al., "DistilBERT, a distilled version of BERT" (2019).

It is a functional model in which every kernel sits in a plain Dense layer and our own layers hold no weights,
because TensorFlow Model Optimization cannot reach into subclassed models. Layers with weights bear the names
of the Hugging Face checkpoint, so that weights are found by name.
"""

import math
from typing import Any

from components.shared.distilbert_sizes import Head, Sizes
from components.shared.training.keras import keras, tf

_PACKAGE = "frugal_sentiment"
#: Added to the attention scores of padding. Larger values make denormal numbers, which are slow; this one
#: leaves padding a weight of 1e-13.
_MASK_BIAS = -30.0
_LAYER_NORM_EPSILON = 1e-12


@keras.utils.register_keras_serializable(_PACKAGE)
class Positions(keras.layers.Layer):
    """The numbers 0, 1, 2 ..., shape (1, length), for word pieces of shape (batch, length)."""

    def call(self, input_ids: Any) -> Any:
        """See the class."""
        return tf.expand_dims(tf.range(tf.shape(input_ids)[1]), 0)


@keras.utils.register_keras_serializable(_PACKAGE)
class Rows(keras.layers.Layer):
    """One row a word piece: (batch, length, dim) to (batch * length, dim)."""

    def call(self, tensor: Any) -> Any:
        """See the class."""
        return tf.reshape(tensor, (-1, tensor.shape[-1]))


@keras.utils.register_keras_serializable(_PACKAGE)
class MaskBias(keras.layers.Layer):
    """What is added to attention scores, shape (batch, 1, 1, length), for a 0/1 mask (batch, length)."""

    def call(self, attention_mask: Any) -> Any:
        """See the class."""
        bias = _MASK_BIAS * (1.0 - tf.cast(attention_mask, self.compute_dtype))
        return tf.expand_dims(tf.expand_dims(bias, 1), 1)


@keras.utils.register_keras_serializable(_PACKAGE)
class SelfAttention(keras.layers.Layer):
    """Multi-head scaled dot-product attention of (query, key, value, bias); the first three are rows."""

    def __init__(self, heads: int, dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads
        self.dropout = dropout
        self._attention_dropout = keras.layers.Dropout(dropout, dtype="float32")

    def call(self, tensors: Any, training: Any = None) -> Any:
        """Returns the contexts of all heads as rows, shape (batch * length, heads * size of a head)."""
        query, key, value, bias = tensors
        dim = query.shape[-1]
        shape = (tf.shape(bias)[0], tf.shape(bias)[3], self.heads, dim // self.heads)
        query, key, value = (tf.transpose(tf.reshape(rows, shape), (0, 2, 1, 3)) for rows in (query, key, value))
        scores = tf.matmul(query, key, transpose_b=True) / math.sqrt(dim // self.heads)
        # In mixed precision too, the sums of a softmax and of a mean want float32.
        weights = tf.nn.softmax(tf.cast(scores + bias, tf.float32))
        weights = tf.cast(self._attention_dropout(weights, training=training), value.dtype)
        return tf.reshape(tf.transpose(tf.matmul(weights, value), (0, 2, 1, 3)), (-1, dim))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of `__init__`."""
        return super().get_config() | {"heads": self.heads, "dropout": self.dropout}


@keras.utils.register_keras_serializable(_PACKAGE)
class Gelu(keras.layers.Layer):
    """The exact GELU, through erf, which every converter knows."""

    def call(self, tensor: Any) -> Any:
        """See the class."""
        return 0.5 * tensor * (1.0 + tf.math.erf(tensor / math.sqrt(2.0)))


@keras.utils.register_keras_serializable(_PACKAGE)
class MaskedMean(keras.layers.Layer):
    """The mean over the word pieces of a review: rows and mask (batch, length) to (batch, dim)."""

    def call(self, tensors: Any) -> Any:
        """See the class."""
        rows, attention_mask = tensors
        rows, mask = tf.cast(rows, tf.float32), tf.cast(attention_mask, tf.float32)
        hidden = tf.reshape(rows, (tf.shape(mask)[0], tf.shape(mask)[1], rows.shape[-1]))
        return tf.reduce_sum(hidden * tf.expand_dims(mask, 2), axis=1) / tf.reduce_sum(mask, axis=1, keepdims=True)


@keras.utils.register_keras_serializable(_PACKAGE)
class FirstPiece(keras.layers.Layer):
    """The first word piece of each review: rows and mask (batch, length) to (batch, dim)."""

    def call(self, tensors: Any) -> Any:
        """See the class."""
        rows, attention_mask = tensors
        return tf.reshape(rows, (tf.shape(attention_mask)[0], tf.shape(attention_mask)[1], rows.shape[-1]))[:, 0]


def build_encoder(sizes: Sizes) -> Any:
    """Returns the encoder: input_ids and attention_mask, int32 (batch, length), to rows (batch * length, dim).

    Word pieces are rows of one matrix, so that Dense layers are plain matrix products at any batch and length.
    """
    input_ids = keras.Input((None,), dtype=tf.int32, name="input_ids")
    attention_mask = keras.Input((None,), dtype=tf.int32, name="attention_mask")
    hidden = _embed(sizes, input_ids)
    bias = MaskBias(name="mask_bias")(attention_mask)
    for index in range(sizes.n_layers):
        hidden = _block(sizes, f"transformer.layer.{index}", hidden, bias)
    return keras.Model([input_ids, attention_mask], hidden)


def build_classifier(sizes: Sizes, classes: int, head: Head = "mean") -> Any:
    """Returns the encoder with a head, dropout and a softmax: probabilities (batch, classes).

    Args:
        sizes: Of the encoder.
        classes: Number of labels.
        head: "mean", over the word pieces, because sentence encoders such as the packaged MiniLM were trained with
            it; or "first", the first word piece through a Dense layer with ReLU, the head of transformers'
            DistilBertForSequenceClassification.
    """
    encoder = build_encoder(sizes)
    tensors = [encoder.output, encoder.inputs[1]]
    if head == "first":
        first = FirstPiece(name="first")(tensors)
        pooled = keras.layers.Dense(sizes.dim, activation="relu", name="pre_classifier")(first)
    else:
        pooled = MaskedMean(name="mean")(tensors)
    pooled = keras.layers.Dropout(sizes.seq_classif_dropout, name="classifier_dropout")(pooled)
    probabilities = keras.layers.Dense(classes, activation="softmax", name="classifier")(pooled)
    return keras.Model(encoder.inputs, probabilities)


def _embed(sizes: Sizes, input_ids: Any) -> Any:
    words = keras.layers.Embedding(sizes.vocab_size, sizes.dim, name="embeddings.word_embeddings")(input_ids)
    positions = keras.layers.Embedding(
        sizes.max_position_embeddings, sizes.dim, name="embeddings.position_embeddings"
    )(Positions(name="positions")(input_ids))
    total = keras.layers.Add(name="embeddings.add")([words, positions])
    normed = _layer_norm("embeddings.LayerNorm", Rows(name="rows")(total))
    return keras.layers.Dropout(sizes.dropout, name="embeddings.dropout")(normed)


def _block(sizes: Sizes, name: str, hidden: Any, bias: Any) -> Any:
    query, key, value = (_dense(sizes.attention_dim, f"{name}.attention.{part}_lin", hidden) for part in "qkv")
    attention = SelfAttention(sizes.n_heads, sizes.attention_dropout, name=f"{name}.attention")
    context = _dense(sizes.dim, f"{name}.attention.out_lin", attention([query, key, value, bias]))
    hidden = _layer_norm(f"{name}.sa_layer_norm", keras.layers.Add(name=f"{name}.attention.add")([hidden, context]))
    inner = Gelu(name=f"{name}.ffn.gelu")(_dense(sizes.hidden_dim, f"{name}.ffn.lin1", hidden))
    outer = _dense(sizes.dim, f"{name}.ffn.lin2", inner)
    outer = keras.layers.Dropout(sizes.dropout, name=f"{name}.ffn.dropout")(outer)
    return _layer_norm(f"{name}.output_layer_norm", keras.layers.Add(name=f"{name}.ffn.add")([hidden, outer]))


def _dense(units: int, name: str, tensor: Any) -> Any:
    return keras.layers.Dense(units, name=name)(tensor)


def _layer_norm(name: str, tensor: Any) -> Any:
    return keras.layers.LayerNormalization(epsilon=_LAYER_NORM_EPSILON, name=name)(tensor)
