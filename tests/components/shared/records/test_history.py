"""Histories: written beside candidates, found again, carried along."""

from pathlib import Path

import pytest

from components.shared.records.history import History, read_histories, write_history

_HISTORY = History(loss=[1.0, 0.5], seconds=[2.0, 3.0], reviews=10, tune_macro_f1=[0.1, 0.2])


def test_a_history_is_found_by_its_candidate(tmp_path: Path) -> None:
    write_history(tmp_path / "one" / "lstm", _HISTORY)
    write_history(tmp_path / "two" / "distilbert", _HISTORY.model_copy(update={"best_epoch": 1}))
    (tmp_path / "two" / "without").mkdir()
    histories = read_histories([tmp_path / "one", tmp_path / "two", tmp_path / "missing"])
    assert list(histories) == ["distilbert", "lstm"]
    assert histories["lstm"] == _HISTORY and histories["distilbert"].best_epoch == 1


def test_speed_is_reviews_by_training_time() -> None:
    assert _HISTORY.speeds == pytest.approx([5.0, 10 / 3])
    assert _HISTORY.reviews_per_second == pytest.approx(4.0)
