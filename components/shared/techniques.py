"""What the technique steps share: from a parent's checkpoint to a checked candidate, chain by chain."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from components.shared.architectures.base import Architecture
from components.shared.bundle import load_bundle, size_bytes
from components.shared.candidates import checkpoint_directory, write_failures
from components.shared.chains import Chain, candidate_id
from components.shared.checkpoints import Checkpoint, get_weights, load_checkpoint, save_checkpoint, set_weights
from components.shared.examples import Examples, read_examples, stratified_sample
from components.shared.export import training_meter, write_candidate_bundle
from components.shared.features import Features, read_features, read_split
from components.shared.finetuning import Finetuning
from components.shared.fitting import FitSettings, fit, predict, start_reproducibly
from components.shared.keras import ConverterError, keras
from components.shared.plan import Plan
from components.shared.text import join_title

_CHECK_ROWS = 300
_CHECK_SEED = 0


@dataclass(frozen=True)
class Built:
    """What a technique made of its parent.

    Attributes:
        converted: The model for LiteRT.
        quantization: How it was exported.
        model: The plain Keras model, if further techniques can start from it.
        architecture: What builds and feeds it, if that is no longer what its parent's is.
    """

    converted: bytes
    quantization: str = ""
    model: Any = None
    architecture: Architecture | None = None


#: From the parent's checkpoint and the chain to build, to the result.
Technique = Callable[[Checkpoint, Chain], Built]


class CollapsedError(Exception):
    """A converted model is worse than always predicting the most frequent class."""


def build_candidates(
    model: str,
    chains: Sequence[Chain],
    features: Path,
    plan: Plan,
    sources: Sequence[Path],
    technique: Technique,
    destination: Path,
) -> None:
    """Applies a technique to the parent of every chain and writes the candidates.

    A chain whose parent is missing, whose conversion fails or whose result has collapsed is recorded as a
    failure; the others go on.

    Args:
        model: "lstm" or "distilbert".
        chains: What to build; the last technique of each is this step's.
        features: Directory of features.
        plan: The plan.
        sources: Directories of candidates in which the parents are.
        technique: What to do.
        destination: Directory of candidates to write.
    """
    failures: dict[str, str] = {}
    for chain in chains:
        candidate = candidate_id(model, chain)
        parent = _find_checkpoint(sources, candidate_id(model, chain[:-1]))
        if parent is None:
            failures[candidate] = f"its parent {candidate_id(model, chain[:-1])} was not built"
            continue
        keras.backend.clear_session()
        try:
            _build_candidate(load_checkpoint(parent), chain, features, plan, technique, destination)
        # RuntimeError: what LiteRT's calibrator and interpreter raise.
        except (ConverterError, CollapsedError, RuntimeError) as error:
            shutil.rmtree(destination / candidate, ignore_errors=True)
            failures[candidate] = " ".join(str(error).split())[:300]
            print(f"{candidate}: failed, {failures[candidate]}", flush=True)
    write_failures(destination, failures)


def training_examples(checkpoint: Checkpoint, features: Path, finetuning: Finetuning) -> Examples:
    """Returns the reviews of train that a technique trains on with."""
    return read_examples(checkpoint.architecture, features, "train", finetuning.rows, finetuning.seed)


def train_on(
    checkpoint: Checkpoint,
    model: Any,
    train: Examples,
    features: Path,
    finetuning: Finetuning,
    callbacks: Sequence[Any] = (),
) -> None:
    """Trains a model that a technique has wrapped, in place.

    Args:
        checkpoint: What the technique started from.
        model: The wrapped model.
        train: From `training_examples`.
        features: Directory of features.
        finetuning: How to train on.
        callbacks: The technique's Keras callbacks.
    """
    architecture = checkpoint.architecture
    description = read_features(features)
    settings = FitSettings(
        epochs=finetuning.epochs,
        batch_size=architecture.batch_size,
        learning_rate=finetuning.learning_rate or architecture.learning_rate / 10,
        seed=finetuning.seed,
        word_dropout=description.word_dropout,
    )
    tune = read_examples(architecture, features, "tune", _CHECK_ROWS, _CHECK_SEED)
    fit(architecture, model, train, tune, architecture.class_weights(description), settings, callbacks)


def wrap_compressible(checkpoint: Checkpoint, wrap: Callable[[Any], Any]) -> Any:
    """Returns a model with the checkpoint's weights whose compressible layers are wrapped.

    Args:
        checkpoint: What to start from.
        wrap: From a Keras layer to the layer in its technique's wrapper.
    """
    model = checkpoint.build()
    names = set(checkpoint.architecture.compressible_layers(model))
    return keras.models.clone_model(model, clone_function=lambda layer: wrap(layer) if layer.name in names else layer)


def plain_copy(architecture: Architecture, stripped: Any) -> Any:
    """Returns a plain model with the weights of a stripped one, whose layers still share state with wrappers."""
    model = architecture.build()
    set_weights(model, get_weights(stripped))
    return model


def _find_checkpoint(sources: Sequence[Path], candidate: str) -> Path | None:
    directories = [checkpoint_directory(source, candidate) for source in sources]
    return next((directory for directory in directories if directory.is_dir()), None)


def _build_candidate(
    parent: Checkpoint, chain: Chain, features: Path, plan: Plan, technique: Technique, destination: Path
) -> None:
    description = read_features(features)
    candidate = candidate_id(parent.architecture.name, chain)
    start_reproducibly(_CHECK_SEED)
    with training_meter(plan) as meter:
        built = technique(parent, chain)
    architecture = built.architecture or parent.architecture
    usage = parent.training + meter.usage
    if built.model is not None:
        save_checkpoint(checkpoint_directory(destination, candidate), architecture, built.model, chain, usage)
    bundle = write_candidate_bundle(
        destination, architecture, built.converted, chain, features, plan, usage, built.quantization
    )
    agreement = _check(bundle, parent, features, description)
    print(
        f"{candidate}: {size_bytes(bundle) / 1e6:.2f} MB, agrees with {candidate_id(architecture.name, chain[:-1])} "
        f"on {agreement:.1%} of tune, {meter.usage.seconds:.1f} s",
        flush=True,
    )


def _check(bundle: Path, parent: Checkpoint, features: Path, description: Features) -> float:
    """Returns how often a bundle predicts its parent's label on some reviews of tune.

    Raises:
        CollapsedError: Its macro-F1 there is below that of the most frequent class.
    """
    reviews = stratified_sample(read_split(features, "tune"), _CHECK_ROWS, _CHECK_SEED)
    truth = description.task.indices(reviews["label"].tolist())
    raw = [join_title(title, text) for title, text in zip(reviews["title"], reviews["text"], strict=True)]
    labels = load_bundle(bundle).predict(raw).argmax(axis=1)
    majority = np.full_like(truth, np.argmax(description.class_shares))
    reached, floor = (f1_score(truth, some, average="macro", zero_division=0) for some in (labels, majority))
    if reached < floor:
        raise CollapsedError(
            f"collapsed: macro-F1 {reached:.3f} on {len(truth)} reviews of tune, "
            f"the most frequent class alone has {floor:.3f}"
        )
    expected = predict(parent.architecture, parent.build(), parent.architecture.encode(reviews)).argmax(axis=1)
    return float((labels == expected).mean())
