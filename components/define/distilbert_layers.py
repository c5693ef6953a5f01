"""The layers of DistilBERT, from its sizes; TensorFlow, which builds them, is not needed to name them."""

import json
from pathlib import Path

from pydantic import ValidationError

from components.shared.distilbert_sizes import Head, Sizes, sizes_of_bert
from components.shared.records.anatomy import Anatomy, Layer
from components.shared.tokenizer_file import TokenizerFile

#: The packaged MiniLM-L6, which is not installed where the plan is made.
PACKAGED_SIZES = Sizes(dim=384, hidden_dim=1536, seq_classif_dropout=0.1)


def read_base_model(reference: str, classes: int | None) -> Anatomy:
    """Returns what a base model will be made of.

    Args:
        reference: As for `load_base_model`. What is not on this machine is not fetched: its anatomy is assumed.
        classes: Number of labels; None if the data decides.
    """
    if not reference:
        source, sizes = "the packaged MiniLM as a DistilBERT", PACKAGED_SIZES
        return Anatomy(
            model="distilbert", source=source, layers=list_distilbert_layers(sizes, classes), heads=sizes.n_heads
        )
    directory = Path(reference)
    obstacle = _trim_obstacle(directory / "tokenizer.json")
    try:
        sizes = _read_sizes(directory / "config.json")
    except (OSError, ValueError, AttributeError, ValidationError):
        source = f"{reference}; its sizes and its depth are not known before the model is fetched"
        layers = _without_sizes(list_distilbert_layers(Sizes(n_layers=1), classes))
        return Anatomy(model="distilbert", source=source, layers=layers, assumed=True, trim_obstacle=obstacle)
    return Anatomy(
        model="distilbert",
        source=f"{directory / 'config.json'}",
        layers=list_distilbert_layers(sizes, classes),
        heads=sizes.n_heads,
        trim_obstacle=obstacle,
    )


def _read_sizes(path: Path) -> Sizes:
    config = json.loads(path.read_text(encoding="utf-8"))
    return sizes_of_bert(config) if config.get("model_type") == "bert" else Sizes.model_validate(config)


def _trim_obstacle(path: Path) -> str:
    try:
        return TokenizerFile.model_validate_json(path.read_bytes()).trim_obstacle
    except (OSError, ValidationError):
        return ""


def _without_sizes(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Returns layers of which only names and kinds are known."""
    return tuple(
        layer.model_copy(update={"shapes": tuple((None,) * len(shape) for shape in layer.shapes)}) for layer in layers
    )


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
