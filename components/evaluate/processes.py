"""Runs a process that measures, to its end, and says why where it does not end well."""

import signal
import subprocess

_TIMEOUT_SECONDS = 3600


class MeasuringFailedError(Exception):
    """One candidate could not be measured; the message says why."""


def run_process(command: list[str]) -> None:
    """Runs a command; what it has to tell stands in the files that it writes.

    Raises:
        MeasuringFailedError: It crashed, ended with an error or took too long.
    """
    try:
        process = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasuringFailedError(f"not done after {_TIMEOUT_SECONDS / 3600:g} hours") from error
    if process.returncode:
        raise MeasuringFailedError(_explain_exit(process.returncode, process.stderr))


def _explain_exit(code: int, stderr: str) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name} (exit code {code})"
    lines = stderr.strip().splitlines() or ["it said nothing"]
    return f"{lines[-1].strip()} (exit code {code})"
