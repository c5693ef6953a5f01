"""The search: time is a clock that the tests move, so that they neither wait nor depend on the machine."""

import logging
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from components.shared import tuning
from components.shared.records.searches import Search, Values, read_searches, write_searches
from components.shared.tuning import Report, minutes_of, search

_SPACE = {"x": FloatDistribution(-4.0, 4.0), "kind": CategoricalDistribution(("flat", "steep"))}
_START: Values = {"x": -3.5, "kind": "flat"}


class _Killed(BaseException):
    pass


def _parabola(values: Values, report: Report) -> float:
    x = float(values["x"])
    return (1.0 if values["kind"] == "steep" else 0.5) - (x - 1) ** 2 / 100


def _search(directory: Path, **changes: Any) -> Search:
    arguments: dict[str, Any] = {
        "objective": _parabola,
        "minutes": 60.0,
        "directory": directory,
        "decided_by": {"features": "f"},
        "seed": 3,
        "most_trials": 12,
    }
    arguments |= changes
    return search("model", arguments.pop("space", _SPACE), start=_START, **arguments)


def _tried(result: Search) -> list[tuple[Values, float | None]]:
    return [(trial.values, trial.score) for trial in result.trials]


def test_the_first_trial_is_what_would_be_taken_without_a_search_and_the_best_is_better(tmp_path: Path) -> None:
    result = _search(tmp_path)
    assert result.trials[0].values == _START
    assert len(result.trials) == 12
    assert result.best_trial is not None
    best = result.trials[result.best_trial]
    assert best.values == result.best
    assert best.score == max(trial.score or 0 for trial in result.trials)
    assert result.trials[0].score is not None and best.score is not None and best.score > result.trials[0].score


