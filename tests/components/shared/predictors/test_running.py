"""Running batches: in order, each model in one thread at a time, with the threads that were asked for."""

import threading
import time
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from components.shared.predictors import running
from components.shared.predictors.running import Execution, Feed, Probabilities, Runner


class _Model:
    """Gives back its input, and notices when two threads call it at once."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.calls = 0
        self._busy = threading.Lock()

    def run(self, inputs: Feed) -> Probabilities:
        assert self._busy.acquire(blocking=False), "called by two threads at once"
        time.sleep(0.001)
        self.calls += 1
        self._busy.release()
        return inputs["tokens"].astype(np.float32)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[_Model]:
    monkeypatch.setattr(running, "cores", lambda: 4)
    return []


def _runner(loaded: list[_Model], **execution: Any) -> Runner:
    def load(threads: int) -> _Model:
        loaded.append(_Model(threads))
        return loaded[-1]

    return Runner(load, Execution(**execution))


def _batches(count: int) -> list[Feed]:
    return [{"tokens": np.full((2, 3), number, dtype=np.int32)} for number in range(count)]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_batches(loaded: list[_Model], workers: int) -> None:
    results = _runner(loaded, threads=1, workers=workers).run(_batches(40))
    assert [int(result[0, 0]) for result in results] == list(range(40))


def test_workers_share_the_batches_and_never_a_model(loaded: list[_Model]) -> None:
    runner = _runner(loaded, threads=1, workers=3)
    runner.run(_batches(40))
    runner.run(_batches(40))
    assert len(loaded) == 3 and {model.threads for model in loaded} == {1}
    assert sum(model.calls for model in loaded) == 80


def test_each_copy_is_loaded_once_and_not_before_it_is_needed(loaded: list[_Model]) -> None:
    runner = _runner(loaded, threads=1, workers=2)
    assert loaded == []
    runner.run(_batches(1))
    runner.run(_batches(1))
    assert len(loaded) == 1 and loaded[0].calls == 2
    runner.run(_batches(40))
    assert len(loaded) == 3 and loaded[0].calls == 2


def test_a_batch_that_is_alone_gets_the_threads_of_all_workers(loaded: list[_Model]) -> None:
    runner = _runner(loaded, threads=2, workers=2)
    runner.run(_batches(1))
    runner.run(_batches(40))
    assert [model.threads for model in loaded] == [4, 2, 2]


def test_a_machine_with_fewer_processors_is_not_given_more_threads_than_it_has(loaded: list[_Model]) -> None:
    _runner(loaded, threads=3, workers=4).run(_batches(1))
    assert loaded[0].threads == 4


def test_every_processor_is_used_unless_told_otherwise(loaded: list[_Model]) -> None:
    _runner(loaded).run(_batches(1))
    assert loaded[0].threads == 4


@pytest.mark.parametrize("values", [{"threads": 0}, {"workers": 0}, {"batch_size": 0}, {"processes": 2}])
def test_an_execution_that_makes_no_sense_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Execution.model_validate(values)
