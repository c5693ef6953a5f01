"""Automatic tuning: a search for hyperparameters within a given time, with Optuna.

Trials learn from train and are judged on tune. A Bayesian sampler (TPE: Bergstra et al., "Algorithms for
Hyper-Parameter Optimization", 2011) proposes each trial from what the earlier ones came to; bad trials are stopped
early. Each search has a storage of its own, an SQLite file named for the data, the space and everything else that
decides a trial's score: a search that was killed goes on where it was, and never mixes in foreign trials.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.pruners import BasePruner, MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from components.shared.records.searches import Search, TrialRecord, Values, in_words

#: How the time is divided: by what a trial of each model takes, and gains.
SHARES = {"logistic": 0.05, "hashing": 0.05, "lstm": 0.30, "distilbert": 0.60}
#: Of larger train splits, trials learn from a stratified sample of so many reviews.
SEARCH_ROWS = 50_000
#: More trials than this are not made, however much time there is.
MOST_TRIALS = 200
#: So many trials at random before the sampler goes by what it has seen.
_RANDOM_TRIALS = 5
#: No trial is stopped early before so many were finished, nor in its first epoch.
_UNPRUNED_TRIALS, _UNPRUNED_EPOCHS = 3, 1
_SHORT = 16
#: What the storage keeps: of a search, the seconds that its ended trials took; of a trial, that time stopped it.
_USED, _OUT_OF_TIME = "seconds", "out_of_time"

Space = Mapping[str, BaseDistribution]


@dataclass(frozen=True)
class Budget:
    """How long the models of a run are searched for.

    Attributes:
        minutes: For all models together.
        directory: Directory of the storages.
    """

    minutes: float
    directory: Path


class TrialStopped(Exception):
    """A trial is not worth going on with, or time is up. An objective lets it pass."""


class Report:
    """What an objective tells of its trial while it runs; raises `TrialStopped` where the trial is to end."""

    def __init__(self, trial: optuna.Trial, deadline: float) -> None:
        """Reports on a trial that may run until `deadline` on the monotonic clock."""
        self._trial = trial
        self._deadline = deadline
        self._epochs = 0

    def __call__(self, score: float) -> None:
        """Tells what an epoch came to."""
        self._trial.report(score, step=self._epochs)
        self._epochs += 1
        if self._trial.should_prune():
            raise TrialStopped
        self.check_time()

    def check_time(self) -> None:
        """Ends the trial if the time is up; called within an epoch."""
        if time.monotonic() > self._deadline:
            self._trial.set_user_attr(_OUT_OF_TIME, True)
            raise TrialStopped


Objective = Callable[[Values, Report], float]


def minutes_of(model: str, models: tuple[str, ...], minutes: float) -> float:
    """Returns a model's part of the time, by SHARES, when all of `models` are searched for."""
    return minutes * SHARES[model] / sum(SHARES[one] for one in models)


def trial_data(rows: int, train_rows: int) -> str:
    """Returns in words what a trial learns from: `rows` of the `train_rows` reviews that final training takes."""
    if rows == train_rows:
        return "the whole train split"
    return f"{rows:,} of the {train_rows:,} reviews that final training takes, drawn by label,"


