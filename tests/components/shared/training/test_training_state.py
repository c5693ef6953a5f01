"""A killed training goes on where it was: real processes, really killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.shared.records.candidates import checkpoint_directory
from components.shared.records.features import DESCRIPTION, read_features
from components.shared.records.history import read_histories
from components.shared.records.plan import Cell, read_plan
from components.shared.training import fitting, training_state
from components.shared.training.batches import TrainingBatches
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.keras import keras, tf
from components.shared.training.training_state import Progress, TrainingState, TrainingStates
from components.train_lstm.training import LstmSettings, train

_SCRIPT = Path(__file__).with_name("killed_training.py")


@dataclass(frozen=True)
class Task:
    """A training of a tiny DistilBERT with dropout, word dropout and early stopping: 19 steps an epoch."""

    features: Path
    plan: Path
    settings: DistilBertSettings


@pytest.fixture(scope="module")
def task(trained: Any, pretrained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Task:
    root = tmp_path_factory.mktemp("task")
    features = Path(shutil.copytree(trained.features, root / "features"))
    described = read_features(features).model_copy(update={"word_dropout": 0.2})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    plan = read_plan(trained.plan).model_copy(
        update={"models": ("distilbert",), "cells": (Cell(model="distilbert"),)}
    )
    (root / "plan.json").write_text(plan.model_dump_json())
    settings = DistilBertSettings(
        base_model=str(pretrained["distilbert"]),
        max_length=24,
        train_rows=0,
        epochs=3,
        patience=2,
        batch_size=16,
        learning_rate=3e-3,
        seed=1,
        layer_decay=0.8,
    )
    return Task(features, root / "plan.json", settings)


@pytest.fixture(scope="module")
def uninterrupted(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    candidates = tmp_path_factory.mktemp("uninterrupted") / "candidates"
    finetune(task.features, task.plan, task.settings, candidates)
    return candidates


def _kill(kind: str, features: Path, plan: Path, settings: Any, workspace: Path, moment: str, number: int) -> None:
    """Trains in a process that is killed on the way."""
    arguments = [kind, str(features), str(plan), json.dumps(asdict(settings)), str(workspace / "killed"), moment]
    ended = subprocess.run([sys.executable, str(_SCRIPT), *arguments, str(number)], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not list((workspace / "killed").glob("*/bundle"))


def _same_weights(first: Path, second: Path, model: str) -> None:
    expected, got = (load_checkpoint(checkpoint_directory(path, model)).weights for path in (first, second))
    for name, weights in expected.items():
        np.testing.assert_array_equal(weights, got[name], err_msg=name)


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is the same for all processes, even if somebody edits it meanwhile; see killed_training.py."""
    monkeypatch.setattr(fitting, "code_fingerprint", lambda: "code")


@pytest.fixture
def batches_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []
    original = TrainingBatches.__getitem__

    def record(batches: TrainingBatches, index: int) -> Any:
        asked.append(index)
        return original(batches, index)

    monkeypatch.setattr(TrainingBatches, "__getitem__", record)
    return asked


@pytest.mark.parametrize(
    ("moment", "number", "left"),
    # Epochs have 19 steps. Killed before the 27th batch, the end of the first epoch is what was saved last;
    # killed while the 24th state is written (19 batches, an epoch, 4 batches), the one after 22 batches is.
    [("batch", 27, 38), ("save", 24, 35)],
)
def test_a_killed_distilbert_goes_on_and_ends_with_exactly_the_same_weights(
    task: Task, uninterrupted: Path, tmp_path: Path, batches_asked: list[int], moment: str, number: int, left: int
) -> None:
    settings = replace(task.settings, training_state=str(tmp_path / "states"))
    _kill("distilbert", task.features, task.plan, settings, tmp_path, moment, number)
    assert list((tmp_path / "states").glob("*/*-*/progress.json"))
    figures = finetune(task.features, task.plan, settings, tmp_path / "resumed")
    assert len(batches_asked) == left
    _same_weights(uninterrupted, tmp_path / "resumed", "distilbert")
    before, after = (read_histories([path])["distilbert"] for path in (uninterrupted, tmp_path / "resumed"))
    for curve in ("loss", "gradient_norm", "tune_macro_f1", "tune_accuracy", "best_epoch"):
        assert getattr(before, curve) == getattr(after, curve)
    assert before.earlier_seconds == 0 < after.earlier_seconds < figures["training_seconds"]
    assert not (tmp_path / "states").exists()


