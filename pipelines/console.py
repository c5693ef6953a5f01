"""What a local run shows: one line a step with its time, progress bars, and errors in one line."""

import io
import re
import time
from typing import TextIO

from components.shared.notes import MARK
from components.shared.records.plan import DEEP_MODELS

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STARTED = re.compile(r"Executing task '([^']+)'")
_ENDED = re.compile(r"Task '([^']+)' finished with status (SUCCESS|FAILURE)")
_USER_ERROR = re.compile(r"components\.shared\.errors\.UserError: (.+)")
#: What a step says to people.
_NOTE = re.compile(rf"^\s*{MARK}(.*)")
#: What a technique step says of each candidate: "lstm-prune: 0.20 MB, agrees with ...".
_CANDIDATE = re.compile(rf"^\s*(({'|'.join(DEEP_MODELS)})-[a-z0-9-]+: .+)")
#: The number KFP adds to the name of a task that is in the DAG more than once.
_COUNTER = re.compile(r"(-\d+)+$")
_PROGRESS = re.compile(r"\d+%\|")
#: Where nobody watches a terminal, a progress bar is shown at most this often.
_SECONDS_BETWEEN_PROGRESS = 30.0


class Console(io.TextIOBase):
    """Stands in for stdout while KFP runs; understands its log, and passes on what people need.

    Attributes:
        user_error: Message of the mistake that ended a step, if it was the user's.
        step_seconds: (step, wall seconds) of the steps that succeeded, in order.
    """

    def __init__(self, terminal: TextIO, log: TextIO, verbose: bool = False) -> None:
        """Prepares a console.

        Args:
            terminal: Where people look.
            log: Receives every line.
            verbose: Whether the terminal receives every line too.
        """
        self.user_error: str | None = None
        self.step_seconds: list[tuple[str, float]] = []
        self._terminal, self._log, self._verbose = terminal, log, verbose
        self._pending = ""
        self._step, self._started, self._last_progress = "", 0.0, 0.0

    @property
    def has_trained(self) -> bool:
        """Whether a step that trains has run, and not failed itself."""
        return any(step.startswith(("train-", "finetune-")) for step, _ in self.step_seconds)

    def writable(self) -> bool:
        """Returns that text can be written."""
        return True

    def write(self, text: str) -> int:
        """Takes text as it comes; acts on whole lines."""
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            self._take(line)
        return len(text)

    def flush(self) -> None:
        """Flushes what has been shown and logged."""
        self._terminal.flush()
        self._log.flush()

    def _take(self, line: str) -> None:
        plain = _ANSI.sub("", line)
        self._log.write(plain + "\n")
        if self._verbose:
            self._terminal.write(line + "\n")
        if started := _STARTED.search(plain):
            self._start(started.group(1))
        elif ended := _ENDED.search(plain):
            self._end(ended.group(2) == "SUCCESS")
        elif error := _USER_ERROR.search(plain):
            self.user_error = error.group(1).strip()
        elif noted := _NOTE.match(plain):
            self._show_note(noted.group(1))
        elif candidate := _CANDIDATE.match(plain):
            self._name_candidate(candidate.group(1), model=candidate.group(2))
        elif _PROGRESS.search(plain) and not self._verbose:
            self._show_progress(plain.strip())

    def _start(self, task: str) -> None:
        self._step, self._started = _COUNTER.sub("", task), time.monotonic()
        self._rewrite(f"… {self._step}")

    def _end(self, success: bool) -> None:
        seconds = time.monotonic() - self._started
        if success:
            self.step_seconds.append((self._step, seconds))
        self._rewrite("")
        self._terminal.write(f"{'✓' if success else '✗'} {self._step:<24} {seconds:8.1f} s\n")
        self._terminal.flush()

    def _name_candidate(self, text: str, model: str) -> None:
        """Shows what was built, and names the running step by the model it works on."""
        self._step = f"{self._step.split(' ')[0]} {model}"
        self._show_note(text)

    def _show_note(self, text: str) -> None:
        if not self._verbose:
            self._rewrite("")
            self._terminal.write(f"  {text}\n")
            self._terminal.flush()

    def _show_progress(self, text: str) -> None:
        if self._terminal.isatty():
            self._rewrite(f"… {self._step}: {text}")
        elif time.monotonic() - self._last_progress > _SECONDS_BETWEEN_PROGRESS:
            self._last_progress = time.monotonic()
            self._terminal.write(f"  {self._step}: {text}\n")
            self._terminal.flush()

    def _rewrite(self, text: str) -> None:
        if self._terminal.isatty():
            self._terminal.write(f"\r\x1b[K{text[:150]}")
            self._terminal.flush()
