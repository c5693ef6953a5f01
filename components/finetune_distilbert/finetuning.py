"""Fine-tuning DistilBERT on the reviews' natural text."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.finetune_distilbert.base_model import BaseModel, copy_weights, load_base_model
from components.shared.architectures.distilbert import DistilBert
from components.shared.candidates import write_failures
from components.shared.errors import UserError
from components.shared.examples import read_examples
from components.shared.export import training_meter, write_trained_candidate
from components.shared.features import read_features, read_split
from components.shared.fitting import FitSettings, fit, start_reproducibly, training_figures
from components.shared.plan import read_plan

#: Share of the steps in which the learning rate rises; Devlin et al., "BERT" (2019), section A.2, take as much.
_WARMUP = 0.1
_LENGTH_QUANTILE = 0.95
#: The two special word pieces and one of the review.
_SHORTEST = 3


@dataclass(frozen=True)
class DistilBertSettings:
    """What the component's arguments of the same names say."""

    base_model: str
    max_length: int
    train_rows: int
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    seed: int


def finetune(features: Path, plan: Path, settings: DistilBertSettings, candidates: Path) -> dict[str, float]:
    """Fine-tunes a DistilBERT and writes its bundle and checkpoint.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        settings: How to train.
        candidates: Directory of candidates to write.

    Returns:
        Training time, peak memory, cost and quality on tune, by name.

    Raises:
        UserError: The base model cannot be used, or `max_length` leaves no room for text.
    """
    planned = read_plan(plan)
    write_failures(candidates, {})
    if settings.max_length < _SHORTEST:
        raise UserError(
            f"DistilBERT's maximum length is {settings.max_length} word pieces; give at least {_SHORTEST}"
        )
    described = read_features(features)
    with training_meter(planned) as meter:
        start_reproducibly(settings.seed)
        base = load_base_model(settings.base_model)
        architecture = _architecture(base, settings, features, len(described.task.labels))
        model = architecture.build()
        copy_weights(base, model)
        history = fit(
            architecture,
            model,
            train=read_examples(architecture, features, "train", settings.train_rows, settings.seed),
            tune=read_examples(architecture, features, "tune"),
            class_weights=architecture.class_weights(described),
            settings=FitSettings(
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                learning_rate=settings.learning_rate,
                seed=settings.seed,
                patience=settings.patience,
                warmup=_WARMUP,
                word_dropout=described.word_dropout,
            ),
        )
    write_trained_candidate(candidates, architecture, model, (), features, planned, meter.usage)
    return training_figures(meter.usage, history) | {"max_length": float(architecture.max_length)}


def _architecture(base: BaseModel, settings: DistilBertSettings, features: Path, classes: int) -> DistilBert:
    """Returns the architecture whose input length is the 95 % quantile on train, within the bounds."""

    def of_length(max_length: int) -> DistilBert:
        return DistilBert(
            sizes=base.sizes,
            tokenizer=base.tokenizer,
            classes=classes,
            max_length=max_length,
            base_model=base.name,
            learning_rate=settings.learning_rate,
            batch_size=settings.batch_size,
        )

    longest = of_length(min(settings.max_length, base.sizes.max_position_embeddings))
    lengths = [len(encoded) for encoded in longest.encode(read_split(features, "train"))]
    return of_length(int(np.quantile(lengths, _LENGTH_QUANTILE, method="higher")))
