"""A DistilBERT of Hugging Face for sequence classification, of the user's own, rebuilt as this project's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from components.finetune_distilbert.base_model import BaseModel, copy_weights, load_base_model
from components.finetune_distilbert.finetuning import DistilBertSettings, architecture_of_length, fitting_length
from components.shared.brought.fetching import fetched
from components.shared.brought.hugging_face import WEIGHTS, read_hugging_face
from components.shared.brought.labels import match_labels
from components.shared.errors import UserError
from components.shared.records.features import read_features
from components.shared.records.plan import read_plan
from components.shared.training.imports import write_imported_candidate


def import_distilbert(
    features: Path, plan: Path, reference: str, settings: DistilBertSettings, candidates: Path
) -> dict[str, float]:
    """Writes a DistilBERT classifier of the user's own as the candidate "distilbert".

    Args:
        features: Directory of features; the model's labels are matched to theirs.
        plan: The plan, from define.
        reference: Where the model is, see `fetched`.
        settings: The input length, and what techniques take as learning rate and batch size.
        candidates: Directory of candidates to write.

    Returns:
        Its quality on tune, and a training time of 0, by name.

    Raises:
        UserError: The model cannot be read, or its labels are not those of the data.
    """
    ours = read_features(features).task.labels
    with fetched(reference) as found:
        read = read_hugging_face(found)
        order = match_labels(read.labels, ours, found.name)
        base = replace(load_base_model(str(read.directory)), name=found.name)
        length = fitting_length(base, settings, features)
        architecture = architecture_of_length(length, base, settings, len(ours), head="first")
        model = architecture.build()
        copy_weights(base, model)
        _copy_head(base, model, order)
        return write_imported_candidate(candidates, architecture, model, features, read_plan(plan), found.name)


def _copy_head(base: BaseModel, model: Any, order: list[int]) -> None:
    """Copies the two layers behind the encoder, outputs in the order of the data's labels.

    Raises:
        UserError: One is missing, or has another shape than config.json says.
    """
    for name, rows in (("pre_classifier", slice(None)), ("classifier", order)):
        layer = model.get_layer(name)
        if not {f"{name}.weight", f"{name}.bias"} <= set(base.weights):
            raise UserError(
                f"model {base.name}: {WEIGHTS} holds no '{name}'; give a DistilBertForSequenceClassification"
            )
        kernel, bias = base.weights[f"{name}.weight"], base.weights[f"{name}.bias"]
        if kernel.T.shape != layer.kernel.shape or bias.shape != layer.bias.shape:
            raise UserError(
                f"model {base.name}: {name} in {WEIGHTS} has shape {kernel.shape}, config.json says "
                f"{tuple(layer.kernel.shape)[::-1]}; use files that belong together"
            )
        layer.set_weights([kernel[rows].T, bias[rows]])
