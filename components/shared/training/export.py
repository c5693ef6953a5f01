"""Writes candidates: a bundle for each run time, and where techniques may follow, a checkpoint."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from components.shared.architectures.base import Architecture, OnnxConversionError
from components.shared.bundle import Manifest, load_bundle, read_manifest, write_bundle
from components.shared.chains import Chain, candidate_id
from components.shared.errors import UserError
from components.shared.meter import Meter, Usage
from components.shared.predictors.models import LITERT_FILE, ONNX_FILE
from components.shared.predictors.running import Probabilities
from components.shared.records.candidates import bundle_directory, checkpoint_directory, onnx_directory, write_no_onnx
from components.shared.records.features import profile_file, read_features, read_split
from components.shared.records.plan import Plan
from components.shared.records.searches import Values
from components.shared.texts.text import join_titles
from components.shared.training.checkpoints import save_checkpoint
from components.shared.training.examples import stratified_sample
from components.shared.training.fitting import predict
from components.shared.training.keras import tf

_CHECK_ROWS = 64
_CHECK_SEED = 0
#: What Keras and two run times compute of one float32 model differs by rounding alone.
_LARGEST_DIFFERENCE = 1e-3
_Checked = TypeVar("_Checked")


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
    write_bundle(directory, manifest, {LITERT_FILE: converted, **parts.files, **profile_file(features)})
    return directory


def write_onnx_bundle(
    bundle: Path, convert: Callable[[], bytes], check: Callable[[Path], _Checked], quantized: bool = False
) -> _Checked | None:
    """Writes the same candidate for ONNX Runtime, beside its bundle; or why there is none.

    Args:
        bundle: The candidate's bundle for LiteRT; all but the model is taken from it.
        convert: Returns the model for ONNX Runtime, or raises OnnxConversionError.
        check: Raises OnnxConversionError if the written bundle is not to be offered.
        quantized: Whether ranges are found while it runs; then every review is a batch of its own.

    Returns:
        What the check returns; None if there is no such bundle.
    """
    candidates, candidate = bundle.parents[1], bundle.parent.name
    directory, manifest = onnx_directory(candidates, candidate), read_manifest(bundle)
    preprocessing = manifest.preprocessing | {"alone": quantized}
    names = manifest.files.keys() - {LITERT_FILE}
    try:
        files = {ONNX_FILE: convert(), **{name: (bundle / name).read_bytes() for name in names}}
        changes = {"runtime": "onnxruntime", "preprocessing": preprocessing}
        write_bundle(directory, manifest.model_copy(update=changes), files)
        return check(directory)
    except OnnxConversionError as error:
        shutil.rmtree(directory, ignore_errors=True)
        write_no_onnx(candidates, candidate, str(error))
        print(f"{candidate}: not for ONNX Runtime: {str(error)[:200]}", flush=True)
        return None


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
    return write_float_bundles(
        candidates, architecture, model, chain, features, plan, usage, hyperparameters=hyperparameters
    )


def write_float_bundles(
    candidates: Path,
    architecture: Architecture,
    model: Any,
    chain: Chain,
    features: Path,
    plan: Plan,
    usage: Usage,
    variant: str = "",
    hyperparameters: Values | None = None,
) -> Path:
    """Writes the float bundles of a plain Keras model, one for each run time.

    Args:
        candidates: Directory of candidates.
        architecture: What built the model.
        model: Stripped of all wrappers.
        chain: Techniques that were applied.
        features: Directory of the features that it was trained on.
        plan: What it was trained for.
        usage: What all its training took, from the start.
        variant: See `candidate_id`.
        hyperparameters: What an automatic search chose, if there was one.

    Returns:
        The directory of the bundle for LiteRT.

    Raises:
        UserError: On some reviews of tune, the bundle's probabilities are not those of the Keras model. If only
            those of the one for ONNX Runtime are not, there is none.
    """
    reviews = stratified_sample(read_split(features, "tune"), _CHECK_ROWS, _CHECK_SEED)
    texts = join_titles(reviews["title"], reviews["text"])
    # On a GPU, matrix products of float32 may be rounded more than on the processors that bundles run on.
    with tf.device("CPU"):
        expected = predict(architecture, model, architecture.encode(reviews))
    converted = architecture.export(model)
    bundle = write_candidate_bundle(
        candidates,
        architecture,
        converted,
        chain,
        features,
        plan,
        usage,
        variant=variant,
        hyperparameters=hyperparameters,
    )
    if different := _describe_difference(bundle, texts, expected):
        raise UserError(f"{bundle}: {different}; install the versions of constraints.txt and train again")

    def check(onnx: Path) -> None:
        if different := _describe_difference(onnx, texts, expected):
            raise OnnxConversionError(different)

    write_onnx_bundle(bundle, lambda: architecture.export_onnx(model), check)
    return bundle


def _describe_difference(bundle: Path, texts: Sequence[str], expected: Probabilities) -> str:
    """Returns how far a bundle's probabilities are from those expected; empty if rounding explains it."""
    difference = float(np.abs(load_bundle(bundle).predict(texts) - expected).max())
    if difference <= _LARGEST_DIFFERENCE:
        return ""
    return (
        f"its probabilities differ from those of the trained model by up to {difference:.2g} on {len(texts)} reviews"
    )
