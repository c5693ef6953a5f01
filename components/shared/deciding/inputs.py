"""What the decision is made from: the figures of every measured model on select."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.shared.deciding.bootstrap import METRICS, Figure, Samples, bootstrap_metrics
from components.shared.deciding.costs import cost_per_month_eur
from components.shared.deciding.decision import Candidate, Decision, Deployed
from components.shared.deciding.selection import decide
from components.shared.metrics import QualityFigures, check_metric, quality, score_errors
from components.shared.need import Metric, Need
from components.shared.override import Override
from components.shared.records.features import Features
from components.shared.records.measurements import CHAMPION, Measurement, Measurements, read_predictions
from components.shared.records.task import Task

_BYTES_PER_MB = 1_000_000
#: The candidate that predicts the class shares of train whatever a review says.
_REFERENCE_MODEL = "majority"


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
        majority_macro_f1: Macro-F1 on select of always predicting the most frequent label of train.
        need: What it is decided for.
    """

    predicted: Mapping[str, NDArray[np.floating[Any]]]
    select: Mapping[str, QualityFigures]
    resampled: Mapping[Figure, Mapping[str, Samples]]
    samples: Mapping[str, Samples]
    figures: Mapping[str, Candidate]
    deployed: Deployed
    majority_macro_f1: float
    need: Need

    def decide(self, override: Override | None = None) -> Decision:
        """Returns the decision; an override is what a person decides instead of the rules."""
        return decide(
            list(self.figures.values()),
            self.need,
            self.majority_macro_f1,
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
        UserError: The need goes by the order of labels that have none.
    """
    task = features.task
    check_metric(need.quality.metric, task)
    scores, truth = np.array(task.scores), task.indices(reviews["label"].tolist())
    everyone = list(measured.candidates)
    if measured.champion_measurement is not None:
        everyone.append(measured.champion_measurement)
    predicted = {one.candidate: read_predictions(directory, one.candidate, "select") for one in everyone}
    select = {name: quality(truth, rows, scores, task.ordered) for name, rows in predicted.items()}
    resampled = resample_quality(truth, predicted, task, seed, METRICS if every_figure else [need.quality.metric])
    figures = {one.candidate: _deciding_figures(one, select[one.candidate], need) for one in everyone}
    return DecisionInputs(
        predicted=predicted,
        select=select,
        resampled=resampled,
        samples=resampled[need.quality.metric],
        deployed=Deployed(measured.champion.status, measured.champion.note, figures.pop(CHAMPION, None)),
        figures=figures,
        majority_macro_f1=_majority_macro_f1(truth, features, scores),
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


def _deciding_figures(one: Measurement, figures: QualityFigures, need: Need) -> Candidate:
    return Candidate(
        name=one.candidate,
        quality=getattr(figures, need.quality.metric),
        macro_f1=figures.macro_f1,
        average_error=figures.average_error,
        p95_ms=one.latency_p95_ms,
        # A paid service takes none of ours; the table says that it is not measured.
        memory_mb=one.peak_memory_mb or 0.0,
        size_mb=(one.size_bytes or 0) / _BYTES_PER_MB,
        cost_eur=cost_per_month_eur(one, need),
        content=one.content,
        reference=one.model == _REFERENCE_MODEL,
        bought=one.price_per_1000_eur is not None,
    )


def _majority_macro_f1(truth: NDArray[np.int64], features: Features, scores: NDArray[np.float64]) -> float:
    return quality(truth, np.tile(features.class_shares, (len(truth), 1)), scores).macro_f1