def search(
    candidate: str,
    space: Space,
    objective: Objective,
    start: Values,
    *,
    minutes: float,
    directory: Path,
    decided_by: Mapping[str, object],
    metric: str = "macro_f1",
    how: str = "",
    seed: int = 0,
    pruner: BasePruner | None = None,
    most_trials: int = MOST_TRIALS,
) -> Search:
    """Searches until the time is up and returns the best hyperparameters.

    The time of earlier trials in the storage counts: a finished search is not repeated, and more minutes continue
    it, with the trial that had no time left. The time in which a search was down does not count, nor does that of a
    trial that was killed. The n-th trial depends on the seed and the trials before it alone, so that a search that
    was killed is the same as one that was not.

    Args:
        candidate: What the search is for.
        space: Hyperparameter to what it may be.
        objective: Takes hyperparameters and a `Report` to be called with the score after each epoch; trains on
            train and returns the score on tune, higher is better.
        start: Values of the first trial: those that would be taken without a search. The space is widened to hold
            them.
        minutes: Time for all trials together. The trial that is running when it is over is stopped where it next
            reports; one that does not is finished.
        directory: Directory of the storages; created.
        decided_by: What else decides a trial's score: the features' fingerprint, fixed settings. JSON values.
        metric: Name of the score.
        how: What a trial is, for the record.
        seed: Seed of the sampler.
        pruner: Decides which trials are stopped early; by default those below the median of the earlier ones.
        most_trials: End after this many trials.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {name: _widened(values, start[name]) for name, values in space.items()}
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{candidate}-{_key(space, decided_by, start, metric, seed)}"
    study = optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{(directory / name).resolve()}.db",
        direction="maximize",
        pruner=pruner or MedianPruner(n_startup_trials=_UNPRUNED_TRIALS, n_warmup_steps=_UNPRUNED_EPOCHS),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(start)
    budget, used = minutes * 60, study.user_attrs.get(_USED, 0.0)
    if used < budget:
        _repeat_unfinished(study)
    while used < budget and len(_ended(study)) < most_trials:
        started = time.monotonic()
        _run_trial(study, space, objective, started + budget - used, seed)
        used += time.monotonic() - started
        study.set_user_attr(_USED, used)
        print(_progress(candidate, study, used, minutes), flush=True)
    return _record(candidate, study, start, metric, minutes, how)


def _widened(values: BaseDistribution, start: Any) -> BaseDistribution:
    """Returns what a hyperparameter may be, its first value included."""
    if isinstance(values, CategoricalDistribution):
        return values if start in values.choices else CategoricalDistribution((*values.choices, start))
    assert isinstance(values, FloatDistribution | IntDistribution)
    return type(values)(min(values.low, start), max(values.high, start), log=values.log)


def _key(space: Space, decided_by: Mapping[str, object], start: Values, metric: str, seed: int) -> str:
    described = {name: json.loads(distribution_to_json(values)) for name, values in sorted(space.items())}
    content = {"space": described, "by": dict(decided_by), "start": start, "metric": metric, "seed": seed}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_SHORT]


def _repeat_unfinished(study: optuna.Study) -> None:
    """Queues the trial that a killed search left behind, or else the latest if it had no time left."""
    unfinished = study.get_trials(states=(TrialState.RUNNING,))
    for trial in unfinished:
        study.tell(trial.number, state=TrialState.FAIL)
    if not unfinished and not study.get_trials(states=(TrialState.WAITING,)):
        unfinished = [trial for trial in _ended(study)[-1:] if _OUT_OF_TIME in trial.user_attrs]
    for trial in unfinished:
        study.enqueue_trial(trial.params)


def _run_trial(study: optuna.Study, space: Space, objective: Objective, deadline: float, seed: int) -> None:
    # A sampler of its own for each trial: a search that goes on proposes what it would have proposed anyway.
    study.sampler = TPESampler(seed=seed + len(_ended(study)), n_startup_trials=_RANDOM_TRIALS)
    trial = study.ask(fixed_distributions=dict(space))
    try:
        study.tell(trial, objective(dict(trial.params), Report(trial, deadline)))
    except TrialStopped:
        study.tell(trial, state=TrialState.PRUNED)


def _ended(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def _score(trial: FrozenTrial) -> float | None:
    if trial.state == TrialState.COMPLETE:
        return trial.value
    return max(trial.intermediate_values.values(), default=None)


def _best(study: optuna.Study) -> FrozenTrial | None:
    """Returns the finished trial of the highest score, the earliest of equals."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(finished, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)


def _progress(candidate: str, study: optuna.Study, used: float, minutes: float) -> str:
    """Returns a line on the latest trial and the best so far."""
    trial, best = _ended(study)[-1], _best(study)
    score = _score(trial)
    came_to = "no epoch in time" if score is None else f"{score:.3f}"
    if trial.state == TrialState.PRUNED:
        came_to += f", stopped after {len(trial.intermediate_values)} epochs"
    so_far = "none finished yet" if best is None else f"best so far {best.value:.3f} with {in_words(best.params)}"
    return f"tuning {candidate}, trial {len(_ended(study))}: {came_to} ({in_words(trial.params)}); {so_far}; " + (
        f"{used / 60:.1f} of {minutes:.1f} minutes"
    )


def _record(candidate: str, study: optuna.Study, start: Values, metric: str, minutes: float, how: str) -> Search:
    trials, best = _ended(study), _best(study)
    return Search(
        candidate=candidate,
        metric=metric,
        minutes=minutes,
        how=how,
        best=start if best is None else dict(best.params),
        best_trial=None if best is None else trials.index(best),
        trials=tuple(
            TrialRecord(
                number=number,
                values=trial.params,
                outcome="finished" if trial.state == TrialState.COMPLETE else "stopped",
                score=_score(trial),
                seconds=_seconds(trial),
            )
            for number, trial in enumerate(trials)
        ),
    )
