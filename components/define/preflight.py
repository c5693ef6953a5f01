"""The preflight: which candidates will be built, which will not, and why, before any time is spent."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from components.define.ranges import check_choices, check_ranges
from components.shared.chains import STEP_OF_TECHNIQUE, Chain, parse_chain
from components.shared.errors import UserError
from components.shared.fingerprints import code_fingerprint
from components.shared.lstm_variants import PACKAGED, Variant, embedding_names, list_variants
from components.shared.need import parse_need
from components.shared.plan import DEEP_MODELS, MODELS, Cell, Plan
from components.shared.services.prices import token_tariff
from components.shared.task import scores_of

#: How a technique reaches a model where the library's usual way does not work, by layer.
_ROUTES: dict[tuple[str, str], str] = {
    ("lstm", "prune"): "LSTM and Dense kernels, not the word vectors",
    ("lstm", "cluster"): "LSTM and Dense kernels, not the word vectors",
    ("lstm", "qat"): "LSTM and Dense kernels behind the embedding, whose integer input TFMOT cannot quantise; "
    "the trained weights are then quantised after training",
    ("distilbert", "layers"): "whole layers of the encoder; those that stay train on what the whole model predicts",
    (
        "distilbert",
        "trim",
    ): "rows of the word pieces' embedding; the tokenizer cuts words that lose their piece smaller",
    ("distilbert", "prune"): "Dense kernels of a functional rebuild, because TFMOT rejects subclassed models",
    ("distilbert", "cluster"): "Dense kernels of a functional rebuild, because TFMOT rejects subclassed models",
    ("distilbert", "qat"): "Dense kernels of a functional rebuild, because TFMOT rejects subclassed models",
}
#: Why a model cannot be shrunk so.
_NOT_SHRUNK: dict[tuple[str, str], str] = {
    ("lstm", "layers"): "an LSTM of one layer has none to spare",
    ("lstm", "trim"): "the vocabulary of the LSTM holds nothing but the words of train already",
}
_LINEAR = "a linear model over sparse terms has no layers for TensorFlow Model Optimization"


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
) -> Plan:
    """Checks what the user wants and returns the candidates to build.

    A chain whose parent was not asked for gets its parent as a candidate too: "prune+dynamic" needs "prune".

    Args:
        need: YAML text; empty means the default need.
        labels: Labels from worst to best; empty leaves them to the source.
        models: Any of MODELS.
        techniques: Chains such as "prune+dynamic".
        language: ISO 639-1 code.
        choices: Words to check, see `ranges.CHOICES`.
        settings: Numbers to check, see `ranges.RANGES`.
        chat_model: Checked to have a price, unless empty.
        embeddings: Word vectors; the LSTM is trained with each.
        lstm_embedding_training: Whether the LSTM is trained with them frozen, fine-tuned, or both.

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
    if unknown or not models:
        raise UserError(f"unknown model '{unknown[0] if unknown else ''}'; known are {', '.join(MODELS)}")
    chains = _with_parents([parse_chain(text) for text in techniques])
    parsed = parse_need(need)
    if chat_model:
        token_tariff(parsed, chat_model)
    return Plan(
        need=parsed,
        models=tuple(model for model in MODELS if model in models),
        cells=tuple(_cells(models, chains, list_variants(embedding_names(embeddings), lstm_embedding_training))),
        code_fingerprint=code_fingerprint(),
    )


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


def _cells(models: list[str], chains: list[Chain], lstms: list[Variant]) -> list[Cell]:
    cells = []
    for model in MODELS:
        if model not in models:
            continue
        cells += _lstm_cells(lstms) if model == "lstm" else [Cell(model=model)]
        for chain in chains:
            obstacle = _obstacle(model, chain)
            reason = obstacle or _ROUTES.get((model, chain[-1]), "")
            cells.append(Cell(model=model, chain=chain, applies=not obstacle, reason=reason))
    return cells


def _obstacle(model: str, chain: Chain) -> str:
    """Returns why a chain cannot be applied to a model; empty if it can."""
    if model not in DEEP_MODELS:
        return _LINEAR
    return next((_NOT_SHRUNK[model, technique] for technique in chain if (model, technique) in _NOT_SHRUNK), "")


def _lstm_cells(variants: list[Variant]) -> list[Cell]:
    """Returns the cell of the LSTM that techniques are applied to, and one for each variant if there are several."""
    names = [variant.name for variant in variants]
    if len(names) == 1:
        return [Cell(model="lstm")]
    best = Cell(model="lstm", reason=f"the best on tune of {', '.join(names)}")
    reason = "techniques are applied to the best of them on tune alone, which is called lstm"
    return [best, *(Cell(model="lstm", variant=name, reason=reason) for name in names)]
