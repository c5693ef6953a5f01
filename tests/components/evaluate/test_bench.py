import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from builders import measurement
from components.evaluate import bench as bench_module
from components.evaluate import machine
from components.evaluate.behaviours import asked_tests, count_behaviours
from components.evaluate.bench import Bench, warnings_of
from components.evaluate.processes import run_process
from components.evaluate.repeating import Repeater
from components.shared.behaviour import texts_of
from components.shared.bundle import load_bundle
from components.shared.records.candidates import bundle_directory
from components.shared.records.features import read_features
from components.shared.records.measurements import Power, Spread, TriedRuntime, predictions_path
from components.shared.records.plan import read_plan

_STEADY = Spread.of([10.0]).model_dump()
_STARTED = {"startup_seconds": 0.2, "loaded_memory_mb": 40.0, "load": {"busy": 1.0, "total": 2.0, "own": 0.5}}
_MEASURED = {
    "latency_reviews": 2,
    "latency_p50_ms": 1.0,
    "latency_p95_ms": 1.0,
    "reviews_per_second": _STEADY,
    "cpu_seconds_per_1000": 1.0,
    "cpu_seconds": 1.0,
    "peak_memory_mb": 50.0,
}


class _Energy:
    """Stands for the meter of the machine, which takes seconds to look at it."""

    power = Power(kind="unknown", how="not looked at")

    @contextmanager
    def counted(self):
        yield SimpleNamespace(joules=None)


