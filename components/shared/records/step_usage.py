"""What the steps of a run took: one JSON file, a list of `StepUsage`, which every step writes and compare reads."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from components.shared.errors import UserError
from components.shared.files import write_text
from components.shared.meter import Usage


class StepUsage(BaseModel):
    """What one step took.

    Attributes:
        step: Such as "clean" or "quantize-aware".
        model: The model it worked on, where a step runs for several; empty otherwise.
        started, ended: When its process did so; a step whose result came from the cache ran in an earlier run.
        usage: What it took. It knows no price: that is the need's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    model: str = ""
    started: AwareDatetime
    ended: AwareDatetime
    usage: Usage

    @property
    def name(self) -> str:
        """The step and its model, for people."""
        return f"{self.step} {self.model}".strip()

    def is_cached(self, run_started: datetime) -> bool:
        """Returns whether the step ran before this run began, so that its result came from the cache."""
        return self.ended < run_started


_LIST = TypeAdapter(tuple[StepUsage, ...])


def write_step_usages(path: Path, usages: Sequence[StepUsage]) -> None:
    """Writes what steps took, atomically."""
    write_text(path, _LIST.dump_json(tuple(usages), indent=2).decode() + "\n")


def read_step_usages(paths: Iterable[Path]) -> list[StepUsage]:
    """Returns what the steps of several files took, in the order in which they started.

    Raises:
        UserError: A file is missing or not of this version.
    """
    usages: list[StepUsage] = []
    for path in paths:
        try:
            usages += _LIST.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(f"{path}: not readable as what a step took; run that step again") from error
    return sorted(usages, key=lambda one: one.started)
