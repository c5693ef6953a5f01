"""Brings the source file to this machine: from a path, https:// or gs://, checked against its SHA-256."""

from pathlib import Path

import requests
from tqdm import tqdm

from components.shared.errors import UserError
from components.shared.files import sha256_of

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30


def fetch(data: str, sha256: str, workspace: Path) -> Path:
    """Returns a local file with the data.

    Args:
        data: A local path, an https:// or a gs:// URI.
        sha256: Expected SHA-256, hexadecimal; may be empty unless `data` is https://.
        workspace: An existing directory for what is downloaded.

    Raises:
        UserError: There is no such file, the URI cannot be read, or the SHA-256 is missing or another one.
    """
    scheme = data.partition("://")[0].lower() if "://" in data else ""
    if scheme == "https":
        if not sha256:
            raise UserError(f"{data}: a file from the web needs its expected SHA-256; pass it with --data-sha256")
        path = _download_https(data, workspace / "source")
    elif scheme == "gs":
        path = _download_gs(data, workspace / "source")
    elif scheme:
        raise UserError(f"{data}: '{scheme}://' is not supported; use a local path, https:// or gs://")
    else:
        path = Path(data)
        if not path.is_file():
            raise UserError(f"{data}: no such file; check the path")
    if sha256:
        _verify(path, data, sha256)
    return path


def _verify(path: Path, data: str, sha256: str) -> None:
    actual = sha256_of(path)
    if actual != sha256.strip().lower():
        raise UserError(
            f"{data}: wrong checksum, its SHA-256 is {actual} and not {sha256}; check the file and --data-sha256"
        )


def _download_https(uri: str, path: Path) -> Path:
    try:
        with requests.get(uri, stream=True, timeout=_TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            size = int(response.headers.get("Content-Length", 0)) or None
            with path.open("wb") as stream, _progress(size) as progress:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    progress.update(stream.write(chunk))
    except (requests.RequestException, OSError) as error:
        raise UserError(f"{uri}: cannot be read: {_reason(error)}; check the URI and the network") from error
    return path


def _download_gs(uri: str, path: Path) -> Path:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.cloud import storage

    bucket, _, name = uri[len("gs://") :].partition("/")
    if not bucket or not name:
        raise UserError(f"{uri}: expected gs://bucket/path/of/file.csv")
    try:
        try:
            client = storage.Client()
        except DefaultCredentialsError:  # public buckets can be read without an account
            client = storage.Client.create_anonymous_client()
        blob = client.bucket(bucket).blob(name)
        blob.reload(timeout=_TIMEOUT_SECONDS)
        with path.open("wb") as stream, tqdm.wrapattr(stream, "write", **_progress_options(blob.size)) as metered:
            blob.download_to_file(metered, timeout=_TIMEOUT_SECONDS)
    except (GoogleAPIError, GoogleAuthError, requests.RequestException, OSError, ValueError) as error:
        raise UserError(f"{uri}: cannot be read: {_reason(error)}; check the URI and your access") from error
    return path


def _progress_options(size: int | None) -> dict[str, object]:
    return {"total": size, "unit": "B", "unit_scale": True, "desc": "download", "mininterval": 1.0}


def _progress(size: int | None) -> "tqdm[None]":
    return tqdm(**_progress_options(size))


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    code = getattr(error, "code", None)
    return f"{type(error).__name__}" + (f" (status {int(code)})" if isinstance(code, int) else "")
