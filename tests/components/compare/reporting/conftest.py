"""axe-core, the accessibility checker that browser tests run in the page."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

_PACKAGE, _VERSION = "axe-core", "4.14.1"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """The checker's source, fetched once with npm and kept in pytest's cache; left out where it cannot be had."""
    archive = pytestconfig.cache.mkdir(_PACKAGE) / f"{_PACKAGE}-{_VERSION}.tgz"
    if not archive.is_file():
        _fetch(archive)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == _SHA512, f"{archive} is not {_PACKAGE} {_VERSION} as it was published; remove it"
    with tarfile.open(archive) as content:
        script = content.extractfile("package/axe.min.js")
        return script.read().decode()


def _fetch(archive: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        _leave_out("npm is not installed")
    workspace = archive.with_name(f".{os.getpid()}")
    workspace.mkdir()
    try:
        command = [npm, "pack", f"{_PACKAGE}@{_VERSION}", "--silent", "--pack-destination", str(workspace)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if process.returncode:
            _leave_out(f"npm could not fetch {_PACKAGE} {_VERSION}")
        os.replace(workspace / archive.name, archive)
    finally:
        shutil.rmtree(workspace)


def _leave_out(reason: str) -> None:
    """Leaves the tests that need the checker out; where changes are judged, they must run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
