"""Labels of a model of one's own meet those of the data by name, or in their order, or not at all."""

from pathlib import Path

import pytest

from components.shared.brought.labels import match_labels, read_labels
from components.shared.errors import UserError


@pytest.mark.parametrize(
    ("theirs", "ours", "order"),
    [
        (("1", "2", "3"), ("1", "2", "3"), [0, 1, 2]),
        (("POSITIVE", "NEGATIVE"), ("negative", "positive"), [1, 0]),
        (("3", "1", "2"), ("1", "2", "3"), [1, 2, 0]),
        (("LABEL_0", "LABEL_1"), ("bad", "good"), [0, 1]),
        (("LABEL_1", "LABEL_0"), ("label_0", "label_1"), [1, 0]),
    ],
)
def test_labels_are_matched(theirs: tuple[str, ...], ours: tuple[str, ...], order: list[int]) -> None:
    assert match_labels(theirs, ours, "mine") == order


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("1", "2"), ("1", "2", "3")),
        (("LABEL_0", "LABEL_1"), ("1", "2", "3")),
        (("1 star", "2 stars"), ("1", "2")),
        (("good", "Good"), ("good", "bad")),
    ],
)
def test_labels_that_do_not_match_are_one_line(theirs: tuple[str, ...], ours: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match=r"model mine: its labels .* are not those of the data .* labels\.json"):
        match_labels(theirs, ours, "mine")


def test_labels_are_read_from_their_file(tmp_path: Path) -> None:
    assert read_labels(tmp_path) is None
    (tmp_path / "labels.json").write_text('[1, "two"]')
    assert read_labels(tmp_path) == ("1", "two")


@pytest.mark.parametrize("content", ["", "{}", "[1.5, 2]", "[[1], [2]]", "[true, false]"])
def test_a_file_of_labels_that_is_no_list_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(UserError, match=r"labels\.json: .*list"):
        read_labels(tmp_path)
