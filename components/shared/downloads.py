"""Downloads from Google Cloud Storage, and what every download shares: a progress bar and short reasons."""

from pathlib import Path

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
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.cloud import storage

    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not bucket or not name:
        raise UserError(f"{uri}: expected gs://bucket/path/of/file")
    try:
        try:
            client = storage.Client()
        except DefaultCredentialsError:
            client = storage.Client.create_anonymous_client()
        blob = client.bucket(bucket).blob(name)
        blob.reload(timeout=TIMEOUT_SECONDS)
        with path.open("wb") as stream, meter_bytes(blob.size) as progress:
            blob.download_to_file(CallbackIOWrapper(progress.update, stream, "write"), timeout=TIMEOUT_SECONDS)
    except (GoogleAPIError, GoogleAuthError, requests.RequestException, OSError, ValueError) as error:
        raise UserError(f"{uri}: cannot be read: {reason_of(error)}; check the URI and your access") from error
    return path


def meter_bytes(size: int | None) -> "tqdm[None]":
    """Returns a progress bar over bytes; `size` is None if it is not known."""
    return tqdm(total=size, unit="B", unit_scale=True, desc="download", mininterval=1.0)


def reason_of(error: Exception) -> str:
    """Returns why a download failed in a few words: the HTTP status, or the kind of error."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    code = getattr(error, "code", None)
    return f"HTTP status {int(code)}" if isinstance(code, int) else type(error).__name__