def test_the_space_is_widened_to_hold_the_first_trial(tmp_path: Path) -> None:
    space = {"x": FloatDistribution(0.0, 4.0), "kind": CategoricalDistribution(("steep",))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = _search(tmp_path, space=space)
    assert result.trials[0].values == _START
    assert len(result.trials) == 12


def test_two_searches_with_one_seed_are_equal_and_with_another_are_not(tmp_path: Path) -> None:
    first = _tried(_search(tmp_path / "a"))
    assert _tried(_search(tmp_path / "b")) == first
    assert _tried(_search(tmp_path / "c", seed=4)) != first


def test_a_search_in_two_parts_is_the_search_in_one_part(tmp_path: Path) -> None:
    whole = _search(tmp_path / "whole")
    _search(tmp_path / "parts", most_trials=7)
    assert _tried(_search(tmp_path / "parts")) == _tried(whole)


def test_a_killed_search_repeats_the_trial_it_was_in_and_goes_on(tmp_path: Path) -> None:
    whole = _search(tmp_path / "whole")
    calls = 0

    def dies_in_the_fifth(values: Values, report: Report) -> float:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise _Killed
        return _parabola(values, report)

    with pytest.raises(_Killed):
        _search(tmp_path / "killed", objective=dies_in_the_fifth)
    assert _tried(_search(tmp_path / "killed")) == _tried(whole)


def test_the_time_in_which_a_killed_search_was_down_is_not_search_time(tmp_path: Path) -> None:
    def dies(values: Values, report: Report) -> float:
        raise _Killed

    with pytest.raises(_Killed):
        _search(tmp_path, objective=dies)
    (storage,) = tmp_path.glob("*.db")
    with sqlite3.connect(storage) as rows:
        assert rows.execute("UPDATE trials SET datetime_start = '2020-01-01 00:00:00'").rowcount == 1
    assert len(_search(tmp_path).trials) == 12


def test_the_time_of_earlier_trials_counts(clock: list[float], tmp_path: Path) -> None:
    def takes_25_seconds(values: Values, report: Report) -> float:
        clock[0] += 25
        return _parabola(values, report)

    assert len(_search(tmp_path, objective=takes_25_seconds, minutes=1.0).trials) == 3
    clock[0] += 3600
    assert len(_search(tmp_path, objective=takes_25_seconds, minutes=1.0).trials) == 3
    assert len(_search(tmp_path, objective=takes_25_seconds, minutes=2.0).trials) == 5


def test_a_finished_search_is_not_repeated(tmp_path: Path) -> None:
    first = _search(tmp_path)

    def forbidden(values: Values, report: Report) -> float:
        raise AssertionError("searched again")

    assert _search(tmp_path, objective=forbidden) == first


@pytest.mark.parametrize(
    "changes",
    [
        {"decided_by": {"features": "other"}},
        {"space": {**_SPACE, "x": FloatDistribution(-5.0, 4.0)}},
        {"metric": "accuracy"},
        {"seed": 4},
    ],
    ids=["data", "space", "metric", "seed"],
)
def test_foreign_trials_are_never_mixed_in(changes: dict[str, Any], tmp_path: Path) -> None:
    _search(tmp_path, most_trials=2)
    calls = []

    def record(values: Values, report: Report) -> float:
        calls.append(values)
        return 0.5

    assert len(_search(tmp_path, objective=record, most_trials=3, **changes).trials) == 3
    assert len(calls) == 3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds on the clock of the search; a test adds to them."""
    now = [0.0]
    monkeypatch.setattr(tuning.time, "monotonic", lambda: now[0])
    return now


def test_the_search_ends_when_the_time_is_up(clock: list[float], tmp_path: Path) -> None:
    def takes_25_seconds(values: Values, report: Report) -> float:
        clock[0] += 25
        return _parabola(values, report)

    assert len(_search(tmp_path, objective=takes_25_seconds, minutes=1.0).trials) == 3


def test_the_trial_that_runs_when_the_time_is_up_is_stopped_at_its_next_epoch(
    clock: list[float], tmp_path: Path
) -> None:
    def slow(values: Values, report: Report) -> float:
        for epoch in range(10):
            clock[0] += 25
            report(epoch / 10)
        return 0.9

    result = _search(tmp_path, objective=slow, minutes=1.0)
    assert [(trial.outcome, trial.score) for trial in result.trials] == [("stopped", 0.2)]
    assert result.best_trial is None
    assert result.best == _START


def test_a_trial_is_stopped_within_an_epoch_when_the_time_is_up(clock: list[float], tmp_path: Path) -> None:
    def endless(values: Values, report: Report) -> float:
        while True:
            clock[0] += 25
            report.check_time()

    result = _search(tmp_path, objective=endless, minutes=1.0)
    assert [(trial.outcome, trial.score) for trial in result.trials] == [("stopped", None)]
    assert clock == [75.0]


def test_more_minutes_repeat_the_trial_that_the_time_stopped(clock: list[float], tmp_path: Path) -> None:
    def slow(values: Values, report: Report) -> float:
        for _ in range(10):
            clock[0] += 25
            report.check_time()
        return 0.9 if values == _START else 0.1

    short = _search(tmp_path, objective=slow, minutes=1.0)
    assert short.best_trial is None
    assert _search(tmp_path, objective=slow, minutes=1.0) == short
    longer = _search(tmp_path, objective=slow, minutes=11.0)
    assert [trial.values == _START for trial in longer.trials] == [True, True, False, False]
    assert [trial.outcome for trial in longer.trials] == ["stopped", "finished", "finished", "stopped"]
    assert (longer.best, longer.best_trial) == (_START, 1)


def test_the_trial_that_the_time_stopped_is_repeated_once_however_often_the_search_is_killed(
    clock: list[float], tmp_path: Path
) -> None:
    def slow(values: Values, report: Report) -> float:
        clock[0] += 70
        report.check_time()
        return 0.9

    def dies(values: Values, report: Report) -> float:
        raise _Killed

    _search(tmp_path, objective=slow, minutes=1.0)
    for _ in range(2):
        with pytest.raises(_Killed):
            _search(tmp_path, objective=dies, minutes=60.0)
    result = _search(tmp_path, objective=slow, minutes=60.0, most_trials=4)
    assert [trial.values == _START for trial in result.trials] == [True, True, False, False]


def test_a_bad_trial_is_not_repeated(tmp_path: Path) -> None:
    scores = iter([0.9, 0.8, 0.7, 0.1, 0.1])

    def gets_worse(values: Values, report: Report) -> float:
        score = next(scores)
        for _ in range(3):
            report(score)
        return score

    stopped = _search(tmp_path, objective=gets_worse, most_trials=4)
    assert stopped.trials[-1].outcome == "stopped"
    more = _search(tmp_path, objective=gets_worse, most_trials=5)
    assert more.trials[-1].values != stopped.trials[-1].values


def test_bad_trials_are_stopped_early(tmp_path: Path) -> None:
    trials = 0

    def gets_worse(values: Values, report: Report) -> float:
        nonlocal trials
        trials += 1
        for _ in range(6):
            report(1.0 / trials)
        return 1.0 / trials

    result = _search(tmp_path, objective=gets_worse)
    assert [trial.outcome for trial in result.trials[:3]] == ["finished"] * 3
    assert {trial.outcome for trial in result.trials[3:]} == {"stopped"}
    assert result.best_trial == 0


def test_each_trial_is_one_line_with_the_best_so_far_and_optuna_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _search(tmp_path, most_trials=3)
    shown = capfd.readouterr()
    lines = shown.out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("tuning model, trial 1: 0.297 (x=-3.5, kind=flat); best so far 0.297")
    assert all("best so far" in line and "of 60.0 minutes" in line for line in lines)
    assert shown.err == ""
    assert optuna.logging.get_verbosity() == logging.WARNING


def test_the_record_comes_back_and_nothing_is_written_without_searches(tmp_path: Path) -> None:
    result = _search(tmp_path / "storage", most_trials=2)
    write_searches(tmp_path, [result])
    assert read_searches(tmp_path) == [result]
    write_searches(tmp_path / "none", [])
    assert read_searches(tmp_path / "none") == []


def test_the_time_is_divided_among_the_wanted_models() -> None:
    models = ("logistic", "lstm", "distilbert")
    parts = [minutes_of(model, models, 60) for model in models]
    assert sum(parts) == pytest.approx(60)
    assert parts == sorted(parts)
    assert minutes_of("logistic", ("logistic",), 5) == pytest.approx(5)
