"""What the technique steps share: from a parent's checkpoint to a checked candidate, chain by chain."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from components.shared.architectures.base import Architecture, OnnxConversionError
from components.shared.architectures.litert_conversion import stored_matrices
from components.shared.bundle import load_bundle, size_bytes
from components.shared.chains import Chain, candidate_id
from components.shared.layer_names import matching
from components.shared.meter import Usage
from components.shared.predictors.running import Probabilities
from components.shared.records.candidates import bundle_directory, checkpoint_directory, write_failures
from components.shared.records.conversions import Conversion, Likeness, write_conversion
from components.shared.records.features import read_features, read_split
from components.shared.records.plan import Plan
from components.shared.texts.text import join_titles
from components.shared.training.checkpoints import (
    Checkpoint,
    get_weights,
    load_checkpoint,
    save_checkpoint,
    set_weights,
)
from components.shared.training.examples import Examples, read_examples, stratified_sample
from components.shared.training.export import training_meter, write_candidate_bundle, write_onnx_bundle
from components.shared.training.finetuning import Finetuning
from components.shared.training.fitting import FitSettings, fit, start_reproducibly
from components.shared.training.keras import ConverterError, keras

_CHECK_ROWS = 300
_CHECK_SEED = 0
#: While a technique trains on, this many reviews of tune tell how it goes; nothing is chosen by them.
_WATCHED_ROWS = 100


@dataclass(frozen=True)
class Built:
    """What a technique made of its parent.

    Attributes:
        converted: The model for LiteRT.
        quantization: How it was exported.
        model: The plain Keras model, if further techniques can start from it.
        architecture: What builds and feeds it, if that is no longer what its parent's is.
        notes: What was done otherwise than asked, layer by layer.
        convert_to_onnx: Returns the same for ONNX Runtime, if that is more than `model` as it is.
    """

    converted: bytes
    quantization: str = ""
    model: Any = None
    architecture: Architecture | None = None
    notes: tuple[str, ...] = ()
    convert_to_onnx: Callable[[], bytes] | None = None


#: From the parent's checkpoint and the chain to build, to the result.
Technique = Callable[[Checkpoint, Chain], Built]


class CollapsedError(Exception):
    """A converted model has lost too much to be offered."""


class NothingToDoError(Exception):
    """A technique cannot change anything of a model, with a reason that says why."""


def build_candidates(
    model: str,
    chains: Sequence[Chain],
    features: Path,
    plan: Plan,
    sources: Sequence[Path],
    technique: Technique,
    accuracy_floor: float,
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
        accuracy_floor: A candidate is a failure if its accuracy on tune is below this share of the float model's.
        destination: Directory of candidates to write.
    """
    failures: dict[str, str] = {}
    float_bundle = _find_float_bundle(sources, model)
    check = _Check(float_bundle, features, accuracy_floor) if chains and float_bundle is not None else None
    for chain in chains:
        candidate = candidate_id(model, chain)
        parent = _find_checkpoint(sources, candidate_id(model, chain[:-1]))
        if parent is None or check is None:
            missing = candidate_id(model, chain[:-1] if parent is None else ())
            failures[candidate] = f"its parent {missing} was not built"
            continue
        keras.backend.clear_session()
        try:
            _build_candidate(load_checkpoint(parent), chain, features, plan, technique, check, destination)
        # RuntimeError: what LiteRT's calibrator and interpreter raise.
        except (ConverterError, CollapsedError, NothingToDoError, RuntimeError) as error:
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
    tune = read_examples(architecture, features, "tune", _WATCHED_ROWS, _CHECK_SEED)
    fit(architecture, model, train, tune, architecture.class_weights(description), settings, callbacks)


def wrap_compressible(
    checkpoint: Checkpoint,
    wrap: Callable[[Any], Any],
    kept_in_float: Sequence[str] = (),
    chosen: Sequence[str] = ("*",),
) -> Any:
    """Returns a model with the checkpoint's weights whose compressible layers are wrapped.

    Args:
        checkpoint: What to start from.
        wrap: From a Keras layer to the layer in its technique's wrapper.
        kept_in_float: Names and patterns of layers that stay as they are.
        chosen: Names and patterns of the layers to wrap.

    Raises:
        NothingToDoError: There is no such layer.
    """
    model = checkpoint.build()
    compressible = checkpoint.architecture.compressible_layers(model)
    names = set(matching(compressible, chosen)) - set(matching(compressible, kept_in_float))
    if not names:
        raise NothingToDoError(f"no layer is left to change; there are {', '.join(compressible)}")
    return keras.models.clone_model(model, clone_function=lambda layer: wrap(layer) if layer.name in names else layer)


def left_alone(
    architecture: Architecture, model: Any, kept_in_float: Sequence[str], chosen: Sequence[str] = ("*",)
) -> tuple[str, ...]:
    """Returns a note on the compressible layers that `wrap_compressible` leaves as they are, if there are any."""
    compressible = architecture.compressible_layers(model)
    changed = set(matching(compressible, chosen)) - set(matching(compressible, kept_in_float))
    left = [name for name in compressible if name not in changed]
    return (f"left as they are: {', '.join(left)}",) if left else ()


def plain_copy(architecture: Architecture, stripped: Any) -> Any:
    """Returns a plain model with the weights of a stripped one, whose layers still share state with wrappers."""
    model = architecture.build()
    set_weights(model, get_weights(stripped))
    return model


