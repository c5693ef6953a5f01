"""How a training went, epoch by epoch: history.json beside a candidate."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from components.shared.files import write_text

HISTORY = "history.json"


class History(BaseModel):
    """What happened, epoch by epoch: each list has one value an epoch.

    Attributes:
        loss: Mean weighted training loss.
        gradient_norm: Mean over the steps of the gradient's norm, before it is clipped.
        tune_macro_f1, tune_accuracy: Quality on tune after the epoch.
        seconds: Wall time of the epoch's training steps, without the predictions on tune.
        reviews: Reviews an epoch.
        best_epoch: Index of the epoch whose weights the model has now.
        devices: Processors that shared every batch.
        mixed_precision: Whether most of the computation was in float16.
        earlier_seconds: Wall time in earlier processes, up to what they saved last, if training was resumed.
    """

    model_config = ConfigDict(extra="forbid")

    loss: list[float] = []
    gradient_norm: list[float] = []
    tune_macro_f1: list[float] = []
    tune_accuracy: list[float] = []
    seconds: list[float] = []
    reviews: int = 0
    best_epoch: int = 0
    devices: int = 1
    mixed_precision: bool = False
    earlier_seconds: float = 0.0

    @property
    def speeds(self) -> list[float]:
        """Reviews a second, epoch by epoch."""
        return [self.reviews / seconds for seconds in self.seconds]

    @property
    def reviews_per_second(self) -> float:
        """Reviews a second over all epochs."""
        return self.reviews * len(self.seconds) / sum(self.seconds)


def write_history(candidate: Path, history: History) -> None:
    """Writes a history into the directory of a candidate."""
    write_text(candidate / HISTORY, history.model_dump_json(indent=2) + "\n")


def read_histories(candidates: Iterable[Path]) -> dict[str, History]:
    """Returns candidate -> history, sorted, of those in some directories of candidates that have one."""
    paths = {path.parent.name: path for directory in candidates for path in directory.glob(f"*/{HISTORY}")}
    return {name: History.model_validate_json(paths[name].read_bytes()) for name in sorted(paths)}
