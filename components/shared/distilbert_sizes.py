"""The sizes of a DistilBERT, and how they are read from a Hugging Face config.json. Needs no library of models."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

#: What is made of the encoder's output: the mean over word pieces, or the first one through a further layer.
Head = Literal["mean", "first"]


class Sizes(BaseModel):
    """Sizes of the encoder, under the names and with the defaults of transformers' DistilBertConfig.

    `head_dim` is the size of one attention head, as in the configurations of newer models; None means that the heads
    share `dim`, as they do until some are dropped.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    vocab_size: int = 30522
    max_position_embeddings: int = 512
    dim: int = 768
    n_layers: int = 6
    n_heads: int = 12
    head_dim: int | None = None
    hidden_dim: int = 3072
    dropout: float = 0.1
    attention_dropout: float = 0.1
    seq_classif_dropout: float = 0.2

    @property
    def head_size(self) -> int:
        """Columns of one head."""
        return self.head_dim or self.dim // self.n_heads

    @property
    def attention_dim(self) -> int:
        """Columns of queries, keys and values: those of all heads."""
        return self.n_heads * self.head_size


#: Name in a BERT's config.json -> name in Sizes. Both have the same defaults but for the last two and the depth.
_BERT_NAMES = {
    "vocab_size": "vocab_size",
    "max_position_embeddings": "max_position_embeddings",
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
}
_BERT_LAYERS, _BERT_DROPOUT = 12, 0.1

#: Matrices whose sides are multiples of this fill the processor's vector registers.
_NEURON_MULTIPLE = 16


def neurons_that_stay(neurons: int, share: float) -> int:
    """Returns how many neurons of a layer stay if about that share is to: the next multiple of 16, at most all.

    Args:
        neurons: How many there are.
        share: In 0..1.
    """
    return min(max(1, math.ceil(share * neurons / _NEURON_MULTIPLE)) * _NEURON_MULTIPLE, neurons)


def heads_that_stay(heads: int, share: float) -> int:
    """Returns how many attention heads of a layer stay: at most that share, in 0..1, but at least one."""
    return max(1, int(share * heads))


def narrowed(sizes: Sizes, head_share: float, neuron_share: float) -> Sizes:
    """Returns the sizes with fewer attention heads, each as large as now, and fewer neurons in each layer.

    Args:
        sizes: Of the encoder.
        head_share: Of the heads, in 0..1; see `heads_that_stay`.
        neuron_share: Of the neurons, in 0..1; see `neurons_that_stay`.
    """
    fewer = {
        "n_heads": heads_that_stay(sizes.n_heads, head_share),
        "head_dim": sizes.head_size,
        "hidden_dim": neurons_that_stay(sizes.hidden_dim, neuron_share),
    }
    return sizes.model_copy(update=fewer)


def sizes_of_bert(config: Mapping[str, Any]) -> Sizes:
    """Returns the sizes of the DistilBERT that a BERT's config.json describes; see `Sizes`."""
    found = {ours: config[theirs] for theirs, ours in _BERT_NAMES.items() if theirs in config}
    found = {"n_layers": _BERT_LAYERS} | found
    return Sizes(**found, seq_classif_dropout=found.get("dropout", _BERT_DROPOUT))
