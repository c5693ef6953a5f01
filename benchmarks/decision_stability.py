"""How far the decision can be relied on: `python -m benchmarks.decision_stability --help`.

Simulated tables (`--tables`), nothing being trained: reviews whose labels have nothing to do with what any candidate
says, of all sizes, with 2, 3 and 5 labels, even and uneven, decided for every metric: how often one is deployed. And
tables in which some candidates know a part of the labels: how often one is deployed, by reviews and by signal.

From the measurements and predictions of a finished run (`--run`), nothing being trained or measured again:

- time: of decision, table, winner, model card and report;
- same measurements: whether decision.json is the same twice, and the decision with the candidates in another order;
- split again: select and test are put together and split anew, by 20 seeds and by many more; how often the interval
  that is told of the chosen candidate on select holds what it reaches on test;
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.finished_run import latest_steps
from benchmarks.simulated_candidates import Labels, degrade, exchange_errors, macro_f1
from benchmarks.simulated_tables import decide_on, draw_table, label_shares
from components.compare.comparison import compare_candidates
from components.shared.deciding.bootstrap import METRICS, RESAMPLES, bootstrap_metric
from components.shared.deciding.decision import Candidate, Decision, Deployed
from components.shared.deciding.inputs import DecisionInputs, gather_inputs
from components.shared.deciding.selection import decide
from components.shared.deciding.skill import assess_skills
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
        class_shares: Of train, shape (classes,).
        truth: Label indices of select, shape (n,).
        population: Label indices of select and test together.
        answers: Candidate to its probabilities for them; the champion's are not known on test.
        seed: Of the bootstrap.
    """

    steps: Path
    inputs: DecisionInputs
    chosen: Candidate
    task: Task
    class_shares: Sequence[float]
    truth: NDArray[np.int64]
    population: Labels
    answers: Mapping[str, NDArray[np.floating[Any]]]
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


#: Both costs of a pair then differ by more than what the need calls worthwhile, if one is half the other.
_WORTH_WAITING = 2.4
#: Of simulated tables: fewest and most reviews, numbers of labels and of candidates.
_FEWEST, _MOST, _LABELS, _CANDIDATES = 100, 5000, (2, 3, 5), (3, 40)
_MOST_DEPLOYED = 0.025
#: Of the tables with a signal: shares of the labels as the clothing shop has them, reviews, share that is known.
_SHOP, _POWER_REVIEWS, _SIGNALS = (0.04, 0.07, 0.12, 0.22, 0.55), (100, 300, 1000, 3000), (0.05, 0.1, 0.2, 0.4)
_POWER_CANDIDATES = 20
_LEAST_COVERAGE = 0.9
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
    parts = []
    try:
        if options.tables:
            parts.append(_table("Simulated tables.", simulate_noise(options.tables, options.seed)))
        if options.power_tables:
            parts.append(_power_table(options.power_tables, options.seed))
        if options.run:
            parts.append(_describe_run(read_run(options.run, options.seed), options))
    except UserError as error:
        sys.exit(str(error))
    text = "\n\n".join(parts)
    print(text)
    if options.output:
        write_text(options.output / "decision_stability.md", f"{text}\n")


def _describe_run(run: Run, options: argparse.Namespace) -> str:
    how = (
        f"{len(run.inputs.figures)} candidates, {len(run.truth):,} select reviews, margin "
        f"{run.inputs.need.quality.margin:g}, {RESAMPLES:,} bootstrap resamples; chosen: {run.chosen.name}."
    )
    rows = [
        *_time_and_repeat(run, options.explained_reviews),
        *split_again(run, options.splits),
        *resample(run, options.resamples),
        *simulate(run, options.draws),
    ]
    return _table(how, rows)


