"""Where a model of one's own is, and what kind it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from components.shared.downloads import download_gs_folder
from components.shared.errors import UserError

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
CONFIG = "config.json"
_BESIDE = (".json", ".txt", ".safetensors")
_WANTED = (*KERAS_SUFFIXES, *_BESIDE)


@dataclass(frozen=True)
class Fetched:
    """A model of one's own on this machine.

    Attributes:
        reference: What the user wrote.
        kind: The model that it stands for.
        directory: Holds its files.
        file: The Keras file of an LSTM; config.json of a DistilBERT.
    """

    reference: str
    kind: Literal["lstm", "distilbert"]
    directory: Path
    file: Path

    @property
    def name(self) -> str:
        """The last part of what the user wrote."""
        return self.reference.rstrip("/").rpartition("/")[2] or self.reference

    @property
    def files(self) -> list[Path]:
        """What decides what the model says: its file, and what describes it beside."""
        beside = (path for path in self.directory.iterdir() if path.name.endswith(_BESIDE) and path != self.file)
        return [self.file, *sorted(path for path in beside if path.is_file())]


@contextmanager
def fetched(reference: str) -> Iterator[Fetched]:
    """Yields a model of one's own; what came from a bucket is removed afterwards.

    Args:
        reference: A directory, a Keras file in one, or the gs:// URI of either.

    Raises:
        UserError: There is none, or it is neither a Keras model nor one of Hugging Face.
    """
    with tempfile.TemporaryDirectory() as workspace:
        if reference.startswith("gs://"):
            yield _from_bucket(reference, Path(workspace))
        else:
            yield _identify(reference, Path(reference).expanduser())


def _from_bucket(reference: str, workspace: Path) -> Fetched:
    folder, _, last = reference.rstrip("/").rpartition("/")
    if last.endswith(KERAS_SUFFIXES):
        download_gs_folder(folder, lambda name: name == last or name.endswith(".json"), workspace)
        return _identify(reference, workspace / last)
    download_gs_folder(reference, lambda name: name.endswith(_WANTED), workspace)
    return _identify(reference, workspace)


def _identify(reference: str, path: Path) -> Fetched:
    if path.is_file() and path.name.endswith(KERAS_SUFFIXES):
        return Fetched(reference, "lstm", path.parent, path)
    if not path.is_dir():
        raise UserError(
            f"model {reference}: no such directory or Keras file; give a directory, a .keras or .h5 file, or a "
            "gs:// URI of either"
        )
    if (path / CONFIG).is_file():
        return Fetched(reference, "distilbert", path, path / CONFIG)
    files = sorted(file for file in path.iterdir() if file.name.endswith(KERAS_SUFFIXES))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise UserError(f"model {reference}: it holds several Keras files ({names}); name the one that is meant")
    if not files:
        raise UserError(
            f"model {reference}: it holds neither a .keras or .h5 file nor the {CONFIG} of a Hugging Face model"
        )
    return Fetched(reference, "lstm", path, files[0])
