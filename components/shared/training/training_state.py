"""Training that survives a kill: its whole state in a directory, found again by what is trained.

<directory>/<fingerprint>/<step>/checkpoint...    weights, Adam's moments and random states, by TensorFlow
<directory>/<fingerprint>/<step>/best.npz         the best epoch's weights; only once there is one
<directory>/<fingerprint>/<step>/progress.json    see `Progress`

A step's directory appears whole, by one renaming, before the one before it is removed: whenever the process is
killed, the newest is complete. The fingerprint is made from everything that the result depends on, so training
never goes on from the state of another one.
"""

import contextlib
import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from tqdm import tqdm

from components.shared.files import atomic_path
from components.shared.records.history import History
from components.shared.training.keras import tf

_CHECKPOINT, _BEST, _PROGRESS = "checkpoint", "best.npz", "progress.json"
#: States that nobody came back for are removed after this long.
_FORGOTTEN_SECONDS = 14 * 24 * 3600

Weights = list[NDArray[Any]]


class Progress(BaseModel):
    """How far a training has come.

    Attributes:
        epoch, batch: The next batch to learn from.
        loss, gradient_norm, seconds: Sums over this epoch so far: weighted loss, norms and wall time.
        total_seconds: Wall time of all processes that worked on this training.
        is_over: Whether nothing is left to train.
        history: Of the epochs that are complete.
    """

    model_config = ConfigDict(extra="forbid")

    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    gradient_norm: float = 0.0
    seconds: float = 0.0
    total_seconds: float = 0.0
    is_over: bool = False
    history: History = History()


class TrainingState:
    """The saved state of one training."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, checkpoint: Any, progress: Progress, best: Weights | None) -> None:
        """Saves everything; a state that cannot be written is told, and training goes on.

        Args:
            checkpoint: From `Trainer.checkpoint`.
            progress: How far training is.
            best: Weights of the best epoch, if there is one yet.
        """
        step = self._directory / f"{progress.epoch:06d}-{progress.batch:09d}"
        try:
            with atomic_path(step) as staged:
                staged.mkdir()
                checkpoint.write(str(staged / _CHECKPOINT))
                if best is not None:
                    np.savez(staged / _BEST, *best, allow_pickle=False)
                (staged / _PROGRESS).write_text(progress.model_dump_json(), encoding="utf-8")
                _flush(staged)
        except (OSError, tf.errors.OpError) as error:
            tqdm.write(f"The state of the training could not be saved: {type(error).__name__}, {error}")
            return
        for older in self._steps()[:-1]:
            shutil.rmtree(older, ignore_errors=True)

    def restore(self, checkpoint: Any) -> tuple[Progress, Weights | None] | None:
        """Brings back what was saved last; None if there is nothing.

        Args:
            checkpoint: From `Trainer.checkpoint`; what it holds is overwritten.
        """
        steps = self._steps()
        if not steps:
            return None
        newest = steps[-1]
        progress = Progress.model_validate_json((newest / _PROGRESS).read_bytes())
        # Adam's moments are read when the first step makes them: this directory has to stay until then.
        checkpoint.read(str(newest / _CHECKPOINT)).assert_existing_objects_matched()
        best = None
        if (newest / _BEST).is_file():
            with np.load(newest / _BEST, allow_pickle=False) as arrays:
                best = [arrays[name] for name in arrays.files]
        return progress, best

    def remove(self) -> None:
        """Removes everything that was saved."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _steps(self) -> list[Path]:
        """Returns the directories of complete states, oldest first."""
        return sorted(path for path in self._directory.glob("[0-9]*") if path.is_dir())


class TrainingStates:
    """The states of all trainings of a `with` block; they are removed when the block ends without an error."""

    def __init__(self, directory: Path | None) -> None:
        """Describes where states are.

        Args:
            directory: Shared by all trainings; None saves nothing.
        """
        self._directory = directory
        self._used: list[TrainingState] = []

    def state_of(self, fingerprint: str) -> TrainingState | None:
        """Returns the state of the training with a fingerprint; None if nothing is to be saved."""
        if self._directory is None:
            return None
        state = TrainingState(self._directory / fingerprint)
        self._used.append(state)
        return state

    def __enter__(self) -> Self:
        if self._directory is not None:
            _remove_forgotten(self._directory)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or self._directory is None:
            return
        for state in self._used:
            state.remove()
        with contextlib.suppress(OSError):  # not empty: others train, too
            self._directory.rmdir()


def states_directory(parameter: str) -> Path | None:
    """Returns the directory that a pipeline parameter names; None if it is empty."""
    return Path(parameter) if parameter else None


def _remove_forgotten(directory: Path) -> None:
    for path in directory.glob("*"):
        with contextlib.suppress(OSError):  # another process was quicker
            if time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                shutil.rmtree(path)


def _flush(directory: Path) -> None:
    """Waits until files are on the disk: a machine that is taken away may lose what it only remembers."""
    for path in (*directory.iterdir(), directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
