"""Opens a file for reading, unpacking gzip and zip on the way, within limits."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from components.ingest.source_table import listed, shown
from components.shared.errors import UserError

#: Suffixes of the tables that are taken from a folder or an archive.
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
ARCHIVE_SUFFIXES = frozenset({".gz", ".zip"})

#: Tables shrink to a third or a tenth. What grows far beyond that is made to fill a disk.
LARGEST_RATIO = 200
#: Small files of repeated rows may shrink further and do no harm.
_UNPACKED_BYTES_ALLOWED = 64 << 20
_BUFFER_BYTES = 1 << 20
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)
_ENCRYPTED_FLAG = 1


def opener(path: Path, label: str) -> Callable[[], IO[bytes]]:
    """Returns a function that opens the content of a file from its beginning, unpacked if it is a gzip or zip.

    Args:
        path: A local file.
        label: What messages call the file.

    Raises:
        UserError: The file cannot be opened, or is a zip file that is damaged, encrypted, holds anything but
            one table, or a path that leads out of it. While reading: what is packed is damaged, or unpacks to
            more than LARGEST_RATIO times its size.
    """
    start = _start_of(path, label)
    if start.startswith(b"\x1f\x8b"):
        return lambda: _limited(gzip.GzipFile(path), path.stat().st_size, label)
    if start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        member = _table_of(path, label)
        return lambda: _limited(_open_member(path, member), min(member.compress_size, path.stat().st_size), label)
    return lambda: path.open("rb", buffering=_BUFFER_BYTES)


def is_packed(path: Path, label: str) -> bool:
    """Returns whether a file is a gzip or a zip; raises UserError if it cannot be opened."""
    return _start_of(path, label).startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"))


def _start_of(path: Path, label: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise UserError(f"{label}: cannot be read: {error.strerror}; check the path and its permissions") from error


def _open_member(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        return archive.open(member)


def _table_of(path: Path, label: str) -> zipfile.ZipInfo:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise UserError(f"{label}: a damaged zip file; fetch or pack it again") from error
    _refuse_office_document(members, label)
    for member in members:
        _check_path(member, label)
    files = [member for member in members if not member.is_dir() and not _is_hidden(member.filename)]
    tables = [member for member in files if PurePosixPath(member.filename).suffix.lower() in TABLE_SUFFIXES]
    chosen = files if len(files) == 1 else tables
    if len(chosen) != 1:
        found = listed([member.filename for member in chosen or files]) or "nothing"
        raise UserError(f"{label}: a zip file must hold exactly one table, this one holds {found}; unpack it")
    if chosen[0].flag_bits & _ENCRYPTED_FLAG:
        raise UserError(f"{label}: the zip file is encrypted; unpack it with its password first")
    return chosen[0]


def _refuse_office_document(members: list[zipfile.ZipInfo], label: str) -> None:
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise UserError(f"{label}: an Excel workbook or another office document; save the sheet as CSV in UTF-8")


def _check_path(member: zipfile.ZipInfo, label: str) -> None:
    path = PureWindowsPath(member.filename)  # these know both kinds of slashes
    if path.anchor or ".." in path.parts:
        raise UserError(
            f"{label}: the zip file holds the path '{shown(member.filename)}', which leads out of it; "
            "it was made to do harm: do not use it"
        )


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _limited(stream: IO[bytes] | gzip.GzipFile, packed_bytes: int, label: str) -> IO[bytes]:
    return io.BufferedReader(_Unpacked(stream, packed_bytes, label), _BUFFER_BYTES)


class _Unpacked(io.RawIOBase):
    """What an archive unpacks to; reading it measures it, and turns the archive's errors into one line."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed_bytes: int, label: str) -> None:
        self._stream = stream
        self._label = label
        self._left = max(_UNPACKED_BYTES_ALLOWED, LARGEST_RATIO * packed_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            content = self._stream.read(len(buffer))
        except _DAMAGED as error:
            raise UserError(f"{self._label}: damaged or cut short; fetch or pack it again") from error
        except (NotImplementedError, RuntimeError) as error:
            raise UserError(f"{self._label}: packed in a way that is not supported; unpack it") from error
        self._left -= len(content)
        if self._left < 0:
            raise UserError(
                f"{self._label}: unpacks to more than {LARGEST_RATIO} times its size, the limit for files over "
                f"{_UNPACKED_BYTES_ALLOWED >> 20} MB; if you trust it, unpack it and pass the file in it"
            )
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()
