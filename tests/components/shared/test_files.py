import hashlib
from pathlib import Path

import pytest

from components.shared.files import atomic_path, sha256_of, write_text


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "out") as staged:
        staged.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_directory_survives_a_failure(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "out") as staged:
        staged.mkdir()
        raise RuntimeError
    assert (tmp_path / "out" / "file").read_text() == "old"


def test_a_directory_replaces_an_earlier_one_whole(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with atomic_path(tmp_path / "out") as staged:
        staged.mkdir()
        (staged / "new").write_text("new")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_missing_parents_are_created(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "café")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "café".encode()


def test_sha256_is_that_of_the_whole_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    (tmp_path / "big").write_bytes(content)
    assert sha256_of(tmp_path / "big") == hashlib.sha256(content).hexdigest()
