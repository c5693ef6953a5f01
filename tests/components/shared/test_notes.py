import pytest

from components.shared.notes import MARK, note


def test_every_line_of_a_note_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    note("first\nsecond")
    assert capsys.readouterr().out == f"{MARK}first\n{MARK}second\n"
