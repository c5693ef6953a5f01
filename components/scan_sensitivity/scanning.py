"""Applies each technique to each part of a model alone and measures what its predictions lose. Nothing is trained."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from tqdm import tqdm

from components.scan_sensitivity.parts import Matrix, Part, list_parts
from components.scan_sensitivity.treatments import Weights, prune_smallest, round_to_int8, share_weights
from components.shared.records.candidates import checkpoint_directory
from components.shared.records.sensitivity import PartSensitivity, Sensitivity, Treatment, write_sensitivity
from components.shared.training.checkpoints import Checkpoint, load_checkpoint
from components.shared.training.examples import Examples, read_examples
from components.shared.training.fitting import Predictions

_SEED = 0

Treatments = Mapping[Treatment, Callable[[Weights, Matrix], Weights]]


def scan_model(
    model: str, features: Path, trained: Path, reviews: int, sparsity: float, clusters: int, destination: Path
) -> None:
    """Scans a trained model and writes its sensitivity; nothing if the model was not trained.

    Args:
        model: "lstm" or "distilbert".
        features: Directory of features.
        trained: Directory of candidates with the model's checkpoint.
        reviews: Reviews of tune to predict, stratified, at least 1.
        sparsity: Share of weights that pruning sets to zero, in 0..1.
        clusters: Number of distinct weights that clustering leaves.
        destination: Directory to write.
    """
    directory = checkpoint_directory(trained, model)
    if not directory.is_dir():
        return
    checkpoint = load_checkpoint(directory)
    tune = read_examples(checkpoint.architecture, features, "tune", reviews, _SEED)
    treatments: Treatments = {
        "int8": lambda weights, matrix: round_to_int8(weights, matrix.scales),
        "prune": lambda weights, _: prune_smallest(weights, sparsity),
        "cluster": lambda weights, _: share_weights(weights, clusters),
    }
    started = time.perf_counter()
    macro_f1, figures = _scan(checkpoint, tune, treatments)
    sensitivity = Sensitivity(
        model=model,
        reviews=len(tune.labels),
        macro_f1=macro_f1,
        sparsity=sparsity,
        clusters=clusters,
        seconds=time.perf_counter() - started,
        figures=tuple(figures),
    )
    write_sensitivity(destination, sensitivity)
    print(
        f"{len(figures)} treatments of {model} on {len(tune.labels)} reviews, {sensitivity.seconds:.1f} s", flush=True
    )


def _scan(checkpoint: Checkpoint, tune: Examples, treatments: Treatments) -> tuple[float, list[PartSensitivity]]:
    """Returns the macro-F1 of the float model, and what each treatment of each part does."""
    model = checkpoint.build()
    predictions = Predictions(checkpoint.architecture, model)
    expected = predictions.of(tune.encoded)
    macro_f1 = _macro_f1(tune, expected)
    compressible = checkpoint.architecture.compressible_layers(model)
    figures = []
    pairs = [(part, treatment) for part in list_parts(model) for treatment in treatments]
    for part, treatment in tqdm(pairs, desc="sensitivity", unit="part", mininterval=2):
        _treat(model, checkpoint, part, treatments[treatment])
        got = predictions.of(tune.encoded)
        _restore(model, checkpoint, part)
        figures.append(
            PartSensitivity(
                part=part.name,
                layers=part.layers,
                treatment=treatment,
                used=treatment == "int8" or all(matrix.layer in compressible for matrix in part.matrices),
                macro_f1_loss=macro_f1 - _macro_f1(tune, got),
                agreement=float((got.argmax(axis=1) == expected.argmax(axis=1)).mean()),
                shift=float(np.abs(got - expected).sum(axis=1).mean() / 2),
            )
        )
    return macro_f1, figures


def _treat(model: Any, checkpoint: Checkpoint, part: Part, treat: Callable[[Weights, Matrix], Weights]) -> None:
    for matrix in part.matrices:
        _variable(model, matrix).assign(treat(_weights(checkpoint, matrix), matrix))


def _restore(model: Any, checkpoint: Checkpoint, part: Part) -> None:
    for matrix in part.matrices:
        _variable(model, matrix).assign(_weights(checkpoint, matrix))


def _variable(model: Any, matrix: Matrix) -> Any:
    return model.get_layer(matrix.layer).weights[matrix.position]


def _weights(checkpoint: Checkpoint, matrix: Matrix) -> Weights:
    return checkpoint.weights[f"{matrix.layer}/{matrix.position}"]


def _macro_f1(tune: Examples, probabilities: NDArray[np.floating[Any]]) -> float:
    classes = np.arange(probabilities.shape[1])
    labels = probabilities.argmax(axis=1)
    return float(f1_score(tune.labels, labels, labels=classes, average="macro", zero_division=0))
