"""Training of the LSTM, once for each variant of word vectors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.fingerprints import directory_fingerprint
from components.shared.lstm_variants import Variant, list_variants
from components.shared.meter import Usage
from components.shared.records.candidates import write_failures
from components.shared.records.features import (
    VOCABULARY,
    Features,
    read_embeddings,
    read_features,
    read_training_reviews,
)
from components.shared.records.history import History, write_history
from components.shared.records.plan import Plan, read_plan
from components.shared.records.searches import Search, Values, write_searches
from components.shared.training.examples import read_examples
from components.shared.training.export import training_meter, write_float_bundles, write_trained_candidate
from components.shared.training.fitting import FitSettings, fit, start_reproducibly, training_figures
from components.shared.training.trainer import every_gpu
from components.shared.training.training_state import TrainingStates, states_directory
from components.shared.tuning import Budget, minutes_of
from components.train_lstm.lstm_tuning import tune_lstm, with_values


@dataclass(frozen=True)
class LstmSettings:
    """Hyperparameters of the LSTM.

    Attributes:
        embedding_training: One of EMBEDDING_TRAININGS.
        units: Size of the LSTM, of each direction.
        directions: 1 reads forwards; 2 reads backwards as well.
        dropout: Share of the LSTM's output left out while training.
        embedding_dropout: Share of the dimensions of the word vectors left out while training.
        epochs: At most this many passes over train.
        patience: Stop after this many epochs without a better tune macro-F1; 0 trains all epochs.
        batch_size: Reviews a step.
        learning_rate: Of Adam.
        seed: Seed of weights, shuffling, resampling and word dropout.
        training_state: Directory where training is saved to go on after a kill; empty means nowhere.
    """

    embedding_training: str
    units: int
    directions: int
    dropout: float
    embedding_dropout: float
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    seed: int
    training_state: str = ""


@dataclass(frozen=True)
class TrainedLstm:
    """One trained LSTM.

    Attributes:
        variant: Its word vectors.
        architecture: What built the model.
        model: With the weights of the best epoch.
        history: What happened, epoch by epoch.
        usage: What its training took.
    """

    variant: Variant
    architecture: Lstm
    model: Any
    history: History
    usage: Usage

    @property
    def tune_macro_f1(self) -> float:
        """Its macro-F1 on tune."""
        return self.history.tune_macro_f1[self.history.best_epoch]


def train(
    features: Path, plan: Path, settings: LstmSettings, candidates: Path, budget: Budget | None = None
) -> dict[str, float]:
    """Trains an LSTM for each variant of word vectors.

    The best on tune becomes the candidate "lstm", with a checkpoint for techniques; each other one becomes
    "lstm-<variant>", without.

    Args:
        features: Directory of features.
        plan: The plan.
        settings: Hyperparameters.
        candidates: Directory of candidates to write.
        budget: Time for an automatic search before, and where it is stored; None: no search.

    Returns:
        Figures of the best one's training, and the tune macro-F1 of each if there are several, by name.
    """
    wanted = read_plan(plan)
    write_failures(candidates, {})
    variants = list_variants(read_features(features).embeddings, settings.embedding_training)
    found = _search(features, wanted, settings, variants, budget) if budget else None
    if found:
        settings = with_values(settings, found.best)
        write_searches(candidates, [found])
    with TrainingStates(states_directory(settings.training_state)) as states:
        trained = [train_variant(features, wanted, settings, variant, states) for variant in variants]
        best = max(trained, key=lambda one: one.tune_macro_f1)
        for one in trained:
            print(f"{one.variant.name}: macro-F1 {one.tune_macro_f1:.3f} on tune", flush=True)
            _write(candidates, one, one is best, features, wanted, found.best if found else {})
    each = {f"tune_macro_f1_{one.variant.name}": one.tune_macro_f1 for one in trained} if len(trained) > 1 else {}
    return training_figures(best.usage, best.history) | each


def _search(
    features: Path, plan: Plan, settings: LstmSettings, variants: Sequence[Variant], budget: Budget
) -> Search:
    def train_trial(trial: LstmSettings, variant: Variant, rows: int, callbacks: Sequence[Any]) -> float:
        return train_variant(features, plan, trial, variant, callbacks=callbacks, rows=rows).tune_macro_f1

    part = Budget(minutes_of("lstm", plan.models, budget.minutes), budget.directory)
    train_rows = len(read_training_reviews(features, settings.seed))
    return tune_lstm(settings, variants, train_rows, train_trial, part, directory_fingerprint(features))


def _write(
    candidates: Path, one: TrainedLstm, is_best: bool, features: Path, plan: Plan, hyperparameters: Values
) -> None:
    """Writes the candidate of a trained LSTM, with its history; see `train`."""
    if is_best:
        bundle = write_trained_candidate(
            candidates, one.architecture, one.model, (), features, plan, one.usage, hyperparameters
        )
    else:
        bundle = write_float_bundles(
            candidates,
            one.architecture,
            one.model,
            (),
            features,
            plan,
            one.usage,
            variant=one.variant.name,
            hyperparameters=hyperparameters,
        )
    write_history(bundle.parent, one.history)


def train_variant(
    features: Path,
    plan: Plan,
    settings: LstmSettings,
    variant: Variant,
    states: TrainingStates | None = None,
    callbacks: Sequence[Any] = (),
    rows: int = 0,
) -> TrainedLstm:
    """Returns an LSTM trained on one kind of word vectors.

    Args:
        features: Directory of features; holds the word vectors.
        plan: The plan.
        settings: Hyperparameters.
        variant: Which word vectors, and whether they learn too.
        states: Where the training is saved to go on after a kill.
        callbacks: Further Keras callbacks.
        rows: Train on this many reviews, stratified by label; 0 means all.
    """
    description = read_features(features)
    architecture = _architecture(features, description, settings, variant)
    with training_meter(plan) as meter:
        start_reproducibly(settings.seed)
        model = architecture.build()
        history = fit(
            architecture,
            model,
            read_examples(architecture, features, "train", rows, settings.seed),
            read_examples(architecture, features, "tune"),
            architecture.class_weights(description),
            FitSettings(
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                learning_rate=settings.learning_rate,
                seed=settings.seed,
                patience=settings.patience,
                word_dropout=description.word_dropout,
            ),
            callbacks=callbacks,
            states=states,
            strategy=every_gpu(),
        )
        meter.earlier_seconds = history.earlier_seconds
    return TrainedLstm(variant, architecture, model, history, meter.usage)


def _architecture(features: Path, description: Features, settings: LstmSettings, variant: Variant) -> Lstm:
    sizes = LstmSizes(
        units=settings.units,
        directions=settings.directions,
        dropout=settings.dropout,
        embedding_dropout=settings.embedding_dropout,
        fine_tuned=variant.fine_tuned,
        classes=len(description.task.labels),
        length=description.sequence_length,
        text=description.text,
        base_model=variant.embedding,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
    )
    words = json.loads((features / VOCABULARY).read_text(encoding="utf-8"))
    return Lstm(sizes, words, read_embeddings(features, variant.embedding))
