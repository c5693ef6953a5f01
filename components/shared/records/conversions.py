"""What a technique did to its model, checked right after it was applied: conversion.json beside a candidate."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from components.shared.files import write_text
from components.shared.meter import Usage

CONVERSION = "conversion.json"


class Likeness(BaseModel):
    """How near a candidate is, on one run time, to the float model that its chain starts from.

    Attributes:
        agreement: Share of the reviews for which both predict the same label.
        largest_difference: Largest absolute difference between two probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    agreement: float
    largest_difference: float


class Conversion(BaseModel):
    """One candidate against the float model that its chain starts from, on the same reviews of tune.

    Attributes:
        agreement, largest_difference: On LiteRT, see `Likeness`.
        onnxruntime: The same on ONNX Runtime; None if there is no bundle for it, or nobody looked.
        accuracy, float_accuracy: Of the candidate, on LiteRT, and of the float model.
        reviews: How many.
        sparsity: Share of zeros among the weights that techniques may change, as stored for LiteRT.
        distinct_weights: Median, over the matrices that techniques may change, of the number of different values,
            as stored for LiteRT.
        usage: What the last technique of the chain took by itself.
        notes: What was done otherwise than asked, layer by layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    agreement: float
    largest_difference: float
    onnxruntime: Likeness | None = None
    accuracy: float
    float_accuracy: float
    reviews: int
    sparsity: float
    distinct_weights: int
    usage: Usage
    notes: tuple[str, ...] = ()

    def likeness(self, runtime: str) -> Likeness | None:
        """Returns how near the candidate is to the float model on a run time; None if that is not known."""
        if runtime == "onnxruntime":
            return self.onnxruntime
        return Likeness(agreement=self.agreement, largest_difference=self.largest_difference)


def write_conversion(candidate: Path, conversion: Conversion) -> None:
    """Writes a conversion into the directory of a candidate."""
    write_text(candidate / CONVERSION, conversion.model_dump_json(indent=2) + "\n")


def read_conversions(candidates: Iterable[Path]) -> dict[str, Conversion]:
    """Returns candidate -> conversion, sorted, of those in some directories of candidates that have one."""
    paths = {path.parent.name: path for directory in candidates for path in directory.glob(f"*/{CONVERSION}")}
    return {name: Conversion.model_validate_json(paths[name].read_bytes()) for name in sorted(paths)}
