"""What the preflight says of techniques and layers, held against what the techniques really do."""

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from components.define.distilbert_layers import PACKAGED_SIZES, list_distilbert_layers
from components.define.effects import (
    SMALLEST_QUANTIZED,
    LayerChoices,
    describe_reach,
    effect_on,
    find_obstacle,
    list_effects,
    with_width,
)
from components.define.lstm_layers import LstmShape, list_lstm_layers
from components.shared.architectures.distilbert import DistilBert
from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.chains import STEP_OF_TECHNIQUE
from components.shared.distilbert_sizes import Sizes, narrowed
from components.shared.records.anatomy import Anatomy, Layer
from components.shared.texts.text import TextPreprocessing
from components.shared.training.keras import keras, tfmot

# One matrix of each kind is large enough to be quantised, the classifier is not.
_SIZES = Sizes(vocab_size=60, max_position_embeddings=40, dim=32, n_layers=2, n_heads=2, hidden_dim=40)
_SHAPE = LstmShape(200, False, 40, frozen=True, units=32, directions=2, classes=3)
_LAYERS = {"distilbert": list_distilbert_layers(_SIZES, 3), "lstm": list_lstm_layers(_SHAPE)}
_DISTILBERT = Anatomy(model="distilbert", source="a test", layers=_LAYERS["distilbert"], heads=_SIZES.n_heads)
_NO_CHOICES = LayerChoices()
_LSTM = Anatomy(model="lstm", source="a test", layers=_LAYERS["lstm"])


def _lstm() -> Lstm:
    sizes = LstmSizes(
        units=32,
        directions=2,
        dropout=0.1,
        embedding_dropout=0.1,
        fine_tuned=False,
        classes=3,
        length=6,
        text=TextPreprocessing(),
        base_model="random",
        learning_rate=0.01,
        batch_size=8,
    )
    vectors = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
    return Lstm(sizes, [f"word{number}" for number in range(199)], vectors)


@pytest.fixture(scope="module")
def architectures() -> dict[str, Any]:
    distilbert = DistilBert(_SIZES, "{}", 3, 16, "tiny", 1e-4, 8)
    return {"distilbert": distilbert, "lstm": _lstm()}


def _changed(model: str, technique: str) -> set[str]:
    return {layer.name for layer in _LAYERS[model] if effect_on(technique, layer)[0]}


@pytest.mark.parametrize("model", ["distilbert", "lstm"])
@pytest.mark.parametrize("technique", ["prune", "cluster"])
def test_pruning_and_clustering_change_the_layers_that_the_architecture_lets_them(
    model: str, technique: str, architectures: Any
) -> None:
    built = architectures[model].build()
    assert _changed(model, technique) == set(architectures[model].compressible_layers(built))


@pytest.mark.parametrize("model", ["distilbert", "lstm"])
def test_quantisation_aware_training_rounds_the_kernels_that_are_named(model: str, architectures: Any) -> None:
    aware = architectures[model].quantization_aware(architectures[model].build())
    wrapper = tfmot.quantization.keras.QuantizeWrapperV2
    wrapped = [layer for layer in _every_layer(aware) if isinstance(layer, wrapper)]
    rounded = {layer.layer.name for layer in wrapped if layer.quantize_config.get_weights_and_quantizers(layer.layer)}
    embeddings = {layer.name for layer in _LAYERS[model] if layer.kind == "Embedding"}
    assert _changed(model, "qat") - embeddings == rounded


def _every_layer(model: Any) -> list[Any]:
    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return [*model.layers, *(layer for one in inner for layer in _every_layer(one))]


@pytest.mark.parametrize("model", ["distilbert", "lstm"])
def test_dynamic_range_quantisation_makes_int8_of_as_many_matrices_as_is_said(model: str, architectures: Any) -> None:
    architecture = architectures[model]
    interpreter = Interpreter(model_content=architecture.export(architecture.build(), "dynamic"))
    stored = [detail for detail in interpreter.get_tensor_details() if _is_stored(interpreter, detail)]
    kept_as_int8 = sum(int(np.prod(detail["shape"])) for detail in stored if detail["dtype"] == np.int8)
    expected = sum(sum(size for size in layer.matrices) for layer in _LAYERS[model] if effect_on("dynamic", layer)[0])
    assert kept_as_int8 == expected > 0
    assert "classifier" not in _changed(model, "dynamic")


def _is_stored(interpreter: Any, detail: Any) -> bool:
    """Returns whether a tensor has values before anything was computed."""
    try:
        interpreter.get_tensor(detail["index"])
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("technique", STEP_OF_TECHNIQUE)
@pytest.mark.parametrize("model", ["distilbert", "lstm"])
def test_every_layer_has_a_fate_and_shares_add_up(model: str, technique: str) -> None:
    effects = list_effects(_LAYERS[model], [technique])
    assert sum(effect.share or 0 for effect in effects) == pytest.approx(1)
    assert all(effect.words and effect.technique == technique for effect in effects)
    assert sum(effect.parameters or 0 for effect in effects) == sum(layer.parameters or 0 for layer in _LAYERS[model])