@pytest.fixture
def bench(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    texts = scratch / "texts.json"
    texts.write_text(json.dumps({"select": ["love it", "awful hole", "okay"] * 4, "test": ["nice", ""]}))
    features = read_features(trained.features)
    tests = asked_tests(features, read_plan(trained.plan).need, 0)
    destination = tmp_path / "measurements"
    predictions_path(destination, "any").parent.mkdir(parents=True)
    return Bench(scratch, texts, 2, tests, features.task, destination, _Energy())


@pytest.fixture
def logistic(trained):
    return bundle_directory(trained.sources[0], "logistic")


@pytest.fixture
def processes(bench, monkeypatch):
    """Lets no process run but writes what one would, its number as prediction; returns their commands."""
    commands = []

    def run(command):
        commands.append(command)
        options = dict(pairwise(command))
        only_start = "--only-start" in command
        with open(options["--figures"], "w") as file:
            json.dump(_STARTED if only_start else _STARTED | _MEASURED, file)
        if not only_start:
            np.savez(options["--predictions"], select=np.array([len(commands)]))
        if "--answers" in command:
            np.save(options["--answers"], np.full((len(texts_of(bench.tests)), 5), 0.2))

    monkeypatch.setattr(bench_module, "run_process", run)
    return commands


@pytest.fixture
def loads(processes, monkeypatch):
    """Sets the load before, and by others during, each try in turn; the last pair goes on for ever."""

    def fake(*pairs):
        remaining, patience, current = list(pairs), [], []

        def wait(times=1):
            current[:] = [remaining.pop(0) if len(remaining) > 1 else remaining[0]]
            patience.append(times)
            return current[0][0]

        monkeypatch.setattr(bench_module, "wait_until_quiet", wait)
        monkeypatch.setattr(bench_module, "share_of_others", lambda spans: current[0][1])
        return patience

    return fake


def test_what_is_measured_on_a_quiet_machine_is_measured_once(bench, logistic, loads):
    patience = loads((0.1, 0.05))
    one = bench.measure("logistic", logistic)
    assert (one.attempts, one.busy_share, one.others_share) == (1, 0.1, 0.05)
    assert one.warnings == ()
    assert patience == [1]


@pytest.mark.parametrize("busy", [(0.8, 0.0), (0.0, 0.6)], ids=["before", "during"])
def test_what_was_busy_before_or_during_is_measured_again_and_the_quiet_try_is_told(bench, logistic, loads, busy):
    patience = loads(busy, (0.1, 0.05))
    one = bench.measure("logistic", logistic)
    assert (one.attempts, one.busy_share, one.others_share) == (2, 0.1, 0.05)
    assert one.warnings == ()
    assert patience[1] > patience[0]


def test_of_busy_tries_the_quietest_is_told_with_its_predictions_and_a_warning(bench, logistic, loads, monkeypatch):
    monkeypatch.setattr(bench_module, "_STARTS", 1)
    loads((0.9, 0.8), (0.2, 0.3), (0.9, 0.4))
    one = bench.measure("logistic", logistic)
    assert (one.attempts, one.busy_share, one.others_share) == (3, 0.2, 0.3)
    (warning,) = one.warnings
    assert "20% of its processors just before and 30% of its processors by something else" in warning
    assert "the quietest of 3 tries" in warning
    assert np.load(predictions_path(bench.destination, "logistic"))["select"].tolist() == [2]


def test_on_a_machine_that_is_always_busy_the_rest_is_measured_once_and_says_so(bench, logistic, loads):
    loads((0.9, 0.8))
    measured = [bench.measure(f"number-{number}", logistic) for number in range(4)]
    assert [one.attempts for one in measured] == [3, 3, 1, 1]
    for one in measured:
        (warning,) = one.warnings
        once = "once only, as repeating had helped none of 2 candidates in a row"
        assert (once in warning) == (one.attempts == 1)


def test_where_nothing_is_repeated_the_warning_blames_no_repetition(bench, logistic, loads):
    loads((0.9, 0.8))
    one = replace(bench, repeater=Repeater(tries=1)).measure("logistic", logistic)
    (warning,) = one.warnings
    assert "(measured once)" in warning


def test_more_tries_than_there_are_patiences_wait_as_long_as_the_last(bench, logistic, loads):
    patience = loads((0.9, 0.8))
    one = replace(bench, repeater=Repeater(tries=5)).measure("logistic", logistic)
    assert one.attempts == len(patience) == 5
    assert patience == sorted(patience) and patience[-1] == patience[-2]


def test_one_process_that_only_starts_is_asked_how_it_behaves_however_often_it_is_measured(
    bench, logistic, loads, processes
):
    loads((0.9, 0.9))
    bench.measure("logistic", logistic)
    assert len(processes) == 9
    (asked,) = [command for command in processes if "--questions" in command]
    assert "--only-start" in asked


def test_nothing_is_asked_where_no_test_applies(bench, logistic, loads, processes):
    loads((0.0, 0.0))
    bench.tests.clear()
    assert bench.measure("logistic", logistic).behaviours == {}
    assert not any("--questions" in command for command in processes)


def test_behaviours_are_those_of_the_bundle_that_is_measured(bench, logistic, monkeypatch):
    monkeypatch.setattr(bench_module, "_STARTS", 1)
    monkeypatch.setattr(bench.repeater, "gave_up", True)
    one = bench.measure("logistic", logistic)
    assert set(one.behaviours) == {"plain_praise", "plain_complaint", "negated_praise"}
    said = load_bundle(logistic).predict(texts_of(bench.tests))
    assert one.behaviours == count_behaviours(bench.tests, said, bench.task)
    assert 0 < one.behaviours["plain_praise"].passed <= 100
    assert 0 <= one.others_share <= 1


def test_ways_that_were_tried_beside_something_else_are_tried_again(bench, logistic, loads, monkeypatch):
    shares, tried = [0.7, 0.1, 0.0], []

    def choose(bundle, texts, run):
        run(["a", "trial"])
        tried.append(TriedRuntime(runtime="litert", reviews_per_second=len(tried) + 1))
        return bundle, None, tuple(tried[-1:])

    loads((0.0, 0.0))
    monkeypatch.setattr(bench_module, "run_process", lambda command: None)
    monkeypatch.setattr(bench_module, "choose_way", choose)
    monkeypatch.setattr(bench_module, "share_of_others", lambda spans: shares.pop(0))
    monkeypatch.setattr(Bench, "measure", lambda self, name, bundle, execution: measurement(name))
    one = bench.measure_fastest("logistic", logistic)
    assert [way.reviews_per_second for way in one.tried] == [2]
    assert len(tried) == 2


def test_the_processor_time_of_a_trial_is_not_taken_for_that_of_others(bench, logistic, loads, monkeypatch):
    seen = []

    def choose(bundle, texts, run):
        run([sys.executable, "-c", "sum(range(10**7))"])
        return bundle, None, ()

    loads((0.0, 0.0))
    monkeypatch.setattr(bench_module, "run_process", run_process)
    monkeypatch.setattr(bench_module, "choose_way", choose)
    monkeypatch.setattr(bench_module, "share_of_others", lambda spans: seen.extend(spans) or 0.0)
    monkeypatch.setattr(Bench, "measure", lambda self, name, bundle, execution: measurement(name))
    bench.measure_fastest("logistic", logistic)
    ((before, after),) = seen
    assert 0 < after.own < before.total


def test_rounds_and_passes_that_vary_much_are_said():
    varying = Spread(median=10, low=5, high=15, repetitions=4)
    steady = Spread(median=10, low=9, high=11, repetitions=4)
    said = warnings_of(measurement(latency_rounds=varying, reviews_per_second=varying), once_only=False)
    assert len(said) == 2 and "its p95 varied" in said[0] and "throughput varied" in said[1]
    assert warnings_of(measurement(latency_rounds=steady, reviews_per_second=steady), once_only=False) == ()
