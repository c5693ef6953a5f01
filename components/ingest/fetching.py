"""Brings the source file to this machine: from a path, https:// or gs://, checked against its SHA-256."""

from pathlib import Path

import requests

from components.shared.downloads import TIMEOUT_SECONDS, download_gs, meter_bytes, reason_of
from components.shared.errors import UserError
from components.shared.files import sha256_of

_CHUNK_BYTES = 1 << 18


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
        path = download_gs(data, workspace / "source")
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
        with requests.get(uri, stream=True, timeout=TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            size = int(response.headers.get("Content-Length", 0)) or None
            with path.open("wb") as stream, meter_bytes(size) as progress:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    progress.update(stream.write(chunk))
    except (requests.RequestException, OSError) as error:
        raise UserError(f"{uri}: cannot be read: {reason_of(error)}; check the URI and the network") from error
    return path
