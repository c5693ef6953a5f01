"""Which word vectors serve the LSTM best: `python -m benchmarks.embeddings --help`.

Each kind is trained with each seed on the same splits of a table; all else is as the pipeline does it by default.
Vectors that are random or fitted on train are made anew with each seed.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.preparation import clean_table, engineer_features
from benchmarks.tables import spread
from components.define.preflight import make_plan
from components.shared.lstm_variants import PACKAGED, Variant
from components.shared.metrics import quality
from components.shared.records.features import read_features
from components.shared.training.examples import read_examples
from components.shared.training.fitting import predict
from components.train_lstm.training import LstmSettings, train_variant
from pipelines.arguments import defaults

_VARIANTS = (
    Variant(PACKAGED, fine_tuned=False),
    Variant(PACKAGED, fine_tuned=True),
    Variant("random", fine_tuned=True),
    Variant("word2vec", fine_tuned=True),
    Variant("fasttext", fine_tuned=True),
)
_EMBEDDINGS = tuple(dict.fromkeys(variant.embedding for variant in _VARIANTS))
_SPLITS = ("select", "test")


@dataclass(frozen=True)
class Result:
    """One training.

    Attributes:
        figures: Accuracy and macro-F1 on select, then on test.
        epochs: How many it took.
        epoch_seconds: Of one epoch, without the predictions on tune.
    """

    figures: tuple[float, ...]
    epochs: int
    epoch_seconds: float


def main(argv: list[str] | None = None) -> None:
    """Prints each training as it ends, then a table of means and standard deviations over the seeds."""
    options = _parser().parse_args(argv)
    for data in options.data:
        with tempfile.TemporaryDirectory() as workspace:
            print(f"{data.name}, seeds {', '.join(map(str, range(1, options.seeds + 1)))}", flush=True)
            results = _train_all(data, range(1, options.seeds + 1), Path(workspace))
        _print_table(results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embeddings", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="tables that the pipeline can read")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each kind (%(default)s)")
    return parser


def _train_all(data: Path, seeds: Sequence[int], workspace: Path) -> dict[str, list[Result]]:
    with contextlib.redirect_stdout(sys.stderr):
        cleaned = clean_table(data, workspace)
    results: dict[str, list[Result]] = {variant.name: [] for variant in _VARIANTS}
    for seed in seeds:
        features = workspace / f"features-{seed}"
        with contextlib.redirect_stdout(sys.stderr):
            engineer_features(cleaned, _EMBEDDINGS, seed, features)
        for variant in _VARIANTS:
            with contextlib.redirect_stdout(sys.stderr):
                result = _train(features, variant, seed)
            results[variant.name].append(result)
            figures = "  ".join(f"{figure:.3f}" for figure in result.figures)
            print(f"  seed {seed}  {variant.name:<20} {figures}  {result.epochs} epochs", flush=True)
    return results


def _train(features: Path, variant: Variant, seed: int) -> Result:
    parameters = defaults() | {"lstm_seed": seed, "lstm_training_state": ""}
    settings = LstmSettings(**{name: parameters[f"lstm_{name}"] for name in LstmSettings.__dataclass_fields__})
    plan = make_plan(need="", labels=[], models=["lstm"], techniques=[], language=parameters["language"])
    trained = train_variant(features, plan, settings, variant)
    scores = np.array(read_features(features).task.scores)
    figures = []
    for split in _SPLITS:
        examples = read_examples(trained.architecture, features, split)
        predicted = predict(trained.architecture, trained.model, examples.encoded)
        reached = quality(examples.labels, predicted, scores)
        figures += [reached.accuracy, reached.macro_f1]
    rows = len(read_examples(trained.architecture, features, "train", seed=seed).labels)
    return Result(tuple(figures), len(trained.history.loss), rows / trained.history.reviews_per_second)


def _print_table(results: dict[str, list[Result]]) -> None:
    heads = [f"{split} {metric}" for split in _SPLITS for metric in ("accuracy", "macro-F1")]
    print(f"| word vectors | {' | '.join(heads)} | epochs | seconds an epoch |")
    print("|---" * (len(heads) + 3) + "|")
    for name, trainings in results.items():
        columns = [spread([one.figures[column] for one in trainings]) for column in range(len(heads))]
        epochs = statistics.mean(one.epochs for one in trainings)
        seconds = statistics.mean(one.epoch_seconds for one in trainings)
        print(f"| {name} | {' | '.join(columns)} | {epochs:.0f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
