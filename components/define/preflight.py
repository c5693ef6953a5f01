"""The preflight: which candidates will be built, which will not, and why, before any time is spent."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from components.define.anatomies import read_anatomy
from components.define.effects import LayerChoices, describe_reach, find_obstacle, list_effects, with_width
from components.define.own_model import read_own_model
from components.define.ranges import CHOICES, RANGES, check_choices, check_ranges
from components.shared.chains import STEP_OF_TECHNIQUE, Chain, parse_chain
from components.shared.errors import UserError
from components.shared.fingerprints import code_fingerprint
from components.shared.layer_names import unmatched
from components.shared.lstm_variants import PACKAGED, Variant, embedding_names, list_variants
from components.shared.need import parse_need
from components.shared.override import parse_override
from components.shared.records.anatomy import Anatomy
from components.shared.records.plan import DEEP_MODELS, LINEAR_MODELS, MODELS, Cell, Plan
from components.shared.records.task import scores_of
from components.shared.services.prices import token_tariff

_LINEAR = "a linear model over sparse terms has no layers for TensorFlow Model Optimization"


#: Parameters of the pipeline that `make_plan` takes under their own names.
_OWN_NAMES = (
    *("need", "labels", "models", "techniques", "language", "chat_model", "embeddings", "lstm_embedding_training"),
    *("distilbert_base_model", "model", "pruned_layers", "kept_in_float"),
)


def plan_run(parameters: Mapping[str, Any]) -> Plan:
    """Returns the plan of a run; mistakes that can be seen without the data are found here.

    Args:
        parameters: Every parameter of the pipeline that decides what is built, or is checked.

    Raises:
        UserError: The first mistake, see `make_plan` and `parse_override`.
    """
    parse_override(
        *(parameters[name] for name in ("override", "override_by", "override_reason", "override_candidate"))
    )
    chosen = {name: parameters[name] for name in CHOICES}
    return make_plan(
        **{name: parameters[name] for name in _OWN_NAMES},
        choices={name: words if isinstance(words, list) else [words] for name, words in chosen.items()},
        settings={name: parameters[name] for name in RANGES},
    )


def make_plan(
    need: str,
    labels: list[str],
    models: list[str],
    techniques: list[str],
    language: str,
    choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
    settings: Mapping[str, float] = MappingProxyType({}),
    chat_model: str = "",
    embeddings: Sequence[str] = (PACKAGED,),
    lstm_embedding_training: str = "frozen",
    distilbert_base_model: str = "",
    model: str = "",
    pruned_layers: Sequence[str] = ("*",),
    kept_in_float: Sequence[str] = (),
) -> Plan:
    """Checks what the user wants and returns the candidates to build.

    A chain whose parent was not asked for gets its parent as a candidate too: "prune+dynamic" needs "prune".

    Args:
        need: YAML text; empty means the default need.
        labels: Labels from worst to best; empty leaves them to the source.
        models: Any of MODELS; empty means all of them, or with a model of one's own the floors and that model.
        techniques: Chains such as "prune+dynamic".
        language: ISO 639-1 code.
        choices: Words to check, see `ranges.CHOICES`.
        settings: Numbers to check, see `ranges.RANGES`.
        chat_model: Checked to have a price, unless empty.
        embeddings: Word vectors; the LSTM is trained with each.
        lstm_embedding_training: Whether the LSTM is trained with them frozen, fine-tuned, or both.
        distilbert_base_model: Where DistilBERT's weights come from.
        model: Directory, Keras file or gs:// URI of a model of one's own, which is not trained; or empty.
        pruned_layers, kept_in_float: Names and shell patterns of the layers to prune, and of those to leave alone.

    Raises:
        UserError: The first thing that is wrong, in one line.
    """
    check_ranges(settings)
    check_choices(choices)
    if labels:
        _check_labels(labels)
    if len(language) != 2 or not language.isascii() or not language.islower():
        raise UserError(f"language '{language}' is not an ISO 639-1 code of two lower-case letters such as en")
    unknown = sorted(set(models) - set(MODELS))
    if unknown:
        raise UserError(f"unknown model '{unknown[0]}'; known are {', '.join(MODELS)}")
    chains = _with_parents([parse_chain(text) for text in techniques])
    parsed = parse_need(need)
    if chat_model:
        token_tariff(parsed, chat_model)
    variants = list_variants(embedding_names(embeddings), lstm_embedding_training)
    own = read_own_model(model, labels) if model else None
    wanted = _wanted(models, own.brought.model if own else "")
    own_anatomy: dict[str, Anatomy] = {own.brought.model: own.anatomy} if own else {}
    anatomies = {
        name: own_anatomy.get(name)
        or read_anatomy(name, settings, variants, distilbert_base_model, len(labels) or None)
        for name in DEEP_MODELS
        if name in wanted
    }
    chosen = LayerChoices(pruned_layers, kept_in_float)
    _check_layer_names(anatomies.values(), chosen)
    choices_of = {name: with_width(chosen, anatomy, settings) for name, anatomy in anatomies.items()}
    cells = _cells(wanted, chains, variants, anatomies, settings, own.brought.model if own else "", choices_of)
    return Plan(
        need=parsed,
        models=wanted,
        cells=tuple(cells),
        code_fingerprint=code_fingerprint(),
        brought=own.brought if own else None,
        anatomies=tuple(
            _with_effects(anatomy, cells, choices_of[name]) for name, anatomy in anatomies.items() if anatomy.layers
        ),
    )


def _wanted(models: Sequence[str], own: str) -> tuple[str, ...]:
    """Returns the models of a run: those asked for, and one's own."""
    asked = set(models) or (set(LINEAR_MODELS) if own else set(MODELS))
    return tuple(model for model in MODELS if model in asked or model == own)


