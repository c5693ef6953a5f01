"""Writes candidates: a bundle to score with, and where techniques may follow, a checkpoint."""

from pathlib import Path
from typing import Any

from components.shared.architectures.base import Architecture
from components.shared.bundle import Manifest, write_bundle
from components.shared.candidates import bundle_directory, checkpoint_directory
from components.shared.chains import Chain, candidate_id
from components.shared.checkpoints import save_checkpoint
from components.shared.features import profile_file, read_features
from components.shared.keras import tf
from components.shared.meter import Meter, Usage
from components.shared.plan import Plan
from components.shared.searches import Values


def training_meter(plan: Plan) -> Meter:
    """Returns a meter for training on this machine: on the GPU if TensorFlow sees one."""
    prices = plan.need.prices
    if tf.config.list_physical_devices("GPU"):
        return Meter("gpu", prices.gpu_hour_eur)
    return Meter("cpu", prices.cpu_hour_eur)


def write_candidate_bundle(
    candidates: Path,
    architecture: Architecture,
    converted: bytes,
    chain: Chain,
    features: Path,
    plan: Plan,
    usage: Usage,
    quantization: str = "",
    variant: str = "",
    hyperparameters: Values | None = None,
) -> Path:
    """Writes the bundle of a converted model.

    Args:
        candidates: Directory of candidates.
        architecture: What built and exported the model.
        converted: What `Architecture.export` returned.
        chain: Techniques that were applied, this quantisation included.
        features: Directory of the features that it was trained on.
        plan: What it was trained for.
        usage: What all its training took, from the start.
        quantization: How it was exported.
        variant: See `candidate_id`.
        hyperparameters: What an automatic search chose, if there was one.

    Returns:
        The bundle's directory.
    """
    parts, description = architecture.bundle_parts(quantization), read_features(features)
    manifest = Manifest(
        candidate=candidate_id(architecture.name, chain, variant),
        task=description.task,
        model=architecture.name,
        base_model=architecture.base_model,
        chain=chain,
        runtime="litert",
        predictor=parts.predictor,
        natural_steps=description.natural_steps,
        preprocessing=parts.preprocessing,
        data_fingerprint=description.data_fingerprint,
        code_fingerprint=plan.code_fingerprint,
        hyperparameters=hyperparameters or {},
        training=usage,
    )
    directory = bundle_directory(candidates, manifest.candidate)
    write_bundle(directory, manifest, {"model.tflite": converted, **parts.files, **profile_file(features)})
    return directory


def write_trained_candidate(
    candidates: Path,
    architecture: Architecture,
    model: Any,
    chain: Chain,
    features: Path,
    plan: Plan,
    usage: Usage,
    hyperparameters: Values | None = None,
) -> Path:
    """Writes the float bundle of a plain Keras model and the checkpoint that techniques start from.

    Args:
        candidates: Directory of candidates.
        architecture: What built the model.
        model: Stripped of all wrappers.
        chain: Techniques that were applied.
        features: Directory of the features that it was trained on.
        plan: What it was trained for.
        usage: What all its training took, from the start.
        hyperparameters: What an automatic search chose, if there was one.

    Returns:
        The bundle's directory.
    """
    checkpoint = checkpoint_directory(candidates, candidate_id(architecture.name, chain))
    save_checkpoint(checkpoint, architecture, model, chain, usage)
    return write_candidate_bundle(
        candidates,
        architecture,
        architecture.export(model),
        chain,
        features,
        plan,
        usage,
        hyperparameters=hyperparameters,
    )
