"""What each technique does to each kind of layer, and which chains cannot be built: from the layers alone.

The rules say what the technique steps do; tests hold them against the models that those steps really make.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from components.shared.chains import SHRINKING, Chain
from components.shared.distilbert_sizes import heads_that_stay, neurons_that_stay
from components.shared.layer_names import INT8_OUTLIERS, matching
from components.shared.records.anatomy import Anatomy, Effect, Layer, count_parameters

#: TensorFlow Lite leaves smaller arrays in float32 when it quantises weights alone.
SMALLEST_QUANTIZED = 1024
#: TensorFlow Lite stores each matrix of an LSTM as one for each of these.
_GATES = 4
#: Smaller shares of the weights are only said to be small.
_LEAST_SHOWN = 0.001
_WORD_VECTORS, _POSITION_VECTORS = "embeddings.word_embeddings", "embeddings.position_embeddings"
_BLOCK, _ANY_BLOCK = re.compile(r"^transformer\.layer\.(\d+)\."), "transformer.layer.*."
_ATTENTION = tuple(f".attention.{part}_lin" for part in ("q", "k", "v", "out"))
_FEED_FORWARD = (".ffn.lin1", ".ffn.lin2")
_INPUT = "InputLayer"

#: Whether a technique changes a layer, and what it does or why it does not.
_Rule = tuple[bool, str]


@dataclass(frozen=True)
class LayerChoices:
    """Which layers the user chose.

    Attributes:
        pruned, kept_in_float: Names and shell patterns of those to prune, and of those that nothing may change.
        all_heads, all_neurons: Whether `width` is to leave all attention heads, all neurons of feed-forward parts.
    """

    pruned: Sequence[str] = ("*",)
    kept_in_float: Sequence[str] = ()
    all_heads: bool = False
    all_neurons: bool = False


_NO_CHOICES = LayerChoices()


def with_width(choices: LayerChoices, anatomy: Anatomy, settings: Mapping[str, float]) -> LayerChoices:
    """Returns choices with what `kept_head_share` and `kept_neuron_share` leave of a model.

    Args:
        choices: Of layers.
        anatomy: Of the float model.
        settings: Parameters of the pipeline.
    """
    head_share, neuron_share = settings.get("kept_head_share", 0), settings.get("kept_neuron_share", 0)
    parts = [layer.shapes[1][0] for layer in anatomy.layers if layer.name.endswith(_FEED_FORWARD[0])]
    neurons = parts[0] if parts else None
    return replace(
        choices,
        all_heads=head_share == 1
        or (anatomy.heads is not None and heads_that_stay(anatomy.heads, head_share) == anatomy.heads),
        all_neurons=neuron_share == 1
        or (neurons is not None and neurons_that_stay(neurons, neuron_share) == neurons),
    )


def list_effects(
    layers: Sequence[Layer], techniques: Sequence[str], choices: LayerChoices = _NO_CHOICES
) -> tuple[Effect, ...]:
    """Returns what each technique does, layers of one kind with the same fate together."""
    total = count_parameters(tuple(layers)) or 1
    effects = []
    for technique in techniques:
        groups: dict[tuple[str, _Rule], list[Layer]] = {}
        for layer in layers:
            if layer.kind != _INPUT:
                groups.setdefault((layer.kind, effect_on(technique, layer, choices)), []).append(layer)
        effects += [_effect(technique, *key, _names(group, layers), group, total) for key, group in groups.items()]
    return tuple(effects)


def effect_on(technique: str, layer: Layer, choices: LayerChoices = _NO_CHOICES) -> tuple[bool, str]:
    """Returns whether a technique changes a layer, and what it does or why it leaves the layer."""
    changed, words = _RULES[technique](layer)
    if changed and technique == "prune" and not matching([layer.name], choices.pruned):
        return False, "left as it is: not among pruned_layers"
    if changed and technique == "width" and choices.all_heads and layer.name.endswith(_ATTENTION):
        return False, "stays: kept_head_share leaves all heads"
    if changed and technique == "width" and choices.all_neurons and layer.name.endswith(_FEED_FORWARD):
        return False, "stays: kept_neuron_share leaves all neurons"
    if changed and technique not in SHRINKING and matching([layer.name], choices.kept_in_float):
        return False, "left as it is: named in kept_in_float"
    return changed, words


def describe_reach(technique: str, layers: Sequence[Layer], choices: LayerChoices = _NO_CHOICES) -> str:
    """Returns in words which weights of a model a technique changes; empty without layers."""
    if not layers:
        return ""
    total = count_parameters(tuple(layers))
    if not total:
        return "what it changes is not known before the model is fetched"
    changed = _changed(technique, layers, choices)
    kinds = ", ".join(dict.fromkeys(layer.kind for layer in changed))
    return f"changes {kinds}: {percent(count_parameters(tuple(changed)) / total)} of the weights"


def percent(share: float) -> str:
    """Returns a share in words fit for a sentence."""
    return f"{share * 100:.1f} %" if share >= _LEAST_SHOWN else f"under {_LEAST_SHOWN * 100:g} %"


def find_obstacle(
    anatomy: Anatomy,
    chain: Chain,
    settings: Mapping[str, float],
    choices: LayerChoices = _NO_CHOICES,
) -> str:
    """Returns why a chain cannot be built from a model; empty if nothing is known to stand in its way.

    Args:
        anatomy: Of the float model.
        chain: Techniques in order.
        settings: Parameters of the pipeline; what matters here is `clusters`, `sparsity`, `kept_layers`,
            `kept_head_share` and `kept_neuron_share`.
        choices: Of layers, see `with_width`.
    """
    layers = anatomy.layers
    for technique in chain:
        if technique in SHRINKING and anatomy.model == "lstm":
            return _NOT_FOR_LSTM[technique]
    if "trim" in chain and anatomy.trim_obstacle:
        return f"trim: {anatomy.trim_obstacle}"
    if "width" in chain and choices.all_heads and choices.all_neurons:
        return _no_width_to_drop(settings)
    if anatomy.assumed:
        return ""
    if "layers" in chain and (reason := _no_layer_to_drop(layers, settings)):
        return reason
    for technique in chain if layers else ():
        if not _changed(technique, layers, choices):
            return f"{technique}: would change nothing; {_why_nothing(technique, layers, choices)}"
    return _too_many_clusters(chain, layers, settings, choices) if "cluster" in chain else ""


def _why_nothing(technique: str, layers: Sequence[Layer], choices: LayerChoices) -> str:
    """Returns why a technique leaves the layer that it would have changed first, or else the largest."""
    first = next(iter(_changed(technique, layers, _NO_CHOICES)), None)
    layer = first or max(layers, key=lambda one: one.parameters or 0)
    return f"{layer.name}: {effect_on(technique, layer, choices)[1]}"


def _changed(technique: str, layers: Sequence[Layer], choices: LayerChoices) -> list[Layer]:
    """Returns the layers whose weights a technique changes."""
    return [layer for layer in layers if layer.shapes and effect_on(technique, layer, choices)[0]]


def _names(group: Sequence[Layer], layers: Sequence[Layer]) -> tuple[str, ...]:
    """Returns what the layers of a group are called; a star stands for every block, if all of them are in it."""
    inside, all_of_them = (Counter(_BLOCK.sub(_ANY_BLOCK, layer.name) for layer in some) for some in (group, layers))
    starred = {layer.name: _BLOCK.sub(_ANY_BLOCK, layer.name) for layer in group}
    return tuple(dict.fromkeys(star if inside[star] == all_of_them[star] else name for name, star in starred.items()))


def _effect(
    technique: str, kind: str, rule: _Rule, names: tuple[str, ...], layers: Sequence[Layer], total: int
) -> Effect:
    unknown = all(layer.parameters is None for layer in layers)
    parameters = None if unknown else count_parameters(tuple(layers))
    return Effect(
        technique=technique,
        layers=names,
        kind=kind,
        parameters=parameters,
        share=None if parameters is None else parameters / total,
        changed=rule[0],
        words=rule[1],
    )


def _prune(layer: Layer) -> _Rule:
    return _compress(layer, "the smallest weights of each matrix become zero; biases stay")


def _cluster(layer: Layer) -> _Rule:
    return _compress(layer, "the weights of each matrix share a few values; biases stay")


def _compress(layer: Layer, done: str) -> _Rule:
    if layer.kind in ("Dense", "LSTM"):
        return True, done
    if layer.kind == "Embedding" and layer.frozen:
        return False, "frozen, so it could not recover: left as it is"
    if layer.kind == "Embedding":
        return False, "left as it is: its rows are looked up, and rare ones would hardly be trained again"
    return _rest(layer, "left as it is: no matrix")


def _aware(layer: Layer) -> _Rule:
    if layer.kind == "LSTM":
        return True, (
            "both kernels are rounded to int8 while training, gate by gate, by a configuration of this project, as "
            "TFMOT has none for it; the plain layer then gets the weights and is quantised after training"
        )
    if layer.kind == "Dense":
        return True, "the kernel is rounded to int8 while training; the bias stays"
    if layer.kind == "Embedding":
        return _by_size(layer, "not rounded while training, as TFMOT cannot read its integer input; int8 in the end")
    if layer.kind in ("LayerNormalization", "SelfAttention", "Gelu"):
        return False, "its output is rounded while training, its own weights, if any, stay float32"
    return _rest(layer, "left in float32")


def _dynamic(layer: Layer) -> _Rule:
    if layer.kind in ("Dense", "LSTM", "Embedding"):
        return _by_size(layer, f"matrices of {SMALLEST_QUANTIZED:,} weights or more become int8; biases stay float32")
    return _rest(layer, "left in float32: no matrix")


def _by_size(layer: Layer, done: str) -> _Rule:
    stored = [count // _GATES if layer.kind == "LSTM" else count for count in layer.matrices]
    if stored and max(stored) < SMALLEST_QUANTIZED:
        return (
            False,
            f"left in float32: no matrix of {SMALLEST_QUANTIZED:,} weights, the least TensorFlow Lite quantises",
        )
    return True, done


def _float16(layer: Layer) -> _Rule:
    return (True, "weights are stored in half the bits") if layer.shapes else _rest(layer, "")


def _int8(layer: Layer) -> _Rule:
    if matching([layer.name], [INT8_OUTLIERS]):
        return True, (
            "weights become int8, what it reads is rounded while it runs, as dynamic does: what it puts out has no "
            "common range"
        )
    if layer.kind in ("Dense", "LSTM", "Embedding"):
        return True, "weights and what it reads become int8, with ranges from calibration"
    if layer.kind in ("SelfAttention", "LayerNormalization", "Gelu", "Add", "MaskBias", "MaskedMean"):
        return (
            False,
            "left in float32: with integers everywhere, few large values would cost accuracy, and no time is won",
        )
    return _rest(layer, "left in float32")


def _drop_layers(layer: Layer) -> _Rule:
    if _BLOCK.match(layer.name) and layer.shapes:
        return True, "some of the layers of the encoder go whole; those that stay train on"
    return _rest(layer, "stays")


def _narrow(layer: Layer) -> _Rule:
    if layer.name.endswith(_ATTENTION):
        return True, "the heads that add least go; the others train on, with the rest of the model"
    if layer.name.endswith(_FEED_FORWARD):
        return True, "the neurons that add least go; the others train on, with the rest of the model"
    return _rest(layer, "stays")


def _trim(layer: Layer) -> _Rule:
    if layer.name == _WORD_VECTORS:
        return True, "rows of word pieces that the reviews of train use rarely or never go"
    if layer.name == _POSITION_VECTORS:
        return True, "rows of positions that no input reaches go"
    return _rest(layer, "stays")


def _rest(layer: Layer, with_weights: str) -> _Rule:
    """Returns the rule of a layer that a technique does not speak of."""
    return False, with_weights if layer.shapes else "no weights"


_RULES: dict[str, Callable[[Layer], _Rule]] = {
    "layers": _drop_layers,
    "width": _narrow,
    "trim": _trim,
    "prune": _prune,
    "cluster": _cluster,
    "qat": _aware,
    "dynamic": _dynamic,
    "float16": _float16,
    "int8": _int8,
}


_NOT_FOR_LSTM = {
    "layers": "layers: the LSTM has no stack of encoder layers to drop from",
    "width": "width: the LSTM has no attention heads and no feed-forward parts; --lstm-units sets its size",
    "trim": "trim: is for the word pieces of DistilBERT; an LSTM has whole words only",
}


def _no_layer_to_drop(layers: Sequence[Layer], settings: Mapping[str, float]) -> str:
    depth = len({match[1] for layer in layers if (match := _BLOCK.match(layer.name))})
    kept = settings.get("kept_layers", 0)
    return f"layers: {kept:g} are to be kept, the encoder has {depth}: nothing would go" if kept >= depth else ""


def _no_width_to_drop(settings: Mapping[str, float]) -> str:
    head_share, neuron_share = settings.get("kept_head_share", 0), settings.get("kept_neuron_share", 0)
    kept = f"with kept_head_share {head_share:g} and kept_neuron_share {neuron_share:g} all heads and neurons stay"
    return f"width: {kept} (one head at least, neurons by multiples of 16): nothing would go"


def _too_many_clusters(
    chain: Chain, layers: Sequence[Layer], settings: Mapping[str, float], choices: LayerChoices
) -> str:
    """Returns which matrix has fewer weights to cluster than clusters; zeros of pruning are none."""
    clusters = settings.get("clusters", 0)
    left = 1 - settings.get("sparsity", 0) if "prune" in chain else 1
    for layer in _changed("cluster", layers, choices):
        if layer.matrices and int(min(layer.matrices) * left) < clusters:
            weights = f"{int(min(layer.matrices) * left)} weights{' after pruning' if left < 1 else ''}"
            return f"cluster: {layer.name} has a matrix of {weights}, fewer than {clusters:g} clusters"
    return ""
