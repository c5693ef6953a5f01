"""What the decision is made from: the figures of every measured model on select."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.behaviour_keys import BEHAVIOURS, TOLD_APART, behaviour_rate
from components.shared.deciding.bootstrap import METRICS, Figure, Samples, bootstrap_metrics
from components.shared.deciding.costs import cost_noise_eur, monthly_cost
from components.shared.deciding.decision import Candidate, Decision, Deployed, Noise
from components.shared.deciding.selection import decide
from components.shared.deciding.skill import Guessing, Skill, assess_skills, guess
from components.shared.metrics import QualityFigures, check_need, quality, score_errors
from components.shared.need import Metric, Need
from components.shared.override import Override
from components.shared.records.features import Features
from components.shared.records.measurements import CHAMPION, Measurement, Measurements, read_predictions
from components.shared.records.task import Task

_BYTES_PER_MB = 1_000_000
#: The candidate that predicts the class shares of train whatever a review says.
_REFERENCE_MODEL = "majority"
_LEXICON_MODEL = "vader"
#: Run times that a model is converted for.
_CONVERTED = ("litert", "onnxruntime")
#: Times vary by at least this share from one measuring to the next, memory by the other.
_LEAST_TIME_NOISE, _LEAST_MEMORY_NOISE = 0.10, 0.05


@dataclass(frozen=True)
class DecisionInputs:
    """Everything that `selection.decide` is told, and what it was computed from.

    Attributes:
        predicted: Candidate, the champion too, to its probabilities on select, shape (n, classes).
        select: Candidate, the champion too, to its quality on select.
        resampled: Figure to candidate to its values on the same resamples of select.
        samples: Of these, the need's metric.
        figures: Candidate to the figures that decide, without the champion.
        deployed: What is deployed now.
        guessing: What guessing reaches on select.
        need: What it is decided for.
    """

    predicted: Mapping[str, NDArray[np.floating[Any]]]
    select: Mapping[str, QualityFigures]
    resampled: Mapping[Figure, Mapping[str, Samples]]
    samples: Mapping[str, Samples]
    figures: Mapping[str, Candidate]
    deployed: Deployed
    guessing: Guessing
    need: Need

    def decide(self, override: Override | None = None) -> Decision:
        """Returns the decision; an override is what a person decides instead of the rules."""
        return decide(
            list(self.figures.values()),
            self.need,
            self.guessing,
            self.samples,
            self.deployed,
            reviews=max((figures.rows for figures in self.select.values()), default=0),
            override=override,
        )


def gather_inputs(
    measured: Measurements,
    directory: Path,
    features: Features,
    reviews: pd.DataFrame,
    need: Need,
    seed: int,
    every_figure: bool = True,
) -> DecisionInputs:
    """Returns what is decided from.

    Args:
        measured: What evaluate measured.
        directory: Where the predictions are.
        features: Labels and class shares.
        reviews: The select reviews, with their labels.
        need: Metric, prices and volume.
        seed: Of the bootstrap.
        every_figure: Whether every figure that has an interval is resampled, or only those that decide.

    Raises:
        UserError: The need goes by the order of labels that have none, or names labels that there are not.
    """
    task = features.task
    check_need(need, task)
    scores, truth = np.array(task.scores), task.indices(reviews["label"].tolist())
    everyone = list(measured.candidates)
    if measured.champion_measurement is not None:
        everyone.append(measured.champion_measurement)
    predicted = {one.candidate: read_predictions(directory, one.candidate, "select") for one in everyone}
    select = {name: quality(truth, rows, scores, task.ordered) for name, rows in predicted.items()}
    resampled = resample_quality(truth, predicted, task, seed, METRICS if every_figure else [need.quality.metric])
    samples = resampled[need.quality.metric]
    offerable = {
        one.candidate: predicted[one.candidate].argmax(axis=1)
        for one in measured.candidates
        if not _is_reference(one) and not _is_bought(one)
    }
    skills = assess_skills(truth, offerable, samples, features.class_shares, need.quality.metric, seed)
    figures = {
        one.candidate: _deciding_figures(one, select[one.candidate], skills.get(one.candidate), need, task.labels)
        for one in everyone
    }
    lexicon = [select[one.candidate] for one in measured.candidates if one.model == _LEXICON_MODEL]
    return DecisionInputs(
        predicted=predicted,
        select=select,
        resampled=resampled,
        samples=samples,
        deployed=Deployed(measured.champion.status, measured.champion.note, figures.pop(CHAMPION, None)),
        figures=figures,
        guessing=replace(
            guess(truth, features.class_shares, need.quality.metric),
            lexicon=max((getattr(one, need.quality.metric) for one in lexicon), default=None),
        ),
        need=need,
    )


def resample_quality(
    truth: NDArray[np.int64],
    predicted: Mapping[str, NDArray[np.floating[Any]]],
    task: Task,
    seed: int,
    metrics: Sequence[Metric] = METRICS,
) -> dict[Figure, dict[str, Samples]]:
    """Returns the metrics that the labels allow, and the error of the average, see `bootstrap.bootstrap_metrics`.

    Args:
        truth: True label indices, shape (n,).
        predicted: Candidate to probabilities, shape (n, classes).
        task: Values and order of the labels.
        seed: Of the bootstrap.
        metrics: What to compute.
    """
    scores = np.array(task.scores)
    return bootstrap_metrics(
        truth,
        {name: rows.argmax(axis=1) for name, rows in predicted.items()},
        classes=len(task.labels),
        metrics=[metric for metric in metrics if task.ordered or metric != "quadratic_kappa"],
        seed=seed,
        score_errors={name: score_errors(truth, rows, scores) for name, rows in predicted.items()},
    )


def _is_reference(one: Measurement) -> bool:
    return one.model == _REFERENCE_MODEL


def _is_bought(one: Measurement) -> bool:
    return one.price_per_1000_eur is not None


def _deciding_figures(
    one: Measurement, figures: QualityFigures, skill: Skill | None, need: Need, labels: Sequence[str]
) -> Candidate:
    cost = monthly_cost(one, need)
    behaviours = {key: behaviour_rate(one.behaviours, key) for key in (TOLD_APART, *BEHAVIOURS)}
    return Candidate(
        name=one.candidate,
        quality=getattr(figures, need.quality.metric),
        average_error=figures.average_error,
        p95_ms=one.latency_p95_ms,
        # A paid service takes none of ours; the table says that it is not measured.
        memory_mb=one.peak_memory_mb or 0.0,
        size_mb=(one.size_bytes or 0) / _BYTES_PER_MB,
        cost_eur=cost.total,
        energy_wh=one.energy_wh_per_1000,
        noise=_noise_of(one, need),
        changes=len(one.chain) + (one.runtime in _CONVERTED),
        skill=skill,
        recalls={
            label: row[index] / sum(row)
            for index, (label, row) in enumerate(zip(labels, figures.confusion, strict=True))
            if sum(row)
        },
        behaviours={key: rate for key, rate in behaviours.items() if rate is not None},
        cost=cost,
        content=one.content,
        reference=_is_reference(one),
        bought=_is_bought(one),
    )


def _noise_of(one: Measurement, need: Need) -> Noise:
    """Returns by how much what was measured differs between measurings: its spread, and never less than usual."""
    rounds, loaded, rate = one.latency_rounds, one.loaded_memory_spread, one.reviews_per_second
    relative_rate = (rate.high - rate.low) / rate.median
    return Noise(
        cost_eur=cost_noise_eur(one, need),
        p95_ms=max(rounds.high - rounds.low if rounds else 0.0, _LEAST_TIME_NOISE * one.latency_p95_ms),
        memory_mb=max(loaded.high - loaded.low if loaded else 0.0, _LEAST_MEMORY_NOISE * (one.peak_memory_mb or 0.0)),
        energy_wh=max(relative_rate, _LEAST_TIME_NOISE) * (one.energy_wh_per_1000 or 0.0),
    )
