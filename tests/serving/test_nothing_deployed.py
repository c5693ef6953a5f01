"""Whoever uses what is deployed, where nothing is, is told so in one line."""

from pathlib import Path

import pytest

from serving.__main__ import main

_COMMANDS = [
    ["score", "--input", "reviews.csv", "--output", "scored.csv"],
    ["explain", "--text", "love"],
    ["serve"],
]


@pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: command[0])
def test_nothing_deployed_is_one_line_that_says_so(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "models" / "champion"
    assert main([command[0], "--bundle", str(bundle), *command[1:]]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {bundle}: nothing has been deployed there") and "verdict" in error
    assert len(error.splitlines()) == 1


def test_a_deployed_version_that_has_gone_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "champion"
    bundle.symlink_to("v0003")
    assert main(["explain", "--bundle", str(bundle), "--text", "love"]) == 1
    assert f"error: {bundle}: points to v0003, which is not there" in capsys.readouterr().err


def test_another_directory_that_is_not_there_is_no_matter_of_deployment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "--bundle", str(tmp_path / "lstm"), "--text", "love"]) == 1
    assert "not a model bundle" in capsys.readouterr().err
