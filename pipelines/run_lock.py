"""One run at a time in a directory of results."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from components.shared.errors import UserError

LOCK = ".lock"


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Keeps other runs out of a directory while the block runs.

    The lock is the kernel's: it ends with the process, however that ends, and a lock file that a killed run left is
    no lock. A directory that was not there before goes away again if the block leaves nothing in it.

    Args:
        out: The directory; created if it is missing.

    Raises:
        UserError: Another run is at work there, or nothing can be written there.
    """
    existed = out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = _acquire(out)
    except OSError as error:
        raise UserError(f"{out}: cannot write there ({error.strerror}); choose another --out") from error
    with held:
        try:
            yield
        finally:
            (out / LOCK).unlink(missing_ok=True)
            if not existed:
                with contextlib.suppress(OSError):  # not empty: what the run left stays
                    out.rmdir()


def _acquire(out: Path) -> TextIO:
    """Returns the lock file, open and locked until it is closed."""
    while True:
        with contextlib.ExitStack() as closing:
            stream = closing.enter_context((out / LOCK).open("a+", encoding="utf-8"))
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                stream.seek(0)
                holder = stream.read()
                raise UserError(
                    f"{out}: another run is at work there ({holder}); wait for its end, or choose another --out"
                ) from error
            if _is_current(stream, out / LOCK):
                stream.truncate(0)
                stream.write(f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
                stream.flush()
                closing.pop_all()
                return stream


def _is_current(stream: TextIO, path: Path) -> bool:
    """Returns whether a file is still the one of its name: a run that ends removes the file that it has locked."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    return False
