"""Fingerprints of data and code: what the cached steps take as input, so that a cache never serves stale work."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from components.shared.files import sha256_of

_SHORT = 16


class TableFingerprint:
    """Takes in a table partition by partition; however it is cut, the same rows give the same fingerprint."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._columns: list[str] = []

    def update(self, partition: pd.DataFrame) -> None:
        """Adds the next rows; all partitions have the same columns."""
        self._columns = list(map(str, partition.columns))
        self._digest.update(pd.util.hash_pandas_object(partition, index=False).to_numpy().tobytes())

    def hexdigest(self, description: str = "") -> str:
        """Returns 16 hexadecimal digits that change with any value, column name or row order of the table.

        Args:
            description: What else the fingerprint speaks of, such as the meaning of the columns.
        """
        whole = self._digest.copy()
        whole.update("\n".join([*self._columns, description]).encode())
        return whole.hexdigest()[:_SHORT]


def code_fingerprint(package: Path | None = None) -> str:
    """Returns 16 hexadecimal digits that change with any Python or data file of the steps.

    Args:
        package: Directory to hash; by default the installed `components` package, so that inside an image
            it speaks of the code which that image really holds.
    """
    return directory_fingerprint(package or Path(__file__).resolve().parents[1])


def directory_fingerprint(directory: Path) -> str:
    """Returns 16 hexadecimal digits that change with any file's name or content below a directory."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return _fingerprint({path.relative_to(directory).as_posix(): path for path in files})


def files_fingerprint(files: Iterable[Path]) -> str:
    """Returns 16 hexadecimal digits that change with any name or content of some files of one directory."""
    return _fingerprint({path.name: path for path in files})


def _fingerprint(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(f"{name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()[:_SHORT]
