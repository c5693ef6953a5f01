"""Downloads from Google Cloud Storage, and what every download shares: a progress bar and short reasons."""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NoReturn

import requests
from tqdm import tqdm
from tqdm.utils import CallbackIOWrapper

from components.shared.errors import UserError

TIMEOUT_SECONDS = 30


def download_gs(uri: str, path: Path) -> Path:
    """Writes an object of Google Cloud Storage to `path` and returns it.

    Uses the account of the environment, or none for public objects; STORAGE_EMULATOR_HOST is respected.

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
    bucket, _, folder = uri.removeprefix("gs://").rstrip("/").partition("/")
    with _one_line_errors(uri):
        for blob in _client().list_blobs(bucket, prefix=f"{folder}/" if folder else None, delimiter="/"):
            name = blob.name.rpartition("/")[2]
            if name in names:
                _download(blob, directory / name)


def _client() -> Any:
    from google.auth.exceptions import DefaultCredentialsError
    from google.cloud import storage

    try:
        return storage.Client()
    except DefaultCredentialsError:
        return storage.Client.create_anonymous_client()


def _download(blob: Any, path: Path) -> None:
    with path.open("wb") as stream, meter_bytes(blob.size) as progress:
        blob.download_to_file(CallbackIOWrapper(progress.update, stream, "write"), timeout=TIMEOUT_SECONDS)


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
