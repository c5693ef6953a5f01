"""Brings the source to this machine: from a path, folder or glob, https:// or gs://, checked against its SHA-256."""

import glob
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from components.ingest.compression import ARCHIVE_SUFFIXES, TABLE_SUFFIXES
from components.shared.downloads import download_gs, download_gs_folder, download_https
from components.shared.errors import UserError
from components.shared.files import sha256_of

_KNOWN_SUFFIXES = TABLE_SUFFIXES | ARCHIVE_SUFFIXES
_LONGEST_NAME = 100
_KINDS = ", ".join(sorted(_KNOWN_SUFFIXES))


def fetch(data: str, sha256: str, workspace: Path) -> list[Path]:
    """Returns local files with the data, sorted by name.

    Args:
        data: A local file; a folder, whose tables are taken, hidden files left out; a glob; an https:// URI; a
            gs:// URI of an object, or of a folder if it ends in a slash.
        sha256: Expected SHA-256 of the one file, hexadecimal; may be empty unless `data` is https://.
        workspace: An existing directory for what is downloaded.

    Raises:
        UserError: There is no such file, the URI cannot be read, the SHA-256 is missing or another one, or there
            is one for several files.
    """
    scheme = data.partition("://")[0].lower() if "://" in data else ""
    if scheme == "https":
        if not sha256:
            raise UserError(f"{data}: a file from the web needs its expected SHA-256; pass it with --data-sha256")
        paths = [download_https(data, workspace / _file_name(urlsplit(data).path))]
    elif scheme == "gs":
        paths = _fetch_gs(data, workspace)
    elif scheme:
        raise UserError(f"{data}: '{scheme}://' is not supported; use a local path, https:// or gs://")
    else:
        paths = _local_files(data)
    if sha256:
        _verify(paths, data, sha256)
    return paths


def _fetch_gs(uri: str, workspace: Path) -> list[Path]:
    if not uri.endswith("/"):
        return [download_gs(uri, workspace / _file_name(uri))]
    paths = download_gs_folder(uri, _is_table, workspace)
    if not paths:
        raise UserError(f"{uri}: no table in this folder; expected files that end in {_KINDS}")
    return paths


def _file_name(path: str) -> str:
    """Returns the last part of an address as a name that any file system takes."""
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(unquote(path)).name, flags=re.ASCII)
    return name.lstrip(".")[-_LONGEST_NAME:] or "source"


def _local_files(data: str) -> list[Path]:
    path = Path(data)
    if path.is_file():
        return [path]
    if path.is_dir():
        found: Sequence[Path] = [entry for entry in path.iterdir() if entry.is_file() and _is_table(entry.name)]
        if not found:
            raise UserError(f"{data}: no table in this folder; expected files that end in {_KINDS}")
    elif glob.has_magic(data):
        found = [Path(match) for match in glob.glob(data, recursive=True) if Path(match).is_file()]
        if not found:
            raise UserError(f"{data}: no file fits to this pattern; check the path")
    else:
        raise UserError(f"{data}: no such file; check the path")
    return sorted(found)


def _is_table(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in _KNOWN_SUFFIXES


def _verify(paths: Sequence[Path], data: str, sha256: str) -> None:
    if len(paths) > 1:
        raise UserError(f"{data}: {len(paths)} files and one SHA-256; pass one file, or leave out --data-sha256")
    actual = sha256_of(paths[0])
    if actual != sha256.strip().lower():
        raise UserError(
            f"{data}: wrong checksum, its SHA-256 is {actual} and not {sha256}; check the file and --data-sha256"
        )