def _check_labels(labels: list[str]) -> None:
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise UserError(f"labels {labels}: name at least two different labels, from worst to best")
    scores = scores_of(tuple(labels))
    if sorted(scores) != list(scores):
        raise UserError(f"labels {labels}: order them from worst to best, such as {sorted(labels, key=float)}")


def _with_parents(chains: list[Chain]) -> list[Chain]:
    """Returns the chains and every chain they start from, shortest first, each once."""
    needed = {chain[:length] for chain in chains for length in range(1, len(chain) + 1)}
    order = list(STEP_OF_TECHNIQUE)
    return sorted(needed, key=lambda chain: (len(chain), [order.index(technique) for technique in chain]))


def _check_layer_names(anatomies: Iterable[Anatomy], chosen: LayerChoices) -> None:
    """Checks that every pattern describes a layer with weights of some model, if all of them are known."""
    known = [anatomy for anatomy in anatomies if anatomy.layers]
    if any(anatomy.assumed for anatomy in known):
        return
    names = [layer.name for anatomy in known for layer in anatomy.layers if layer.shapes]
    for option, patterns in (("pruned_layers", chosen.pruned), ("kept_in_float", chosen.kept_in_float)):
        for pattern in unmatched(names, patterns) if names else ():
            models = " and ".join(anatomy.model for anatomy in known)
            raise UserError(
                f"{option}: no layer of {models} is called '{pattern}'; --dry-run lists them, such as {names[-1]}"
            )


def _cells(
    models: Sequence[str],
    chains: Sequence[Chain],
    lstms: list[Variant],
    anatomies: Mapping[str, Anatomy],
    settings: Mapping[str, float],
    own: str,
    choices_of: Mapping[str, LayerChoices],
) -> list[Cell]:
    cells = []
    for model in models:
        if model == own:
            cells.append(Cell(model=model, reason="brought as it is, not trained here"))
        else:
            cells += _lstm_cells(lstms) if model == "lstm" else [Cell(model=model)]
        for chain in chains:
            if model in anatomies:
                obstacle = find_obstacle(anatomies[model], chain, settings, choices_of[model])
                reason = obstacle or describe_reach(chain[-1], anatomies[model].layers, choices_of[model])
            else:
                obstacle = reason = _LINEAR
            cells.append(Cell(model=model, chain=chain, applies=not obstacle, reason=reason))
    return cells


def _with_effects(anatomy: Anatomy, cells: Sequence[Cell], choices: LayerChoices) -> Anatomy:
    """Returns an anatomy with what the techniques of those cells do that will be built."""
    used = {technique for cell in cells if cell.model == anatomy.model and cell.applies for technique in cell.chain}
    wanted = [technique for technique in STEP_OF_TECHNIQUE if technique in used]
    return anatomy.model_copy(update={"effects": list_effects(anatomy.layers, wanted, choices)})


def _lstm_cells(variants: list[Variant]) -> list[Cell]:
    """Returns the cell of the LSTM that techniques are applied to, and one for each variant if there are several."""
    names = [variant.name for variant in variants]
    if len(names) == 1:
        return [Cell(model="lstm")]
    best = Cell(model="lstm", reason=f"the best on tune of {', '.join(names)}")
    reason = "techniques are applied to the best of them on tune alone, which is called lstm"
    return [best, *(Cell(model="lstm", variant=name, reason=reason) for name in names)]