def _find_checkpoint(sources: Sequence[Path], candidate: str) -> Path | None:
    directories = [checkpoint_directory(source, candidate) for source in sources]
    return next((directory for directory in directories if directory.is_dir()), None)


def _find_float_bundle(sources: Sequence[Path], model: str) -> Path | None:
    directories = [bundle_directory(source, candidate_id(model)) for source in sources]
    return next((directory for directory in directories if directory.is_dir()), None)


def _build_candidate(
    parent: Checkpoint,
    chain: Chain,
    features: Path,
    plan: Plan,
    technique: Technique,
    check: "_Check",
    destination: Path,
) -> None:
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
    conversion = check.convert(bundle, built, meter.usage)
    to_onnx = built.convert_to_onnx or (lambda: architecture.export_onnx(built.model))
    on_onnx = write_onnx_bundle(bundle, to_onnx, check.compare_onnx, quantized=bool(built.quantization))
    write_conversion(destination / candidate, conversion.model_copy(update={"onnxruntime": on_onnx}))
    print(
        f"{candidate}: {size_bytes(bundle) / 1e6:.2f} MB, agrees with {architecture.name} on "
        f"{conversion.agreement:.1%} of tune, accuracy {conversion.accuracy:.3f} ({conversion.float_accuracy:.3f}), "
        f"{meter.usage.seconds:.1f} s",
        flush=True,
    )


class _Check:
    """Compares candidates with the float model that their chains start from, on some reviews of tune."""

    def __init__(self, float_bundle: Path, features: Path, accuracy_floor: float) -> None:
        description = read_features(features)
        reviews = stratified_sample(read_split(features, "tune"), _CHECK_ROWS, _CHECK_SEED)
        self._texts = join_titles(reviews["title"], reviews["text"])
        self._truth = description.task.indices(reviews["label"].tolist())
        self._majority = np.full_like(self._truth, np.argmax(description.class_shares))
        self._float = load_bundle(float_bundle).predict(self._texts)
        self._accuracy_floor = accuracy_floor

    def convert(self, bundle: Path, built: Built, usage: Usage) -> Conversion:
        """Returns what a technique did to its model, as far as LiteRT shows it.

        Raises:
            CollapsedError: Its probabilities are not finite, it is below the accuracy floor, or its macro-F1 is no
                better than that of the most frequent class while the float model's is.
        """
        predicted = load_bundle(bundle).predict(self._texts)
        self._refuse_collapsed(predicted)
        matrices = stored_matrices(built.converted)
        return Conversion(
            **self._likeness(predicted).model_dump(),
            accuracy=float((predicted.argmax(axis=1) == self._truth).mean()),
            float_accuracy=float((self._float.argmax(axis=1) == self._truth).mean()),
            reviews=len(self._truth),
            sparsity=sum(int(np.sum(matrix == 0)) for matrix in matrices) / sum(matrix.size for matrix in matrices),
            distinct_weights=int(np.median([len(np.unique(matrix)) for matrix in matrices])),
            usage=usage,
            notes=(*built.notes, *_storage_notes(built.quantization, matrices)),
        )

    def compare_onnx(self, bundle: Path) -> Likeness:
        """Returns how near a bundle for ONNX Runtime is to the float model.

        Raises:
            OnnxConversionError: It has collapsed, see `convert`.
        """
        predicted = load_bundle(bundle).predict(self._texts)
        try:
            self._refuse_collapsed(predicted)
        except CollapsedError as error:
            raise OnnxConversionError(str(error)) from error
        return self._likeness(predicted)

    def _likeness(self, predicted: Probabilities) -> Likeness:
        return Likeness(
            agreement=float((predicted.argmax(axis=1) == self._float.argmax(axis=1)).mean()),
            largest_difference=float(np.abs(predicted - self._float).max()),
        )

    def _refuse_collapsed(self, predicted: Probabilities) -> None:
        broken = int((~np.isfinite(predicted).all(axis=1)).sum())
        if broken:
            raise CollapsedError(
                f"collapsed: probabilities of {broken} of {len(predicted)} reviews of tune are not finite numbers"
            )
        labels, float_labels = predicted.argmax(axis=1), self._float.argmax(axis=1)
        accuracy, float_accuracy = (float((some == self._truth).mean()) for some in (labels, float_labels))
        reached, float_reached, floor = (
            f1_score(self._truth, some, average="macro", zero_division=0)
            for some in (labels, float_labels, self._majority)
        )
        if reached < floor or reached == floor < float_reached:
            raise CollapsedError(
                f"collapsed: macro-F1 {reached:.3f} on {len(self._truth)} reviews of tune, "
                f"the most frequent class alone has {floor:.3f}"
            )
        if accuracy < self._accuracy_floor * float_accuracy:
            raise CollapsedError(
                f"below the floor: accuracy {accuracy:.3f} on {len(self._truth)} reviews of tune, "
                f"less than {self._accuracy_floor:g} of the float model's {float_accuracy:.3f}"
            )


def _storage_notes(quantization: str, matrices: Sequence[NDArray[Any]]) -> list[str]:
    """Says how many matrices a quantisation has left in float32; LiteRT leaves small ones."""
    floats = sum(matrix.dtype == np.float32 for matrix in matrices)
    return [f"{floats} of {len(matrices)} matrices are stored in float32"] if quantization and floats else []
