"""Fine-tuning DistilBERT on the reviews' natural text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.finetune_distilbert.base_model import BaseModel, copy_weights, load_base_model
from components.finetune_distilbert.distilbert_tuning import tune_distilbert, with_values
from components.shared.architectures.distilbert import DistilBert
from components.shared.distilbert_sizes import Head
from components.shared.errors import UserError
from components.shared.fingerprints import directory_fingerprint
from components.shared.records.candidates import write_failures
from components.shared.records.features import read_features, read_split, read_training_reviews
from components.shared.records.history import History, write_history
from components.shared.records.plan import Plan, read_plan
from components.shared.records.searches import Search, write_searches
from components.shared.training.examples import read_examples
from components.shared.training.export import training_meter, write_trained_candidate
from components.shared.training.fitting import FitSettings, fit, start_reproducibly, training_figures
from components.shared.training.trainer import every_gpu, has_gpu
from components.shared.training.training_state import TrainingStates, states_directory
from components.shared.tuning import Budget, minutes_of

_LENGTH_QUANTILE = 0.95
#: The two special word pieces and one of the review.
_SHORTEST = 3


@dataclass(frozen=True)
class DistilBertSettings:
    """What the component's arguments of the same names say.

    Attributes:
        base_model: Empty, a hub name, a path or a gs:// URI.
        max_length: Upper bound of the input length in word pieces.
        train_rows: Train on this many reviews; 0 means all.
        epochs: At most this many passes.
        patience: Stop after this many epochs without a better tune macro-F1; 0 trains all epochs.
        batch_size: Reviews a step.
        learning_rate: Peak of Adam's schedule.
        seed: Seed of the head's weights, shuffling, dropout, resampling and word dropout.
        layer_decay: The learning rate of each layer is that of the layer above times this; 1 means one for all.
        frozen_layers: The embeddings and so many of the lowest layers keep their weights; 0 means none does.
        warmup: Share of the steps in which the learning rate rises.
        training_state: Directory where training is saved to go on after a kill; empty means nowhere.
    """

    base_model: str
    max_length: int
    train_rows: int
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    seed: int
    layer_decay: float = 1.0
    frozen_layers: int = 0
    warmup: float = 0.1
    training_state: str = ""


@dataclass(frozen=True)
class _Finetuned:
    """One fine-tuned DistilBERT: what built it, the model with the best epoch's weights, and its history."""

    architecture: DistilBert
    model: Any
    history: History


def finetune(
    features: Path, plan: Path, settings: DistilBertSettings, candidates: Path, budget: Budget | None = None
) -> dict[str, float]:
    """Fine-tunes a DistilBERT and writes its bundle and checkpoint.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        settings: How to train.
        candidates: Directory of candidates to write.
        budget: Time for an automatic search before, and where it is stored; None: no search.

    Returns:
        Training time, peak memory, cost and quality on tune, by name.

    Raises:
        UserError: The base model cannot be used or has fewer layers than are to be frozen, or `max_length` leaves
            no room for text.
    """
    planned = read_plan(plan)
    write_failures(candidates, {})
    base = load_base_model(settings.base_model)
    length = fitting_length(base, settings, features)
    found = _search(features, planned, settings, base, length, budget) if budget else None
    if found:
        settings = with_values(settings, found.best)
        write_searches(candidates, [found])
    with TrainingStates(states_directory(settings.training_state)) as states:
        with training_meter(planned) as meter:
            trained = _train(features, settings, base, length, states)
            meter.earlier_seconds = trained.history.earlier_seconds
        best = found.best if found else None
        bundle = write_trained_candidate(
            candidates, trained.architecture, trained.model, (), features, planned, meter.usage, best
        )
        write_history(bundle.parent, trained.history)
    return training_figures(meter.usage, trained.history) | {"max_length": float(length)}


def _search(
    features: Path, plan: Plan, settings: DistilBertSettings, base: BaseModel, length: int, budget: Budget
) -> Search:
    def train_trial(trial: DistilBertSettings, callbacks: Sequence[Any]) -> float:
        history = _train(features, trial, base, length, callbacks=callbacks).history
        return history.tune_macro_f1[history.best_epoch]

    part = Budget(minutes_of("distilbert", plan.models, budget.minutes), budget.directory)
    rows = len(read_training_reviews(features, settings.seed))
    rows = min(settings.train_rows or rows, rows)
    tune_rows = len(read_split(features, "tune"))
    return tune_distilbert(settings, rows, tune_rows, train_trial, part, directory_fingerprint(features))


def _train(
    features: Path,
    settings: DistilBertSettings,
    base: BaseModel,
    length: int,
    states: TrainingStates | None = None,
    callbacks: Sequence[Any] = (),
) -> _Finetuned:
    described = read_features(features)
    start_reproducibly(settings.seed)
    architecture = architecture_of_length(length, base, settings, len(described.task.labels))
    model = architecture.build()
    copy_weights(base, model)
    architecture.freeze(model, settings.frozen_layers)
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
            warmup=settings.warmup,
            word_dropout=described.word_dropout,
            learning_rate_factors=architecture.learning_rate_factors(model, settings.layer_decay),
            mixed_precision=has_gpu(),
        ),
        callbacks=callbacks,
        states=states,
        strategy=every_gpu(),
    )
    return _Finetuned(architecture, model, history)


def fitting_length(base: BaseModel, settings: DistilBertSettings, features: Path) -> int:
    """Returns the input length in word pieces: the 95 % quantile on train, within the bounds.

    Args:
        base: Sizes and tokenizer.
        settings: The bounds.
        features: Directory of features.

    Raises:
        UserError: `max_length` leaves no room for text.
    """
    if settings.max_length < _SHORTEST:
        raise UserError(
            f"DistilBERT's maximum length is {settings.max_length} word pieces; give at least {_SHORTEST}"
        )
    bound = min(settings.max_length, base.sizes.max_position_embeddings)
    classes = len(read_features(features).task.labels)
    longest = architecture_of_length(bound, base, settings, classes)
    lengths = [len(encoded) for encoded in longest.encode(read_split(features, "train"))]
    return int(np.quantile(lengths, _LENGTH_QUANTILE, method="higher"))


def architecture_of_length(
    length: int, base: BaseModel, settings: DistilBertSettings, classes: int, head: Head = "mean"
) -> DistilBert:
    """Returns the architecture with an input length.

    Args:
        length: In word pieces.
        base: Sizes, tokenizer and name.
        settings: The learning rate and the batch size.
        classes: Number of labels.
        head: What is made of the encoder's output.
    """
    return DistilBert(
        sizes=base.sizes,
        tokenizer=base.tokenizer,
        classes=classes,
        max_length=length,
        base_model=base.name,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        head=head,
    )
