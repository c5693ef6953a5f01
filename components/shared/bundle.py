"""The model bundle: a directory that holds a model and everything needed to use it on raw reviews.

    bundle.json       what it is, how reviews become inputs, where it comes from, SHA-256 of each file
    model.tflite      or model.onnx or weights.npz, by runtime
    vocabulary.json   or tokenizer.json, by model
    profile.json      what train looked like, for drift; scoring does not need it
    model_card.md     for people, only beside a winner; no file of the manifest, as it decides nothing

`load_bundle` turns any bundle into a predictor. It never loads TensorFlow: evaluation, batch scoring and
the prediction server all use it.
"""

import gzip
import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.shared.errors import UserError
from components.shared.files import atomic_path, sha256_of, write_text
from components.shared.meter import Usage
from components.shared.predictors.base import Predictor
from components.shared.predictors.registry import PREDICTORS
from components.shared.predictors.running import Execution
from components.shared.profile import PROFILE, Profile, read_profile_file
from components.shared.quantification import LabelResponses
from components.shared.records.task import Task
from components.shared.texts.text import NATURAL_STEPS

FORMAT_VERSION: Literal[1] = 1
MANIFEST, MODEL_CARD = "bundle.json", "model_card.md"
_SHORT = 16
_GZIP_LEVEL = 6


class FileRecord(BaseModel):
    """Size and hash of one file of a bundle."""

    model_config = ConfigDict(extra="forbid")

    sha256: str
    bytes: int