def test_a_killed_lstm_goes_on_and_ends_with_exactly_the_same_weights(
    tiny: Any, tmp_path: Path, batches_asked: list[int]
) -> None:
    features = Path(shutil.copytree(tiny.features, tmp_path / "features"))
    described = read_features(features).model_copy(update={"word_dropout": 0.2})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    settings = LstmSettings(
        embedding_training="fine-tuned",
        units=4,
        directions=2,
        dropout=0.3,
        embedding_dropout=0.3,
        epochs=4,
        patience=3,
        batch_size=8,
        learning_rate=0.02,
        seed=5,
    )
    train(features, tiny.plan, settings, tmp_path / "uninterrupted")
    saving = replace(settings, training_state=str(tmp_path / "states"))
    # Epochs have 8 steps: the 12th state is that after 11 batches and an epoch, the 11th after 10 batches.
    _kill("lstm", features, tiny.plan, saving, tmp_path, "save", 12)
    batches_asked.clear()
    train(features, tiny.plan, saving, tmp_path / "resumed")
    assert len(batches_asked) == 4 * 8 - 10
    _same_weights(tmp_path / "uninterrupted", tmp_path / "resumed", "lstm")
    assert not (tmp_path / "states").exists()


def test_another_training_never_goes_on_from_a_foreign_state(
    task: Task, tmp_path: Path, batches_asked: list[int]
) -> None:
    settings = replace(task.settings, epochs=1, train_rows=64, training_state=str(tmp_path / "states"))
    with pytest.raises(_Stopped), pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.finetune_distilbert.finetuning.write_trained_candidate", _stop)
        finetune(task.features, task.plan, settings, tmp_path / "first")
    assert len(list((tmp_path / "states").iterdir())) == 1
    batches_asked.clear()
    finetune(task.features, task.plan, replace(settings, seed=2), tmp_path / "other")
    assert len(batches_asked) == 4
    batches_asked.clear()
    finetune(task.features, task.plan, settings, tmp_path / "again")
    assert batches_asked == []  # all that was left to do was writing the candidate
    assert not (tmp_path / "states").exists()


class _Stopped(Exception):
    """Raised in place of writing a candidate."""


def _stop(*_: Any) -> None:
    raise _Stopped


def _checkpoint(value: float) -> Any:
    return tf.train.Checkpoint(weight=tf.Variable([value]))


def test_the_last_complete_state_counts_and_older_ones_go(tmp_path: Path) -> None:
    state = TrainingState(tmp_path / "state")
    assert state.restore(_checkpoint(0.0)) is None
    state.save(_checkpoint(1.0), Progress(epoch=0, batch=7), None)
    state.save(_checkpoint(2.0), Progress(epoch=1), [np.arange(3.0)])
    (tmp_path / "state" / ".000002-000000000.half").mkdir()  # what a kill in the middle of writing leaves
    restored = _checkpoint(0.0)
    progress, best = state.restore(restored) or (None, None)
    assert progress == Progress(epoch=1) and restored.weight.numpy() == [2.0]
    assert best is not None and np.array_equal(best[0], np.arange(3.0))
    assert len(list((tmp_path / "state").glob("[0-9]*"))) == 1
    state.remove()
    assert not (tmp_path / "state").exists()


def test_a_state_that_cannot_be_written_is_told_and_training_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    TrainingState(tmp_path / "file" / "state").save(_checkpoint(1.0), Progress(), None)
    assert "could not be saved" in capsys.readouterr().out


def test_an_error_keeps_the_state_and_forgotten_ones_are_removed(tmp_path: Path) -> None:
    for name, days in (("recent", 13), ("forgotten", 15)):
        (tmp_path / name).mkdir()
        then = time.time() - days * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    with pytest.raises(RuntimeError), TrainingStates(tmp_path) as states:
        state = states.state_of("mine")
        assert state is not None
        state.save(_checkpoint(1.0), Progress(), None)
        raise RuntimeError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "recent"]


def test_without_a_directory_nothing_is_saved() -> None:
    with TrainingStates(training_state.states_directory("")) as states:
        assert states.state_of("mine") is None


def test_dropout_goes_on_from_the_saved_random_state(tmp_path: Path) -> None:
    from components.shared.training.trainer import _generators

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.LSTM(2, dropout=0.5)])
    ones = tf.ones((4, 3, 5))
    model(ones, training=True)
    generators = _generators(model)
    assert len(generators) == 3  # of the dropout, the LSTM and its cell
    checkpoint = tf.train.Checkpoint(generators=generators)
    checkpoint.write(str(tmp_path / "state"))
    first, second = (model(ones, training=True).numpy() for _ in range(2))
    checkpoint.read(str(tmp_path / "state"))
    np.testing.assert_array_equal(model(ones, training=True).numpy(), first)
    assert not np.array_equal(first, second)