def test_blocks_of_the_encoder_are_told_together() -> None:
    (dense,) = [effect for effect in list_effects(_LAYERS["distilbert"], ["prune"]) if effect.kind == "Dense"]
    assert "transformer.layer.*.ffn.lin1" in dense.layers and len(dense.layers) == 7


def test_a_reach_names_kinds_and_share() -> None:
    layers = list_distilbert_layers(PACKAGED_SIZES, 5)
    assert describe_reach("prune", layers) == "changes Dense: 47.1 % of the weights"
    assert describe_reach("prune", ()) == ""


def test_frozen_word_vectors_are_left_for_another_reason_than_those_that_learn() -> None:
    frozen, learning = (
        Layer(name="embedding", kind="Embedding", shapes=((50, 30),), frozen=frozen) for frozen in (True, False)
    )
    assert not effect_on("prune", frozen)[0] and not effect_on("prune", learning)[0]
    assert "frozen" in effect_on("prune", frozen)[1] and "frozen" not in effect_on("prune", learning)[1]


def test_small_matrices_are_not_quantised_with_weights_alone_but_with_calibration() -> None:
    small = Layer(name="classifier", kind="Dense", shapes=((SMALLEST_QUANTIZED // 2 - 1, 2), (2,)))
    large = Layer(name="classifier", kind="Dense", shapes=((SMALLEST_QUANTIZED // 2, 2), (2,)))
    assert not effect_on("dynamic", small)[0] and effect_on("dynamic", large)[0]
    assert effect_on("int8", small)[0]


@pytest.mark.parametrize(
    ("model", "chain", "settings", "words"),
    [
        ("lstm", ("layers",), {}, "the LSTM has no stack of encoder layers"),
        ("lstm", ("layers", "trim", "dynamic"), {}, "the LSTM has no stack of encoder layers"),
        ("lstm", ("trim", "prune"), {}, "an LSTM has whole words only"),
        ("distilbert", ("layers",), {"kept_layers": 2}, "2 are to be kept, the encoder has 2"),
        ("distilbert", ("layers", "dynamic"), {"kept_layers": 7}, "7 are to be kept, the encoder has 2"),
        ("distilbert", ("layers",), {"kept_layers": 1}, ""),
        ("lstm", ("width", "dynamic"), {}, "the LSTM has no attention heads"),
        (
            "distilbert",
            ("width",),
            {"kept_head_share": 1.0, "kept_neuron_share": 1.0},
            "with kept_head_share 1 and kept_neuron_share 1 all heads and neurons stay",
        ),
        ("distilbert", ("width",), {"kept_head_share": 0.9, "kept_neuron_share": 1.0}, ""),
        ("distilbert", ("width",), {"kept_head_share": 1.0, "kept_neuron_share": 0.5}, ""),
        ("distilbert", ("layers", "width"), {"kept_layers": 1, "kept_head_share": 0.5, "kept_neuron_share": 0.5}, ""),
        ("lstm", ("cluster",), {"clusters": 193}, "classifier has a matrix of 192 weights, fewer than 193 clusters"),
        ("lstm", ("cluster",), {"clusters": 192}, ""),
        ("lstm", ("prune", "cluster"), {"clusters": 100, "sparsity": 0.5}, "of 96 weights after pruning"),
        ("lstm", ("prune", "cluster"), {"clusters": 96, "sparsity": 0.5}, ""),
        ("lstm", ("prune", "dynamic"), {"clusters": 193}, ""),
    ],
)
def test_chains_that_cannot_be_built_have_a_reason(
    model: str, chain: tuple[str, ...], settings: dict[str, float], words: str
) -> None:
    reason = _obstacle(_DISTILBERT if model == "distilbert" else _LSTM, chain, settings)
    assert words in reason
    assert bool(words) == bool(reason)


def _obstacle(
    anatomy: Anatomy, chain: tuple[str, ...], settings: dict[str, float], choices: LayerChoices = _NO_CHOICES
) -> str:
    return find_obstacle(anatomy, chain, settings, with_width(choices, anatomy, settings))


def test_the_only_head_of_a_layer_stays_whatever_the_share() -> None:
    shares = {"kept_head_share": 0.5, "kept_neuron_share": 1.0}
    assert _obstacle(_DISTILBERT, ("width",), shares) == ""
    reason = _obstacle(_DISTILBERT.model_copy(update={"heads": 1}), ("width",), shares)
    assert reason.startswith("width: with kept_head_share 0.5 and kept_neuron_share 1 all heads and neurons stay")
    assert narrowed(_SIZES.model_copy(update={"n_heads": 1}), 0.5, 1.0).n_heads == 1


@pytest.mark.parametrize(
    ("shares", "left", "changed"),
    [((1.0, 0.5), "attention.q_lin", "ffn.lin1"), ((0.5, 1.0), "ffn.lin2", "attention.out_lin")],
)
def test_width_leaves_heads_or_neurons_if_all_of_them_are_to_stay(
    shares: tuple[float, float], left: str, changed: str
) -> None:
    settings = dict(zip(("kept_head_share", "kept_neuron_share"), shares, strict=True))
    choices = with_width(LayerChoices(), _DISTILBERT, settings)
    fates = {layer.name: effect_on("width", layer, choices) for layer in _LAYERS["distilbert"]}
    block = "transformer.layer.1."
    assert fates[block + left][0] is False and "kept_" in fates[block + left][1]
    assert fates[block + changed][0] is True
    both = with_width(LayerChoices(), _DISTILBERT, {"kept_head_share": 0.5, "kept_neuron_share": 0.5})
    reaches = [describe_reach("width", _LAYERS["distilbert"], one) for one in (choices, both)]
    assert reaches[0] != reaches[1]


def test_a_vocabulary_that_cannot_be_trimmed_is_an_obstacle_for_trim_alone() -> None:
    anatomy = _DISTILBERT.model_copy(update={"trim_obstacle": "tokenizer.json holds a 'BPE' model, not WordPiece"})
    assert _obstacle(anatomy, ("trim", "dynamic"), {}) == "trim: tokenizer.json holds a 'BPE' model, not WordPiece"
    assert _obstacle(anatomy, ("dynamic",), {}) == ""


def test_full_int8_treats_those_layers_as_dynamic_does_that_are_said_to_be(architectures: Any) -> None:
    architecture = architectures["distilbert"]
    calibration = [np.array([2, 5, 7, 3], np.int32), np.array([2, 9, 3], np.int32)]
    converted = architecture.export(architecture.build(), "int8", calibration)
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(converted))
    (graph,) = model.subgraphs
    kinds = [
        [graph.tensors[index].type for index in operator.inputs[:2]]
        for operator in graph.operators
        if operator.builtinOptionsType == schema.BuiltinOptions.FullyConnectedOptions
    ]
    said = [effect_on("int8", layer)[1] for layer in _LAYERS["distilbert"] if layer.kind == "Dense"]
    as_dynamic = sum("as dynamic does" in words for words in said)
    assert kinds.count([schema.TensorType.FLOAT32, schema.TensorType.INT8]) == as_dynamic == _SIZES.n_layers
    assert kinds.count([schema.TensorType.INT8, schema.TensorType.INT8]) == len(said) - as_dynamic


def test_layers_that_the_user_keeps_are_left_by_all_techniques_but_those_that_shrink() -> None:
    chosen = LayerChoices(kept_in_float=["transformer.layer.0.*"])
    for technique in STEP_OF_TECHNIQUE:
        left = {layer.name for layer in _LAYERS["distilbert"] if not effect_on(technique, layer, chosen)[0]}
        assert ("transformer.layer.0.ffn.lin1" in left) == (technique not in ("layers", "width"))
    (kept, changed) = [
        effect for effect in list_effects(_LAYERS["distilbert"], ["prune"], chosen) if effect.kind == "Dense"
    ]
    assert "transformer.layer.0.ffn.lin1" in kept.layers and "transformer.layer.1.ffn.lin1" in changed.layers


def test_only_chosen_layers_are_pruned() -> None:
    chosen = LayerChoices(pruned=["lstm*"])
    changed = {layer.name for layer in _LAYERS["lstm"] if effect_on("prune", layer, chosen)[0]}
    assert changed == {"lstm", "lstm_backward"}
    assert "classifier" in {layer.name for layer in _LAYERS["lstm"] if effect_on("cluster", layer, chosen)[0]}


def test_a_technique_that_is_left_no_layer_has_a_reason() -> None:
    chosen = LayerChoices(pruned=["transformer.*"], kept_in_float=["classifier"])
    reason = _obstacle(_LSTM, ("prune", "dynamic"), {}, chosen)
    assert reason == "prune: would change nothing; lstm: left as it is: not among pruned_layers"
    small = list_lstm_layers(LstmShape(9, False, 5, frozen=True, units=4, directions=1, classes=3))
    reason = _obstacle(_LSTM.model_copy(update={"layers": small}), ("dynamic",), {})
    assert reason.startswith("dynamic: would change nothing; lstm: left in float32: no matrix of 1,024 weights")
    assert _obstacle(_DISTILBERT, ("prune",), {}, chosen) == ""
