"""Simulated tables of reviews: candidates that know nothing of them, or a little, and what would be decided.

Nothing is trained: a candidate is its answers. Those of one family share most of their answers, as the models that
techniques make from one parent do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.deciding.bootstrap import METRICS, bootstrap_metrics, figure_on
from components.shared.deciding.decision import Candidate, Decision, Deployed
from components.shared.deciding.selection import decide
from components.shared.deciding.skill import assess_skills, guess
from components.shared.need import Metric, parse_need

Labels = NDArray[np.integer[Any]]
Shares = NDArray[np.float64]

#: Reviews in train for each one in select, roughly as the pipeline splits.
_TRAIN_REVIEWS = 6
_FAMILY = 10
_NEED = parse_need(
    "use_case: A simulation\nreviews_per_day: 1000\nprices: {cpu_hour_eur: 0.05, gpu_hour_eur: 1.93}\n"
    "constraints: {maximum_cost_per_month_eur: 5}\n"
)


@dataclass(frozen=True)
class Table:
    """The select reviews, and what candidates say of them.

    Attributes:
        truth: Label indices, shape (n,).
        predictions: Candidate to label indices, shape (n,).
        train_shares: Shares of the labels in train, shape (classes,).
    """

    truth: Labels
    predictions: Mapping[str, Labels]
    train_shares: Shares


def label_shares(labels: int, balanced: bool) -> Shares:
    """Returns shares of labels: equal, or nine in ten of the last one."""
    if balanced:
        return np.full(labels, 1 / labels)
    return np.array([0.1 / (labels - 1)] * (labels - 1) + [0.9])


def draw_table(reviews: int, shares: Shares, candidates: int, signal: float, generator: np.random.Generator) -> Table:
    """Returns a table.

    Args:
        reviews: Number of select reviews.
        shares: Of the labels, shape (classes,).
        candidates: How many there are.
        signal: Share of the reviews of which the first family knows the label; of the others it says something that
            has nothing to do with it, and so do all other families of all reviews.
        generator: Source of chance.
    """
    truth = generator.choice(len(shares), size=reviews, p=shares)
    train = generator.multinomial(_TRAIN_REVIEWS * reviews, shares) / (_TRAIN_REVIEWS * reviews)
    predictions: dict[str, Labels] = {}
    alike = generator.uniform(0.5, 0.98)
    said, known = _say(truth, shares, generator), generator.random(reviews) < signal
    for number in range(candidates):
        if number and number % _FAMILY == 0:
            said, known = _say(truth, shares, generator), np.zeros(reviews, dtype=bool)
        own = np.where(generator.random(reviews) < alike, said, generator.permutation(said))
        predictions[f"c{number}"] = np.where(known, truth, own)
    return Table(truth, predictions, train)


def decide_on(table: Table, seed: int, metrics: tuple[Metric, ...] = METRICS) -> dict[Metric, Decision]:
    """Returns what is decided on a table, for needs with different metrics and without limits on quality.

    All cost the same, so that nothing is waited for: whatever is shown to be better than guessing is deployed.

    Args:
        table: The reviews and the candidates.
        seed: Of the bootstrap and of the permutations.
        metrics: The needs' metrics.
    """
    resampled = bootstrap_metrics(table.truth, table.predictions, len(table.train_shares), metrics, seed)
    decisions = {}
    for metric in metrics:
        samples, shares = resampled[metric], table.train_shares.tolist()
        skills = assess_skills(table.truth, table.predictions, samples, shares, metric, seed)
        candidates = [
            Candidate(
                name=name,
                quality=figure_on(table.truth, said, len(table.train_shares), metric),
                average_error=0.0,
                p95_ms=1.0,
                memory_mb=1.0,
                size_mb=1.0,
                cost_eur=0.01,
                content=name,
                skill=skills[name],
            )
            for name, said in table.predictions.items()
        ]
        need = _NEED.model_copy(update={"quality": _NEED.quality.model_copy(update={"metric": metric})})
        guessing = guess(table.truth, shares, metric)
        decisions[metric] = decide(candidates, need, guessing, samples, Deployed(), len(table.truth))
    return decisions


def _say(truth: Labels, shares: Shares, generator: np.random.Generator) -> Labels:
    """Returns what a family says that knows nothing: labels with flatter or steeper shares than the true ones."""
    tempered = shares ** generator.uniform(0.3, 1.5)
    return generator.choice(len(shares), size=len(truth), p=tempered / tempered.sum())
