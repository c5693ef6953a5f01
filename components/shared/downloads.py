"""Downloads over https:// and from Google Cloud Storage: to a temporary name, with a progress bar, resumed if cut.

A file has its final name only when all of it is there.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import requests
from tqdm import tqdm
from tqdm.utils import CallbackIOWrapper

from components.shared.errors import UserError

TIMEOUT_SECONDS = 30

#: How long to wait before each further attempt of a download that was cut.
_WAITS_SECONDS = (1, 2, 4, 8)
_CHUNK_BYTES = 1 << 18


class _Cut(requests.HTTPError):
    """An answer after which a further attempt may help."""


def download_https(uri: str, path: Path) -> Path:
    """Writes a file from the web to `path` and returns it.

    A connection that is cut is taken up again where it was, if the server can do so and the file is still the
    same (RFC 9110, Range and If-Range), else from the beginning; at most four times, with growing waits.

    Args:
        uri: https://...
        path: The file to write.

    Raises:
        UserError: The file cannot be read.
    """
    partial = _partial(path)
    try:
        with meter_bytes(None) as progress:
            _HttpsDownload(uri, partial, progress).run()
        os.replace(partial, path)
    except (requests.RequestException, OSError) as error:
        raise UserError(f"{uri}: cannot be read: {reason_of(error)}; check the URI and the network") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


@dataclass
class _HttpsDownload:
    """One file on its way from the web to `path`.

    Attributes:
        uri, path, progress: From where, to where, and the bar that tells how far.
        validator: What names the version of the file that is being written, for If-Range; "" if nothing does.
    """

    uri: str
    path: Path
    progress: "tqdm[NoReturn]"
    validator: str = ""

    def run(self) -> None:
        """Downloads the file; raises what stopped the last attempt."""
        for wait in _WAITS_SECONDS:
            try:
                return self._attempt()
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError, _Cut):
                time.sleep(wait)
        return self._attempt()

    def _attempt(self) -> None:
        present = self.path.stat().st_size if self.validator and self.path.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if present:
            headers |= {"Range": f"bytes={present}-", "If-Range": self.validator}
        with requests.get(self.uri, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
            self._require_content(response, present)
            self.validator = _validator(response)
            goes_on = response.status_code == requests.codes.partial_content
            size = _size(response)
            self.progress.reset(None if size is None else size + present * goes_on)
            self.progress.update(present * goes_on)
            with self.path.open("ab" if goes_on else "wb") as stream:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    self.progress.update(stream.write(chunk))

    def _require_content(self, response: requests.Response, present: int) -> None:
        """Raises _Cut if another attempt may help, and HTTPError if none will."""
        status = response.status_code
        if status == requests.codes.partial_content and not self._goes_on(response, present):
            self.validator = ""
            raise _Cut("another part of the file was sent")
        if present and status == requests.codes.requested_range_not_satisfiable:
            self.validator = ""
            raise _Cut("the file has become shorter")
        if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
            raise _Cut(response=response)
        response.raise_for_status()

    def _goes_on(self, response: requests.Response, present: int) -> bool:
        start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        return bool(start and int(start[1]) == present > 0 and _validator(response) in ("", self.validator))


def _validator(response: requests.Response) -> str:
    """Returns what If-Range may hold: a strong entity tag or a date of change, or "" (RFC 9110, 13.1.5)."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _size(response: requests.Response) -> int | None:
    return int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None


def download_gs(uri: str, path: Path) -> Path:
    """Writes an object of Google Cloud Storage to `path` and returns it.

    Uses the account of the environment, or none for public objects; STORAGE_EMULATOR_HOST is respected. The
    client library resumes and retries, and compares checksums.

    Args:
        uri: gs://bucket/path/of/object.
        path: The file to write.

    Raises:
        UserError: The URI is incomplete, or the object cannot be read.
    """
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not bucket or not name:
        raise UserError(f"{uri}: expected gs://bucket/path/of/file")
    with _one_line_errors(uri):
        blob = _client().bucket(bucket).blob(name)
        blob.reload(timeout=TIMEOUT_SECONDS)
        _download(blob, path)
    return path


def download_gs_files(uri: str, names: Collection[str], directory: Path) -> None:
    """Writes those of the named files that are in a folder of Google Cloud Storage into `directory`.

    Args:
        uri: gs://bucket/path/of/folder.
        names: Names of files directly in that folder; a missing one is no error here.
        directory: An existing directory.

    Raises:
        UserError: The folder cannot be read.
    """
    download_gs_folder(uri, lambda name: name in names, directory)


def download_gs_folder(uri: str, is_wanted: Callable[[str], bool], directory: Path) -> list[Path]:
    """Writes the wanted files of a folder of Google Cloud Storage into `directory`; returns them sorted by name.

    Args:
        uri: gs://bucket/path/of/folder; deeper folders are left out.
        is_wanted: Whether a file with that name is wanted.
        directory: An existing directory.

    Raises:
        UserError: The folder cannot be read.
    """
    bucket, _, folder = uri.removeprefix("gs://").rstrip("/").partition("/")
    if not bucket:
        raise UserError(f"{uri}: expected gs://bucket/path/of/folder")
    paths = []
    with _one_line_errors(uri):
        for blob in _client().list_blobs(bucket, prefix=f"{folder}/" if folder else None, delimiter="/"):
            name = blob.name.rpartition("/")[2]
            if name and is_wanted(name):
                _download(blob, directory / name)
                paths.append(directory / name)
    return sorted(paths)


def _client() -> Any:
    from google.auth.exceptions import DefaultCredentialsError
    from google.cloud import storage

    try:
        return storage.Client()
    except DefaultCredentialsError:
        return storage.Client.create_anonymous_client()


def _download(blob: Any, path: Path) -> None:
    partial = _partial(path)
    try:
        with partial.open("wb") as stream, meter_bytes(blob.size) as progress:
            blob.download_to_file(CallbackIOWrapper(progress.update, stream, "write"), timeout=TIMEOUT_SECONDS)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _one_line_errors(uri: str) -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, requests.RequestException, OSError, ValueError) as error:
        raise UserError(f"{uri}: cannot be read: {reason_of(error)}; check the URI and your access") from error


def meter_bytes(size: int | None) -> "tqdm[NoReturn]":
    """Returns a progress bar over bytes; `size` is None if it is not known."""
    return tqdm(total=size, unit="B", unit_scale=True, desc="download", mininterval=1.0)


def reason_of(error: Exception) -> str:
    """Returns why a download failed in a few words: the HTTP status, or the kind of error."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    code = getattr(error, "code", None)
    return f"HTTP status {int(code)}" if isinstance(code, int) else type(error).__name__