def _table(how: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [how, "", "| figure | asked | reached |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.decision_stability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, help="OUT of a finished run of the pipeline; none: simulated tables only")
    parser.add_argument("--tables", type=int, default=500, help="simulated tables without a signal (%(default)s)")
    parser.add_argument(
        "--power-tables", type=int, default=50, help="simulated tables of each size and signal (%(default)s)"
    )
    parser.add_argument("--splits", type=int, default=200, help="splits anew, at least 20 (%(default)s)")
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
    answers = {
        name: np.concatenate([read_predictions(measurements, name, split) for split in truth])
        for name in inputs.figures
    }
    return Run(
        steps=steps,
        inputs=inputs,
        chosen=inputs.figures[chosen],
        task=description.task,
        class_shares=description.class_shares,
        truth=truth["select"],
        population=np.concatenate(list(truth.values())),
        answers=answers,
        seed=seed,
    )


def simulate_noise(tables: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Yields rows on how often something is deployed where nothing knows anything."""
    generator = np.random.default_rng(seed)
    deployed = {metric: 0 for metric in METRICS}
    for number in tqdm(range(tables), desc="without a signal", mininterval=1):
        reviews = round(float(np.exp(generator.uniform(np.log(_FEWEST), np.log(_MOST)))))
        shares = label_shares(int(generator.choice(_LABELS)), balanced=bool(generator.random() < 0.5))
        candidates = int(generator.integers(_CANDIDATES[0], _CANDIDATES[1] + 1))
        table = draw_table(reviews, shares, candidates, 0.0, generator)
        for metric, decision in decide_on(table, seed + number).items():
            deployed[metric] += decision.verdict == "deploy"
    asked = f"at most {_MOST_DEPLOYED:.1%}"
    for metric, count in deployed.items():
        yield f"deployed without any signal, {metric}, {tables} tables", asked, f"{count / tables:.1%}"
    every = sum(deployed.values()) / (tables * len(METRICS))
    yield "the same, all metrics together", asked, f"{every:.2%}"


def _power_table(tables: int, seed: int) -> str:
    """Returns how often a candidate that knows something is deployed, by reviews and by how much it knows."""
    generator, shares = np.random.default_rng(seed), np.array(_SHOP)
    lines = []
    for reviews in tqdm(_POWER_REVIEWS, desc="with a signal", mininterval=1):
        cells = []
        for signal in _SIGNALS:
            deployed = 0
            for number in range(tables):
                table = draw_table(reviews, shares, _POWER_CANDIDATES, signal, generator)
                deployed += decide_on(table, seed + number, ("macro_f1",))["macro_f1"].verdict == "deploy"
            cells.append(f"{deployed / tables:.0%}")
        lines.append(f"| {reviews:,} | {' | '.join(cells)} |")
    heading = " | ".join(f"{signal:.0%}" for signal in _SIGNALS)
    return "\n".join(
        [
            f"Share of {tables} simulated tables each in which a candidate is deployed, macro-F1. Of "
            f"{_POWER_CANDIDATES} candidates half know so many labels and guess the rest; label shares "
            f"{', '.join(f'{share:.0%}' for share in _SHOP)}:",
            "",
            f"| select reviews | {heading} |",
            f"|{'---|' * (1 + len(_SIGNALS))}",
            *lines,
        ]
    )


def split_again(run: Run, splits: int) -> Iterator[tuple[str, str, str]]:
    """Yields rows on how often what is expected of the choice on select holds what it reaches on test."""
    held, gaps = [], []
    for seed in tqdm(range(splits), desc="split again", mininterval=1):
        order = np.random.default_rng(seed).permutation(len(run.population))
        select, test = order[: len(run.truth)], order[len(run.truth) :]
        decision = _decide_on(run, run.population[select], {name: of[select] for name, of in run.answers.items()})
        if decision.chosen is None or decision.expected is None:
            continue
        said = run.answers[decision.chosen][test].argmax(axis=1)
        reached = macro_f1(run.population[test], said, len(run.task.labels))
        held.append(decision.expected.low <= reached <= decision.expected.high)
        on_select = decision.expected.value + decision.expected.flattered_by
        gaps.append((reached - on_select, reached - decision.expected.value))
    asked = f"at least {_LEAST_COVERAGE:.0%}"
    first = held[:20]
    yield "test's figure within what was to be expected, 20 splits", asked, f"{np.mean(first):.0%}"
    yield f"the same, {splits} splits", asked, f"{np.mean(held):.1%}"
    plain, corrected = np.mean(gaps, axis=0)
    yield "test minus select, and minus what was to be expected", "told", f"{plain:+.4f}, {corrected:+.4f}"


def resample(run: Run, resamples: int) -> Iterator[tuple[str, str, str]]:
    """Yields rows on how often verdict and candidate differ from those on the select reviews as they are."""
    before, generator = run.inputs.decide(), np.random.default_rng(run.seed)
    drawn = [
        _decide_on(run, run.truth[rows], {name: of[rows] for name, of in run.inputs.predicted.items()})
        for rows in tqdm(
            [generator.integers(0, len(run.truth), len(run.truth)) for _ in range(resamples)],
            desc="resampled",
            mininterval=1,
        )
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


def _decide_on(run: Run, truth: Labels, predicted: Mapping[str, NDArray[np.floating[Any]]]) -> Decision:
    """Returns the decision on other select reviews.

    Args:
        run: What was measured.
        truth: Their label indices, shape (n,).
        predicted: Candidate, the champion too if it was measured, to probabilities, shape (n, classes).
    """
    inputs, scores = run.inputs, np.array(run.task.scores)
    figures = {name: quality(truth, rows, scores, run.task.ordered) for name, rows in predicted.items()}
    said = {name: rows.argmax(axis=1) for name, rows in predicted.items()}
    samples = _bootstrap(run, truth, said)
    offerable = {name: said[name] for name, one in inputs.figures.items() if one.skill is not None}
    skills = assess_skills(truth, offerable, samples, run.class_shares, "macro_f1", run.seed)

    def redrawn(one: Candidate) -> Candidate:
        of = figures[one.name]
        return replace(
            one, quality=of.macro_f1, average_error=of.average_error, skill=skills.get(one.name), recalls={}
        )

    champion = inputs.deployed.figures
    known = champion is not None and champion.name in predicted
    deployed = replace(inputs.deployed, figures=redrawn(champion)) if champion and known else Deployed()
    candidates = [redrawn(one) for one in inputs.figures.values()]
    return decide(candidates, inputs.need, inputs.guessing, samples, deployed, len(truth))


def _draw(run: Run, share: float, worse: bool, generator: np.random.Generator) -> tuple[Labels, dict[str, Labels]]:
    """Returns reviews drawn from the population: their labels, and what the chosen and a planted candidate say."""
    truth, said = run.population, run.answers[run.chosen.name].argmax(axis=1)
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
    skills = assess_skills(truth, predicted, samples, run.class_shares, "macro_f1", run.seed)
    real, planted = (
        replace(run.chosen, quality=value, cost_eur=cost, skill=skills[name]) for name, value in reached.items()
    )
    planted = replace(planted, name=_PLANTED, content=_PLANTED, cost_eur=real.cost_eur * kind.cost)
    deployed = Deployed("measured", figures=real) if kind.deployed else Deployed()
    return decide([real, planted], run.inputs.need, run.inputs.guessing, samples, deployed, len(truth))


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
