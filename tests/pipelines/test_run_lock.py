"""Only one run at a time writes into a directory, and none that was killed is in the way."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.shared.errors import UserError
from pipelines.run_lock import LOCK, alone_in

ROOT = Path(__file__).resolve().parents[2]
_HOLD = """
import sys, time
from pathlib import Path
from pipelines.run_lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_whose_the_first_is(tmp_path: Path) -> None:
    with alone_in(tmp_path):
        told = rf"another run is at work there \(process {os.getpid()}, since \d{{4}}-"
        with pytest.raises(UserError, match=told), alone_in(tmp_path):
            pytest.fail("two at once")
        with pytest.raises(UserError), alone_in(tmp_path):
            pytest.fail("the one that was refused has set the way free")
    with alone_in(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_another_directory_is_free(tmp_path: Path) -> None:
    with alone_in(tmp_path / "one"), alone_in(tmp_path / "two"):
        pass


def test_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"process {process.pid}, "), alone_in(tmp_path):
            pytest.fail("two at once")
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / LOCK).exists(), "the file alone is no lock"
    with alone_in(tmp_path):
        assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()}, ")


def test_a_directory_that_was_not_there_goes_away_if_nothing_is_left_in_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a mistake"), alone_in(tmp_path / "out"):
        raise UserError("a mistake")
    assert not (tmp_path / "out").exists()
    with alone_in(tmp_path / "out"):
        (tmp_path / "out" / "report.html").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_an_empty_directory_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"):
        pass
    assert (tmp_path / "out").is_dir()


def test_a_file_that_an_ended_run_removed_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    opened: list[object] = []

    def remove_before_locking(stream: object, operation: int) -> None:
        opened.append(stream)
        if len(opened) == 1:
            (tmp_path / LOCK).unlink()
        flock(stream, operation)

    monkeypatch.setattr("pipelines.run_lock.fcntl.flock", remove_before_locking)
    with alone_in(tmp_path):
        assert len(opened) == 2
        with pytest.raises(UserError), alone_in(tmp_path):
            pytest.fail("two at once")


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(UserError, match="cannot write there"), alone_in(out):
            pytest.fail("written")