class Manifest(BaseModel):
    """The content of bundle.json.

    Attributes:
        format_version: Raised when older readers could not read the bundle.
        candidate: Identifier such as "distilbert-prune-dynamic".
        task: Labels and the columns they were learnt from.
        model: "majority", "logistic", "hashing", "lstm" or "distilbert"; or a service, "vader", "azure-language"
            or "chat".
        base_model: What training started from, such as "glove-6b-50d".
        chain: Techniques in the order they were applied; empty for the float parent.
        runtime: What runs the model.
        execution: How it is run: what was fastest where it was measured.
        predictor: Key of the predictor class that understands `preprocessing`.
        natural_steps: Which steps turn a raw review into the natural view, see `text.NATURAL_STEPS`.
        preprocessing: Parameters of that predictor.
        data_fingerprint, code_fingerprint: What the model was made from.
        hyperparameters: What an automatic search chose for the training; empty if there was none.
        training: What training cost, all techniques of the chain included.
        responses: How the model answers to reviews of each label, to correct an average; only of a winner.
        files: Every other file of the bundle that the model needs.
    """

    model_config = ConfigDict(extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    candidate: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    task: Task
    model: str
    base_model: str
    chain: tuple[str, ...] = ()
    runtime: Literal["litert", "onnxruntime", "scikit-learn", "vader", "service"]
    execution: Execution = Execution()
    predictor: str
    natural_steps: tuple[str, ...] = NATURAL_STEPS
    preprocessing: dict[str, object]
    data_fingerprint: str
    code_fingerprint: str
    hyperparameters: dict[str, float | int | str | bool] = {}
    training: Usage
    responses: LabelResponses | None = None
    files: dict[str, FileRecord] = {}


def write_bundle(directory: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Writes a bundle atomically; the manifest's `files` are filled in from what is written.

    Args:
        directory: The bundle's directory; replaced if it exists.
        manifest: Everything but `files`.
        files: Name to content of each file beside bundle.json.
    """
    with atomic_path(directory) as staged:
        staged.mkdir()
        for name, content in files.items():
            (staged / name).write_bytes(content)
        records = {
            name: FileRecord(sha256=sha256_of(staged / name), bytes=len(content)) for name, content in files.items()
        }
        complete = manifest.model_copy(update={"files": records})
        (staged / MANIFEST).write_text(complete.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(directory: Path, verify: bool = True) -> Manifest:
    """Returns the manifest of a bundle.

    Args:
        directory: The bundle's directory.
        verify: Whether to compare every file with its recorded SHA-256.

    Raises:
        UserError: There is no bundle, it is of another format version, or a file is missing or damaged.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise UserError(f"{directory}: not a model bundle, it has no {MANIFEST}")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise UserError(
            f"{path}: not a bundle of format {FORMAT_VERSION}: {where}: {first['msg']}; train or fetch it again"
        ) from error
    if verify:
        _verify_files(directory, manifest)
    return manifest


def set_execution(directory: Path, execution: Execution) -> None:
    """Records in an existing bundle how its model is run."""
    _record(directory, execution=execution)


def set_responses(directory: Path, responses: LabelResponses) -> None:
    """Records in an existing bundle how its model answers to reviews of each label."""
    _record(directory, responses=responses)


def _record(directory: Path, **changes: object) -> None:
    manifest = read_manifest(directory, verify=False).model_copy(update=changes)
    write_text(directory / MANIFEST, manifest.model_dump_json(indent=2) + "\n")


def _verify_files(directory: Path, manifest: Manifest) -> None:
    for name, record in manifest.files.items():
        path = directory / name
        if Path(name).name != name:
            raise UserError(f"{directory}: bundle names a file outside itself ('{name}'); do not use it")
        if not path.is_file():
            raise UserError(f"{path}: this file of the bundle is missing; fetch the bundle again")
        if path.stat().st_size != record.bytes or sha256_of(path) != record.sha256:
            raise UserError(f"{path}: damaged (its SHA-256 is not the recorded one); fetch the bundle again")


def load_bundle(directory: Path, execution: Execution | None = None) -> Predictor:
    """Returns the predictor of a verified bundle.

    Args:
        directory: The bundle's directory.
        execution: How to run the model; None means as the manifest says.

    Returns:
        A predictor: `predict(raw_texts)` gives probabilities of shape (n, classes).

    Raises:
        UserError: As `read_manifest`; or the bundle needs a predictor that this version does not have.
    """
    manifest = read_manifest(directory)
    predictors = _predictors(manifest.runtime)
    if manifest.predictor not in predictors:
        known = ", ".join(sorted(predictors))
        raise UserError(f"{directory}: unknown predictor '{manifest.predictor}'; this version knows {known}")
    try:
        return predictors[manifest.predictor](
            directory,
            manifest.task,
            manifest.preprocessing,
            manifest.natural_steps,
            execution or manifest.execution,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{directory / MANIFEST}: preprocessing.{where}: {first['msg']}") from error


def _predictors(runtime: str) -> dict[str, type[Predictor]]:
    """Returns `Manifest.predictor` -> class."""
    if runtime not in ("vader", "service"):
        return PREDICTORS
    # Here, because they bring clients and price lists along, which take as long to import as a model to load.
    from components.shared.services.predictors import SERVICE_PREDICTORS

    return SERVICE_PREDICTORS


def read_profile(directory: Path) -> Profile:
    """Returns the reference profile of a verified bundle.

    Raises:
        UserError: As `read_manifest`; or the bundle has no profile.
    """
    read_manifest(directory)
    return read_profile_file(directory / PROFILE)


def content_fingerprint(manifest: Manifest) -> str:
    """Returns 16 hexadecimal digits that change with whatever decides the predictions of a bundle."""
    content = manifest.model_dump_json(include={"task", "predictor", "natural_steps", "preprocessing", "files"})
    return hashlib.sha256(content.encode()).hexdigest()[:_SHORT]


def size_bytes(directory: Path) -> int:
    """Returns the size on disk, in bytes, of what scoring needs: all files but reference profile and card."""
    return sum(path.stat().st_size for path in _scoring_files(directory))


def gzip_bytes(directory: Path) -> int:
    """Returns what `size_bytes` counts, each file compressed as the gzip command does by default."""
    return sum(len(gzip.compress(path.read_bytes(), _GZIP_LEVEL, mtime=0)) for path in _scoring_files(directory))


def _scoring_files(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_file() and path.name not in (PROFILE, MODEL_CARD)]
