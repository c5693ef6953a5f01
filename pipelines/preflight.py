"""What the deep models are made of, and what each technique does to them, in the words of the dry run."""

import re
from collections.abc import Sequence

from components.shared.records.anatomy import Anatomy, Effect, Layer, Shape

_BLOCK = re.compile(r"^transformer\.layer\.\d+\.")


def describe_anatomies(anatomies: Sequence[Anatomy]) -> list[str]:
    """Returns lines for each model: its layers with weights, then what each technique does to which of them."""
    return [line for anatomy in anatomies for line in _describe(anatomy)]


def _describe(anatomy: Anatomy) -> list[str]:
    lines = ["", f"Layers of {anatomy.model}, from {anatomy.source} (* stands for each layer of the encoder):"]
    groups: dict[str, list[Layer]] = {}
    for layer in anatomy.layers:
        if layer.shapes:
            groups.setdefault(_BLOCK.sub("transformer.layer.*.", layer.name), []).append(layer)
    lines += [_layer_line(name, layers, anatomy.parameters) for name, layers in groups.items()]
    lines += ["", f"What each technique does to {anatomy.model}:"]
    return lines + [_effect_line(effect) for effect in anatomy.effects if effect.changed or effect.parameters != 0]


def _layer_line(name: str, layers: Sequence[Layer], total: int) -> str:
    first = layers[0]
    times = f"{len(layers)} x " if len(layers) > 1 else ""
    share = f"{sum(layer.parameters or 0 for layer in layers) / total:7.1%}" if first.parameters else "      ?"
    shapes = ", ".join(map(_shape, first.shapes))
    notes = "".join([", at most" if first.at_most else "", ", frozen" if first.frozen else ""])
    return f"  {name:<44} {first.kind:<20}{share}  {times}{shapes}{notes}"


def _shape(shape: Shape) -> str:
    return "x".join("?" if size is None else f"{size}" for size in shape)


def _effect_line(effect: Effect) -> str:
    names = ", ".join(effect.layers) if len(effect.layers) <= 2 else f"{len(effect.layers)} kinds of {effect.kind}"
    sign = "+" if effect.changed else "-"
    return f"  {effect.technique:<8} {sign} {names}: {effect.words}"
