"""How far the decision can be relied on: `python -m benchmarks.decision_stability --help`.

From the measurements and predictions of a finished run, nothing being trained or measured again:

- time: of decision, table, winner, model card and report;
- same measurements: whether decision.json is the same twice, and the decision with the candidates in another order;
- resampled: the select reviews are drawn again, with replacement; how often the verdict and the candidate change;
- simulated: all reviews of select and test are the population, and what the chosen candidate says of them is kept.
  In every draw a second candidate is planted whose true quality in the population is known, and as many reviews as
  select has are drawn from it. "Equal" gives a share of the reviews of each true label each other's predictions:
  the same confusion matrix, other errors. "Worse" does so too, and is then degraded until its macro-F1 in the
  population is lower by the need's margin and 0.03. Beside the two there is no third, which could only take away from
  what is planted. A draw counts if the planted candidate would be deployed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.finished_run import latest_steps
from benchmarks.simulated_candidates import Labels, degrade, exchange_errors, macro_f1
from components.compare.comparison import compare_candidates
from components.shared.deciding.bootstrap import RESAMPLES, bootstrap_metric
from components.shared.deciding.decision import Candidate, Decision, Deployed
from components.shared.deciding.inputs import DecisionInputs, gather_inputs
from components.shared.deciding.selection import decide
from components.shared.errors import UserError
from components.shared.files import write_text
from components.shared.metrics import quality
from components.shared.records.features import read_features, read_split
from components.shared.records.measurements import read_measurements, read_predictions
from components.shared.records.plan import read_plan
from components.shared.records.task import Task

#: How much worse than the margin a candidate is that must not be chosen.
_BEYOND_MARGIN = 0.03
_PLANTED = "planted"


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        steps: Directory of its steps.
        inputs: What it was decided from.
        chosen: What was chosen there.
        task: Its labels.
        truth: Label indices of select, shape (n,).
        population: Label indices of select and test together, and what the chosen candidate says of them.
        seed: Of the bootstrap.
    """

    steps: Path
    inputs: DecisionInputs
    chosen: Candidate
    task: Task
    truth: NDArray[np.int64]
    population: tuple[Labels, Labels]
    seed: int


@dataclass(frozen=True)
class Planted:
    """A kind of planted candidate.

    Attributes:
        words: For the table.
        share: Of the reviews whose predictions are exchanged.
        worse: Whether it is degraded.
        cost: Its cost as a multiple of the chosen candidate's.
        deployed: Whether the chosen candidate is in service already.
        asked: Largest share of the draws in which it may be chosen; None: told, not asked.
    """

    words: str
    share: float
    worse: bool
    cost: float
    deployed: bool
    asked: float | None = 0.05


#: Both costs of a pair then differ by what the need calls worthwhile, if one is half the other.
_WORTH_WAITING = 2.0
_PLANTS = (
    Planted("first deployment: equal, own errors, twice as dear", 1.0, False, 2.0, deployed=False),
    Planted("first deployment: equal, 10 % of the errors exchanged, twice as dear", 0.1, False, 2.0, deployed=False),
    Planted("first deployment: equal, own errors, a quarter dearer", 1.0, False, 1.25, deployed=False, asked=None),
    Planted("first deployment: worse, own errors, half the cost", 1.0, True, 0.5, deployed=False),
    Planted("first deployment: worse, 10 % of the errors exchanged, half the cost", 0.1, True, 0.5, deployed=False),
    Planted("champion in service: equal, own errors, twice as dear", 1.0, False, 2.0, deployed=True),
    Planted("champion in service: equal, own errors, a quarter dearer", 1.0, False, 1.25, deployed=True),
    Planted("champion in service: worse, own errors, half the cost", 1.0, True, 0.5, deployed=True),
)


