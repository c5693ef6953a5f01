"""Training of the LSTM."""

import json
from dataclasses import dataclass
from pathlib import Path

from components.shared.architectures.lstm import Lstm, LstmSizes
from components.shared.candidates import write_failures
from components.shared.examples import read_examples
from components.shared.export import training_meter, write_trained_candidate
from components.shared.features import VOCABULARY, Features, read_embeddings, read_features
from components.shared.fitting import FitSettings, fit, start_reproducibly, training_figures
from components.shared.plan import read_plan


@dataclass(frozen=True)
class LstmSettings:
    """Hyperparameters of the LSTM.

    Attributes:
        units: Size of the LSTM.
        dropout: Share of the LSTM's output left out while training.
        epochs: At most this many passes over train.
        patience: Stop after this many epochs without a better tune macro-F1; 0 trains all epochs.
        batch_size: Reviews a step.
        learning_rate: Of Adam.
        seed: Seed of weights, shuffling, resampling and word dropout.
    """

    units: int
    dropout: float
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    seed: int


def train(features: Path, plan: Path, settings: LstmSettings, candidates: Path) -> dict[str, float]:
    """Trains the LSTM and writes it as the candidate "lstm", with a checkpoint.

    Args:
        features: Directory of features.
        plan: The plan.
        settings: Hyperparameters.
        candidates: Directory of candidates to write.

    Returns:
        Figures of the training, by name.
    """
    wanted = read_plan(plan)
    write_failures(candidates, {})
    description = read_features(features)
    architecture = _architecture(features, description, settings)
    with training_meter(wanted) as meter:
        start_reproducibly(settings.seed)
        model = architecture.build()
        history = fit(
            architecture,
            model,
            read_examples(architecture, features, "train", seed=settings.seed),
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
        )
    write_trained_candidate(candidates, architecture, model, (), features, wanted, meter.usage)
    return training_figures(meter.usage, history)


def _architecture(features: Path, description: Features, settings: LstmSettings) -> Lstm:
    sizes = LstmSizes(
        units=settings.units,
        dropout=settings.dropout,
        classes=len(description.task.labels),
        length=description.sequence_length,
        text=description.text,
        base_model=description.embedding,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
    )
    words = json.loads((features / VOCABULARY).read_text(encoding="utf-8"))
    return Lstm(sizes, words, read_embeddings(features))
