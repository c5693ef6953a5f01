"""The layers of DistilBERT, from its sizes; TensorFlow, which builds them, is not needed to name them."""

import json
from pathlib import Path

from pydantic import ValidationError

from components.shared.distilbert_sizes import Head, Sizes, sizes_of_bert
from components.shared.records.anatomy import Layer

#: The packaged MiniLM-L6, which is not installed where the plan is made.
PACKAGED_SIZES = Sizes(dim=384, hidden_dim=1536, seq_classif_dropout=0.1)


def base_sizes(reference: str) -> tuple[Sizes, str]:
    """Returns the sizes of a base model, and in words where they come from.

    Args:
        reference: As for `load_base_model`. What is not on this machine is not fetched: the sizes of the packaged
            model are told instead.
    """
    if not reference:
        return PACKAGED_SIZES, "the packaged MiniLM as a DistilBERT"
    path = Path(reference) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        sizes = sizes_of_bert(config) if config.get("model_type") == "bert" else Sizes.model_validate(config)
    except (OSError, ValueError, AttributeError, ValidationError):
        return PACKAGED_SIZES, f"{reference} cannot be read here: the sizes are those of the packaged MiniLM"
    return sizes, f"{path}"


def list_distilbert_layers(sizes: Sizes, classes: int | None, head: Head = "mean") -> tuple[Layer, ...]:
    """Returns the layers that `build_classifier` builds.

    Args:
        sizes: Of the encoder.
        classes: Number of labels; None if the data decides.
        head: What is made of the encoder's output.
    """
    layers = [
        Layer(name="input_ids", kind="InputLayer"),
        Layer(name="attention_mask", kind="InputLayer"),
        _matrix("embeddings.word_embeddings", "Embedding", sizes.vocab_size, sizes.dim),
        Layer(name="positions", kind="Positions"),
        _matrix("embeddings.position_embeddings", "Embedding", sizes.max_position_embeddings, sizes.dim),
        Layer(name="embeddings.add", kind="Add"),
        Layer(name="rows", kind="Rows"),
        _layer_norm("embeddings.LayerNorm", sizes.dim),
        Layer(name="embeddings.dropout", kind="Dropout"),
        Layer(name="mask_bias", kind="MaskBias"),
    ]
    for index in range(sizes.n_layers):
        layers += _block(f"transformer.layer.{index}", sizes)
    layers += _head(sizes, classes, head)
    return tuple(layers)


def _block(name: str, sizes: Sizes) -> list[Layer]:
    return [
        *(_dense(f"{name}.attention.{part}_lin", sizes.dim, sizes.attention_dim) for part in "qkv"),
        Layer(name=f"{name}.attention", kind="SelfAttention"),
        _dense(f"{name}.attention.out_lin", sizes.attention_dim, sizes.dim),
        Layer(name=f"{name}.attention.add", kind="Add"),
        _layer_norm(f"{name}.sa_layer_norm", sizes.dim),
        _dense(f"{name}.ffn.lin1", sizes.dim, sizes.hidden_dim),
        Layer(name=f"{name}.ffn.gelu", kind="Gelu"),
        _dense(f"{name}.ffn.lin2", sizes.hidden_dim, sizes.dim),
        Layer(name=f"{name}.ffn.dropout", kind="Dropout"),
        Layer(name=f"{name}.ffn.add", kind="Add"),
        _layer_norm(f"{name}.output_layer_norm", sizes.dim),
    ]


def _head(sizes: Sizes, classes: int | None, head: Head) -> list[Layer]:
    pooling = {
        "mean": [Layer(name="mean", kind="MaskedMean")],
        "first": [Layer(name="first", kind="FirstPiece"), _dense("pre_classifier", sizes.dim, sizes.dim)],
    }[head]
    dropout = Layer(name="classifier_dropout", kind="Dropout")
    return [*pooling, dropout, _dense("classifier", sizes.dim, classes)]


def _matrix(name: str, kind: str, rows: int, columns: int) -> Layer:
    return Layer(name=name, kind=kind, shapes=((rows, columns),))


def _dense(name: str, inputs: int, outputs: int | None) -> Layer:
    return Layer(name=name, kind="Dense", shapes=((inputs, outputs), (outputs,)))


def _layer_norm(name: str, dim: int) -> Layer:
    return Layer(name=name, kind="LayerNormalization", shapes=((dim,), (dim,)))