def main(argv: list[str] | None = None) -> None:
    """Prints a table of what was asked and what is reached."""
    options = _parser().parse_args(argv)
    try:
        run = read_run(options.run, options.seed)
        rows = [
            *_time_and_repeat(run, options.explained_reviews),
            *resample(run, options.resamples),
            *simulate(run, options.draws),
        ]
    except UserError as error:
        sys.exit(str(error))
    text = "\n".join(["| figure | asked | reached |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
    how = (
        f"{len(run.inputs.figures)} candidates, {len(run.truth):,} select reviews, margin "
        f"{run.inputs.need.quality.margin:g}, {RESAMPLES:,} bootstrap resamples; chosen: {run.chosen.name}."
    )
    print(f"{how}\n\n{text}")
    if options.output:
        write_text(options.output / "decision_stability.md", f"{how}\n\n{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decision_stability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, help="OUT of a finished run of the pipeline")
    parser.add_argument("--resamples", type=int, default=20, help="select sets drawn again (%(default)s)")
    parser.add_argument("--draws", type=int, default=200, help="simulated draws of each kind (%(default)s)")
    parser.add_argument("--explained-reviews", type=int, default=100, help="as in the pipeline (%(default)s)")
    parser.add_argument("--seed", type=int, default=42, help="(%(default)s)")
    parser.add_argument("--output", type=Path, help="directory for decision_stability.md; none: print only")
    return parser


def read_run(out: Path, seed: int) -> Run:
    """Returns the latest finished run in OUT.

    Raises:
        UserError: There is none, it chose nothing, or another metric than macro-F1 decides.
    """
    steps = latest_steps(out)
    features = steps / "engineer-features" / "features"
    description, measurements = read_features(features), steps / "evaluate" / "measurements"
    need = read_plan(steps / "define" / "plan").need
    if need.quality.metric != "macro_f1":
        raise UserError(f"{out}: {need.quality.metric} decides there; this benchmark simulates macro_f1 only")
    select, test = read_split(features, "select"), read_split(features, "test")
    inputs = gather_inputs(
        read_measurements(measurements), measurements, description, select, need, seed, every_figure=False
    )
    chosen = inputs.decide().chosen
    if chosen is None:
        raise UserError(f"{out}: no candidate was chosen there, so there is nothing to simulate")
    truth = {
        name: description.task.indices(table["label"].tolist())
        for name, table in (("select", select), ("test", test))
    }
    said = [read_predictions(measurements, chosen, split).argmax(axis=1) for split in truth]
    return Run(
        steps=steps,
        inputs=inputs,
        chosen=inputs.figures[chosen],
        task=description.task,
        truth=truth["select"],
        population=(np.concatenate(list(truth.values())), np.concatenate(said)),
        seed=seed,
    )


def resample(run: Run, resamples: int) -> Iterator[tuple[str, str, str]]:
    """Yields rows on how often verdict and candidate differ from those on the select reviews as they are."""
    before, generator = run.inputs.decide(), np.random.default_rng(run.seed)
    drawn = [
        _decide_on(run, generator.integers(0, len(run.truth), len(run.truth)))
        for _ in tqdm(range(resamples), desc="resampled", mininterval=1)
    ]
    words = sum(decision.verdict != before.verdict for decision in drawn)
    others = [decision.chosen for decision in drawn if decision.chosen != before.chosen]
    yield f"another verdict on {resamples} resampled select sets", "at most 1", f"{words}"
    yield f"another candidate on {resamples} resampled select sets", "told", _count(others)


def simulate(run: Run, draws: int) -> Iterator[tuple[str, str, str]]:
    """Yields a row for each kind of planted candidate: how often it would be deployed."""
    found: dict[Planted, list[Decision]] = {kind: [] for kind in _PLANTS}
    for share, worse in sorted({(kind.share, kind.worse) for kind in _PLANTS}):
        generator = np.random.default_rng(run.seed)
        kinds = [kind for kind in _PLANTS if (kind.share, kind.worse) == (share, worse)]
        for _ in tqdm(range(draws), desc="simulated", mininterval=1):
            truth, predicted = _draw(run, share, worse, generator)
            samples = _bootstrap(run, truth, predicted)
            for kind in kinds:
                found[kind].append(_decide_with(run, kind, truth, predicted, samples))
    for kind, decisions in found.items():
        chosen = sum(decision.verdict == "deploy" and decision.chosen == _PLANTED for decision in decisions)
        unsettled = sum(decision.verdict == "inconclusive" for decision in decisions)
        asked = "told" if kind.asked is None else f"at most {kind.asked:.0%}"
        yield kind.words, asked, f"{chosen / draws:.1%} (inconclusive {unsettled / draws:.0%})"


def _decide_on(run: Run, rows: NDArray[np.int64]) -> Decision:
    """Returns the decision on select reviews drawn again."""
    inputs, truth, scores = run.inputs, run.truth[rows], np.array(run.task.scores)
    predicted = {name: probabilities[rows] for name, probabilities in inputs.predicted.items()}
    figures = {name: quality(truth, said, scores, run.task.ordered) for name, said in predicted.items()}

    def redrawn(one: Candidate) -> Candidate:
        of = figures[one.name]
        return replace(one, quality=of.macro_f1, macro_f1=of.macro_f1, average_error=of.average_error)

    champion = inputs.deployed.figures
    deployed = replace(inputs.deployed, figures=redrawn(champion) if champion else None)
    samples = _bootstrap(run, truth, {name: said.argmax(axis=1) for name, said in predicted.items()})
    candidates = [redrawn(one) for one in inputs.figures.values()]
    return decide(candidates, inputs.need, inputs.majority_macro_f1, samples, deployed, len(rows))


def _draw(run: Run, share: float, worse: bool, generator: np.random.Generator) -> tuple[Labels, dict[str, Labels]]:
    """Returns reviews drawn from the population: their labels, and what the chosen and a planted candidate say."""
    truth, said = run.population
    planted = exchange_errors(truth, said, share, generator)
    if worse:
        loss = run.inputs.need.quality.margin + _BEYOND_MARGIN
        planted = degrade(truth, planted, len(run.task.labels), loss, generator)
    rows = generator.integers(0, len(truth), len(run.truth))
    return truth[rows], {run.chosen.name: said[rows], _PLANTED: planted[rows]}


def _decide_with(
    run: Run,
    kind: Planted,
    truth: Labels,
    predicted: Mapping[str, Labels],
    samples: Mapping[str, NDArray[np.float64]],
) -> Decision:
    """Returns the decision between the chosen candidate and a planted one on reviews drawn from the population."""
    reached = {name: macro_f1(truth, labels, len(run.task.labels)) for name, labels in predicted.items()}
    # Dear enough for half of it to be worth waiting for: below that, either of the two may be taken.
    cost = max(run.chosen.cost_eur, _WORTH_WAITING * run.inputs.need.worthwhile_saving_eur)
    real, planted = (replace(run.chosen, quality=value, macro_f1=value, cost_eur=cost) for value in reached.values())
    planted = replace(planted, name=_PLANTED, content=_PLANTED, cost_eur=real.cost_eur * kind.cost)
    deployed = Deployed("measured", figures=real) if kind.deployed else Deployed()
    majority = run.inputs.majority_macro_f1
    return decide([real, planted], run.inputs.need, majority, samples, deployed, len(truth))


def _bootstrap(run: Run, truth: Labels, predicted: Mapping[str, Labels]) -> dict[str, NDArray[np.float64]]:
    return bootstrap_metric(truth, predicted, len(run.task.labels), "macro_f1", run.seed)


def _count(names: Sequence[str | None]) -> str:
    counts = {name or "none": names.count(name) for name in sorted(set(names), key=str)}
    return f"{len(names)}" + (
        f" ({', '.join(f'{name} {count}' for name, count in counts.items())})" if counts else ""
    )


def _time_and_repeat(run: Run, explained_reviews: int) -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        first = _compare(run, 0, Path(scratch) / "first")
        seconds = time.monotonic() - started
        second = _compare(run, explained_reviews, Path(scratch) / "second")
        explaining = max(0.0, time.monotonic() - started - 2 * seconds)
    yield f"decision and report from {len(run.inputs.figures)} candidates", "under 60 s", f"{seconds:.1f} s"
    if explained_reviews:
        yield f"which words the chosen one goes by, {explained_reviews} reviews", "told", f"{explaining:.0f} s"
    turned = replace(run.inputs, figures=dict(reversed(list(run.inputs.figures.items()))))
    same = first == second and turned.decide() == run.inputs.decide()
    yield "same measurements, twice and reordered", "the same decision", "the same" if same else "another"


def _compare(run: Run, explained_reviews: int, out: Path) -> bytes:
    """Compares as the pipeline does; returns decision.json."""
    steps = run.steps
    gathered = sorted(path / "bundles" for path in steps.glob("gather*"))
    arguments: dict[str, Any] = {
        name: out / name for name in ("table", "slices", "decision", "winner", "explanations", "report", "model_card")
    }
    compare_candidates(
        features=steps / "engineer-features" / "features",
        plan=steps / "define" / "plan",
        measurements=steps / "evaluate" / "measurements",
        robustness=steps / "probe-robustness" / "robustness",
        sources=[steps / "train-floor" / "candidates", steps / "off-the-shelf" / "candidates", *gathered],
        pages={},
        step_usages=[],
        explained_reviews=explained_reviews,
        redact_reviews=False,
        override=None,
        seed=run.seed,
        **arguments,
    )
    return (out / "decision").read_bytes()


if __name__ == "__main__":
    main()
