"""Deployment on this machine: the real server in a process of its own, asked once through HTTP."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx

from components.deploy.answer import PREDICT_PATH, REQUEST, Answer, DeploymentFailed, check_answer

_START_SECONDS = 120.0
_REQUEST_SECONDS = 60.0
_POLL_SECONDS = 0.05
_STOP_SECONDS = 15.0
_TAIL_LINES = 20


def serve_and_predict(bundle: Path, start_seconds: float = _START_SECONDS) -> tuple[str, Answer]:
    """Starts the prediction server with a bundle, predicts once, and stops it.

    Args:
        bundle: The bundle to serve.
        start_seconds: How long loading may take.

    Returns:
        The address it answered at, and the answer.

    Raises:
        DeploymentFailed: It did not start or did not answer as it should; with the server's last output.
    """
    endpoint = f"http://127.0.0.1:{_free_port()}"
    # Proxies of the environment are not for this machine's own address.
    with _server(bundle, endpoint) as (process, log), httpx.Client(base_url=endpoint, trust_env=False) as client:
        try:
            _wait_until_healthy(process, client, start_seconds)
            response = client.post(PREDICT_PATH, json=REQUEST, timeout=_REQUEST_SECONDS)
            response.raise_for_status()
            return endpoint, check_answer(response.json(), bundle)
        except (DeploymentFailed, httpx.HTTPError, ValueError) as error:
            raise DeploymentFailed(f"{error}; the server's output ends with:\n{_tail(log)}") from error


@contextlib.contextmanager
def _server(bundle: Path, endpoint: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    address = httpx.URL(endpoint)
    command = [sys.executable, "-m", "serving", "serve", "--bundle", str(bundle.resolve())]
    command += ["--host", address.host, "--port", str(address.port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process, log
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], client: httpx.Client, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        healthy = _is_healthy(client)
        # Asked after the request: whoever answered, our server has to be alive.
        if process.poll() is not None:
            raise DeploymentFailed(f"the prediction server ended with exit code {process.returncode}")
        if healthy:
            return
        time.sleep(_POLL_SECONDS)
    raise DeploymentFailed(f"the prediction server was not healthy within {seconds:g} s")


def _is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz", timeout=1).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return "\n".join(log.read().decode(errors="backslashreplace").splitlines()[-_TAIL_LINES:])
