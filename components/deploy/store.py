"""The versioned model store: v0001, v0002, ... beside a `champion` link to the version that is deployed.

Versions appear whole, by renaming, and never change. A publish that is killed leaves no version and the old
champion; its working directory, a hidden one, is removed by a later publish.
"""

import contextlib
import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from components.shared.bundle import MANIFEST, MODEL_CARD, read_manifest
from components.shared.errors import UserError

CHAMPION = "champion"

_VERSION = re.compile(r"v(\d{4,})")
_INCOMING = ".incoming-"
_LEFTOVER_AFTER_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Published:
    """What publishing led to.

    Attributes:
        version: Name of the version, such as "v0003".
        is_new: False if the store held this very bundle already.
    """

    version: str
    is_new: bool


def publish(bundle: Path, store: Path) -> Published:
    """Copies a bundle into the store as a version of its own; what is champion does not change.

    A bundle is known by its manifest, which holds the hash of every file: publishing it again gives the
    version it has. Any number of processes may publish at once.

    Args:
        bundle: The bundle's directory.
        store: The store's directory; created if it is missing.

    Raises:
        UserError: The bundle is damaged, or the store cannot be written.
    """
    read_manifest(bundle)
    known = _find(bundle, store)
    if known:
        return Published(known, is_new=False)
    try:
        store.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(store)
        incoming = store / f"{_INCOMING}{uuid.uuid4().hex}"
        try:
            _copy(bundle, incoming)
            return Published(_name(incoming, store), is_new=True)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{store}: cannot write the model store ({error.strerror}); check path and rights") from error


def promote(version: str, store: Path) -> None:
    """Makes a version the champion, atomically: readers see the old one or the new one.

    Raises:
        UserError: There is no such version, or the link cannot be written.
    """
    read_manifest(store / version)
    champion(store)
    link = store / CHAMPION
    staged = store / f"{_INCOMING}{uuid.uuid4().hex}"
    try:
        staged.symlink_to(version)
        os.replace(staged, link)
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise UserError(f"{link}: cannot be written ({error.strerror}); the store needs symbolic links") from error


def withdraw(version: str, store: Path) -> None:
    """Removes a version that did not come into service; never the champion."""
    if champion(store) == version:
        return
    leaving = store / f"{_INCOMING}{uuid.uuid4().hex}"
    (store / version).rename(leaving)
    shutil.rmtree(leaving, ignore_errors=True)


def champion(store: Path) -> str | None:
    """Returns the version that is deployed, or None.

    Raises:
        UserError: `champion` is something else than a link, so not this store's.
    """
    link = store / CHAMPION
    if link.exists() and not link.is_symlink():
        raise UserError(f"{link}: not a link made by this store; move it away, then deploy again")
    return os.readlink(link) if link.is_symlink() else None


def versions(store: Path) -> list[str]:
    """Returns the versions of a store, oldest first."""
    if not store.is_dir():
        return []
    names = [path.name for path in store.iterdir() if _VERSION.fullmatch(path.name)]
    return sorted(names, key=_number)


def _number(version: str) -> int:
    match = _VERSION.fullmatch(version)
    assert match
    return int(match.group(1))


def _find(bundle: Path, store: Path) -> str | None:
    """Returns the undamaged version that holds this bundle."""
    wanted = (bundle / MANIFEST).read_bytes()
    for version in reversed(versions(store)):
        try:
            if (store / version / MANIFEST).read_bytes() == wanted:
                read_manifest(store / version)
                return version
        except (OSError, UserError):
            continue
    return None


def _copy(bundle: Path, incoming: Path) -> None:
    """Copies the files of a bundle and its card, nothing else, and verifies what arrived."""
    incoming.mkdir()
    for name in (MANIFEST, *read_manifest(bundle, verify=False).files):
        shutil.copyfile(bundle / name, incoming / name)
    if (bundle / MODEL_CARD).is_file():
        shutil.copyfile(bundle / MODEL_CARD, incoming / MODEL_CARD)
    read_manifest(incoming)


def _name(incoming: Path, store: Path) -> str:
    """Gives a complete copy the next free version.

    Renaming onto a version that another process has just named fails, as it is not empty.
    """
    number = max(map(_number, versions(store)), default=0) + 1
    while True:
        version = f"v{number:04d}"
        try:
            incoming.rename(store / version)
        except OSError:
            if not (store / version).exists():
                raise
            number += 1
        else:
            return version


def _remove_leftovers(store: Path) -> None:
    """Removes what publishes that were killed have left, old enough to be nobody's work."""
    for path in store.glob(f"{_INCOMING}*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just given it its name
            if not path.is_symlink() and time.time() - path.stat().st_mtime > _LEFTOVER_AFTER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
