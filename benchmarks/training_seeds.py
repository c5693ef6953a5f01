"""What seeds do to the trained candidates: `python -m benchmarks.training_seeds --help`.

Every model is trained by the pipeline's own steps with its defaults, once with each seed, on the same splits of a
table, and predicts with its bundle. One seed is an anecdote.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.preparation import clean_table, engineer_features
from benchmarks.tables import spread
from components.define.preflight import make_plan
from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
from components.off_the_shelf.offers import Wish, offer_services
from components.shared.bundle import load_bundle
from components.shared.deciding.bootstrap import bootstrap_metric, interval
from components.shared.files import write_text
from components.shared.metrics import quality
from components.shared.records.candidates import list_bundles
from components.shared.records.features import read_features, read_split
from components.shared.records.plan import MODELS
from components.shared.services.answers import Caps
from components.train_floor.floor import train_floors
from components.train_lstm.training import LstmSettings, train
from pipelines.arguments import defaults

_FEATURES, _PLAN = "features", "plan.json"
_SPLITS = ("select", "test")
#: The pair whose difference is told with its interval.
_DEEP, _FLOOR = "distilbert", "logistic"


@dataclass(frozen=True)
class Result:
    """What one bundle reached.

    Attributes:
        figures: Accuracy and macro-F1 on select, then on test.
        predicted: Label indices on test, shape (n,).
    """

    figures: tuple[float, ...]
    predicted: NDArray[np.int64]


def main(argv: list[str] | None = None) -> None:
    """Prints each training as it ends, then means and standard deviations over the seeds."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        workspace = options.keep or Path(temporary)
        workspace.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(sys.stderr):
            _prepare(options.data, options.models, workspace)
        seeds = range(1, options.seeds + 1)
        print(f"{options.data.name}, seeds {', '.join(map(str, seeds))}", flush=True)
        results = [_train_and_predict(options.models, seed, workspace) for seed in seeds]
        _print_table(results)
        _print_difference(results, workspace / _FEATURES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_seeds", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="a table that the pipeline can read")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each model (%(default)s)")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), help="(%(default)s)")
    parser.add_argument("--keep", type=Path, help="keep features and bundles here, and take what is there already")
    return parser


def _prepare(data: Path, models: Sequence[str], workspace: Path) -> None:
    """Writes features and plan, unless an earlier call left them."""
    parameters = defaults()
    plan = make_plan(need="", labels=[], models=list(models), techniques=[], language=parameters["language"])
    write_text(workspace / _PLAN, plan.model_dump_json())
    if not (workspace / _FEATURES).exists():
        engineer_features(clean_table(data, workspace), parameters["embeddings"], 0, workspace / _FEATURES)


def _train_and_predict(models: Sequence[str], seed: int, workspace: Path) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for step in _steps(models):
        candidates = workspace / f"{step}-{seed}"
        with contextlib.redirect_stdout(sys.stderr):
            if not list_bundles(candidates):
                _train(step, seed, workspace, candidates)
            reached = {name: _predict(bundle, workspace) for name, bundle in list_bundles(candidates).items()}
        for name, result in reached.items():
            print(f"  seed {seed}  {name:<18} {'  '.join(f'{figure:.3f}' for figure in result.figures)}", flush=True)
        results |= reached
    return results


def _steps(models: Sequence[str]) -> list[str]:
    return ["floor", "vader", *(model for model in ("lstm", "distilbert") if model in models)]


def _train(step: str, seed: int, workspace: Path, candidates: Path) -> None:
    features, plan = workspace / _FEATURES, workspace / _PLAN
    states = {"seed": seed, "training_state": str(workspace / "training_state")}
    if step == "floor":
        train_floors(features, plan, seed, candidates)
    elif step == "vader":
        wish = Wish(("vader",), defaults()["chat_model"], Caps(maximum_calls=0, maximum_eur=0.0), workspace, seed)
        offer_services(features, plan, wish, candidates)
    elif step == "lstm":
        train(features, plan, LstmSettings(**_own("lstm", LstmSettings) | states), candidates)
    else:
        finetune(features, plan, DistilBertSettings(**_own("distilbert", DistilBertSettings) | states), candidates)


def _own(model: str, settings: Any) -> dict[str, Any]:
    """Returns the defaults of those pipeline parameters that are fields of a model's settings."""
    parameters = defaults()
    names = {name: f"{model}_{name}" for name in settings.__dataclass_fields__}
    return {name: parameters[parameter] for name, parameter in names.items() if parameter in parameters}


def _predict(bundle: Path, workspace: Path) -> Result:
    features = workspace / _FEATURES
    task, predictor = read_features(features).task, load_bundle(bundle)
    figures: list[float] = []
    for split in _SPLITS:
        reviews = read_split(features, split)
        probabilities = predictor.predict_natural(reviews["natural"].tolist())
        reached = quality(task.indices(reviews["label"].tolist()), probabilities, np.array(task.scores))
        figures += [reached.accuracy, reached.macro_f1]
    return Result(tuple(figures), probabilities.argmax(axis=1))


def _print_table(results: Sequence[dict[str, Result]]) -> None:
    heads = [f"{split} {metric}" for split in _SPLITS for metric in ("accuracy", "macro-F1")]
    print(f"| candidate | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    for name in results[0]:
        columns = [spread([one[name].figures[column] for one in results]) for column in range(len(heads))]
        print(f"| {name} | {' | '.join(columns)} |", flush=True)


def _print_difference(results: Sequence[dict[str, Result]], features: Path) -> None:
    """Prints by how much DistilBERT is better than logistic regression on test, with 95 % intervals."""
    if not all(name in results[0] for name in (_DEEP, _FLOOR)):
        return
    task = read_features(features).task
    truth = task.indices(read_split(features, "test")["label"].tolist())
    for seed, one in enumerate(results, start=1):
        predictions = {name: one[name].predicted for name in (_DEEP, _FLOOR)}
        for metric in ("accuracy", "macro_f1"):
            samples = bootstrap_metric(truth, predictions, len(task.labels), metric, seed=0)
            low, high = interval(samples[_DEEP] - samples[_FLOOR])
            print(f"seed {seed}: {_DEEP} - {_FLOOR}, test {metric}: 95 % interval {low:+.3f} to {high:+.3f}")


if __name__ == "__main__":
    main()
