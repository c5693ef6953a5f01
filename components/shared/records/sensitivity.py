"""Which parts of a model suffer from which technique: sensitivity.json beside the candidates."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from components.shared.files import write_text

SENSITIVITY = "sensitivity.json"

#: What is applied to one part at a time, without training.
Treatment = Literal["int8", "prune", "cluster"]


class PartSensitivity(BaseModel):
    """What one technique, applied to one part of a model alone, does to its predictions.

    Attributes:
        part: Such as "transformer.layer.0.ffn" or "lstm recurrent_kernel".
        layers: Glob of the layers that hold it, as `kept_in_float` takes it.
        treatment: What was applied.
        used: Whether the technique step touches these layers at all; none prunes or clusters an embedding.
        macro_f1_loss: Macro-F1 of the whole float model minus that with the part treated.
        agreement: Share of the reviews for which both predict the same label.
        shift: Share of the probability that moves to other labels, mean over the reviews: half the summed absolute
            differences (the total variation distance), in 0..1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str
    layers: str
    treatment: Treatment
    used: bool
    macro_f1_loss: float
    agreement: float
    shift: float


class Sensitivity(BaseModel):
    """The scan of one model.

    Attributes:
        model: "lstm" or "distilbert".
        reviews: So many reviews of tune were predicted.
        macro_f1: Of the float model on them.
        sparsity: Share of zeros that pruning leaves.
        clusters: Number of distinct weights that clustering leaves in a matrix.
        seconds: How long the scan took.
        figures: Part by part from the input to the output, each with every treatment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    reviews: int
    macro_f1: float
    sparsity: float
    clusters: int
    seconds: float
    figures: tuple[PartSensitivity, ...]


def write_sensitivity(candidates: Path, sensitivity: Sensitivity) -> None:
    """Writes a scan into a directory of candidates."""
    write_text(candidates / SENSITIVITY, sensitivity.model_dump_json(indent=2) + "\n")


def read_sensitivities(candidates: Iterable[Path]) -> list[Sensitivity]:
    """Returns the scans in some directories of candidates, in their order; those without one are passed over."""
    paths = (directory / SENSITIVITY for directory in candidates)
    return [Sensitivity.model_validate_json(path.read_bytes()) for path in paths if path.is_file()]
