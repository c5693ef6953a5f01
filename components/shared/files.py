"""Writing files and directories so that a reader never sees half of one."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yields a temporary path beside `final`; moves it there when the block ends without an error.

    Works for a file and for a directory that the block creates. An existing `final` is replaced; after an
    error or a kill it is as it was before.

    Args:
        final: Where the file or directory should be. Its parent is created.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    try:
        staged = workspace / final.name
        yield staged
        if final.is_dir() and not final.is_symlink():
            os.replace(final, workspace / "previous")
        os.replace(staged, final)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file as hexadecimal digits, reading it piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, atomically."""
    with atomic_path(path) as staged:
        staged.write_text(text, encoding="utf-8")
