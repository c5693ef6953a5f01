"""The candidates' table: one row a candidate, also for those that failed or do not apply."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from components.compare.flips import Flips
from components.compare.reporting.wording import describe_tried, sentence
from components.shared.deciding.bootstrap import Figure
from components.shared.deciding.costs import (
    DAYS_A_MONTH,
    always_on_cost,
    batch_cost,
    cost_per_1000_eur,
    monthly_cost,
    training_cost_eur,
    usage_cost_eur,
)
from components.shared.deciding.decision import METRIC_NAMES, Decision, Difference, Standing
from components.shared.files import atomic_path
from components.shared.metrics import QualityFigures
from components.shared.need import Need
from components.shared.records.conversions import Conversion
from components.shared.records.measurements import CHAMPION, Measurement, Measurements
from components.shared.records.plan import Cell, Plan
from components.shared.services.record import Offer

_BYTES_PER_MB = 1_000_000
_ENDS = ("low", "high")
#: Statuses in the order of the table.
STATUSES = (
    *("chosen", "good enough", "offered", "deployed", "not offered"),
    *("not measured: no key", "not measured: over the cap", "not measured: test server", "not measured: not named"),
    *("failed", "not applicable"),
)


@dataclass(frozen=True)
class Evidence:
    """What is known of the candidates beside how they were measured; all by candidate.

    Attributes:
        select: Quality of every measured candidate, the champion included if it was measured.
        test: Quality of those whose test figures may be shown.
        intervals: Figure to candidate to its 95 % interval on select.
        test_intervals: The same on test, of those whose test figures may be shown.
        flips: Against the float parent, of those with a chain.
        conversions: What techniques did, of those that have such a record.
        changes: Quality on test minus the float parent's, of those with a chain.
    """

    select: Mapping[str, QualityFigures]
    test: Mapping[str, QualityFigures] = field(default_factory=dict)
    intervals: Mapping[Figure, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    test_intervals: Mapping[Figure, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    flips: Mapping[str, Flips] = field(default_factory=dict)
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    changes: Mapping[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row of candidates.csv; a figure that was not measured is None, an empty field.

    Attributes:
        candidate: Identifier; "champion" is the deployed model.
        model, chain: What it is made of; techniques joined by +.
        status: One of STATUSES.
        on_front: Offered, and none of the others offered is better in quality and burden at once.
        accuracy to calibration_error: On select, see `QualityFigures`.
        accuracy_low to average_error_high: Their 95 % intervals (bootstrap).
        difference, difference_low, difference_high: Deciding metric minus the best's, with its interval.
        change, change_low, change_high: What the chain changed in the deciding metric, on test, with its interval:
            select, where the candidates were chosen, flatters.
        flips: Select reviews that get another label than from the float parent.
        agreement, largest_difference: With the float parent's labels and probabilities on tune, after conversion,
            on the run time that was measured.
        sparsity, distinct_weights: Measured in the model converted for LiteRT, see `Conversion`.
        p50_ms, p95_ms, p99_ms: Median, 95 % and 99 % quantile of the time for one review, of so many timings.
        reviews_per_second: At the best batch, with its 5 % and 95 % quantiles.
        runtime, threads, workers, batch_size: How the candidate was run.
        runtimes_tried: The ways to run it that were tried, with their reviews a second.
        cpu_s_per_1000: Processor time of 1,000 reviews at the best batch.
        energy_wh_per_1000, energy: Energy of 1,000 reviews, and whether it is measured or estimated.
        gpu_share: Mean share of the time in which the GPU was busy.
        busy_share: Share of the processors in use just before it was measured.
        peak_memory_mb, loaded_memory_mb, size_mb, gzip_mb, startup_s: Measured.
        technique_s, technique_eur: What its last technique took by itself, and what that cost, estimated.
        training_s: What all its training took, techniques included.
        training_eur: What all its training cost, estimated.
        running_per_month_eur, training_per_month_eur: As the need runs it; a month's share of training.
        cost_per_month_eur, cost_per_1000_eur: Both together, estimated from measured times and the need's prices.
        cost_part: What nearly all of it is, such as "97 % start-up"; empty if no part is.
        batch_per_month_eur: The same if the model is started for each run and stopped after it.
        always_on_per_month_eur: The same if the machine is never stopped; None of a paid service.
        burden: Weighted share of the need's limits.
        test_*: On test: only of the winner, the floors and the float parents.
        reason: Why it has its status, and what to know of its figures.
    """

    candidate: str
    model: str = ""
    chain: str = ""
    status: str = ""
    on_front: bool = False
    accuracy: float | None = None
    macro_precision: float | None = None
    macro_recall: float | None = None
    macro_f1: float | None = None
    weighted_precision: float | None = None
    weighted_recall: float | None = None
    weighted_f1: float | None = None
    quadratic_kappa: float | None = None
    mean_absolute_error: float | None = None
    average_error: float | None = None
    calibration_error: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    macro_recall_low: float | None = None
    macro_recall_high: float | None = None
    macro_f1_low: float | None = None
    macro_f1_high: float | None = None
    weighted_f1_low: float | None = None
    weighted_f1_high: float | None = None
    quadratic_kappa_low: float | None = None
    quadratic_kappa_high: float | None = None
    average_error_low: float | None = None
    average_error_high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    flips: int | None = None
    agreement: float | None = None
    largest_difference: float | None = None
    sparsity: float | None = None
    distinct_weights: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    timings: int | None = None
    cpu_s_per_1000: float | None = None
    energy_wh_per_1000: float | None = None
    energy: str = ""
    gpu_share: float | None = None
    busy_share: float | None = None
    reviews_per_second: float | None = None
    reviews_per_second_low: float | None = None
    reviews_per_second_high: float | None = None
    runtime: str = ""
    threads: int | None = None
    workers: int | None = None
    batch_size: int | None = None
    runtimes_tried: str = ""
    peak_memory_mb: float | None = None
    loaded_memory_mb: float | None = None
    size_mb: float | None = None
    gzip_mb: float | None = None
    startup_s: float | None = None
    technique_s: float | None = None
    technique_eur: float | None = None
    training_s: float | None = None
    training_eur: float | None = None
    running_per_month_eur: float | None = None
    training_per_month_eur: float | None = None
    cost_per_month_eur: float | None = None
    cost_per_1000_eur: float | None = None
    cost_part: str = ""
    batch_per_month_eur: float | None = None
    always_on_per_month_eur: float | None = None
    burden: float | None = None
    test_accuracy: float | None = None
    test_macro_precision: float | None = None
    test_macro_recall: float | None = None
    test_macro_f1: float | None = None
    test_weighted_precision: float | None = None
    test_weighted_recall: float | None = None
    test_weighted_f1: float | None = None
    test_quadratic_kappa: float | None = None
    test_mean_absolute_error: float | None = None
    test_average_error: float | None = None
    test_calibration_error: float | None = None
    test_accuracy_low: float | None = None
    test_accuracy_high: float | None = None
    test_macro_recall_low: float | None = None
    test_macro_recall_high: float | None = None
    test_macro_f1_low: float | None = None
    test_macro_f1_high: float | None = None
    test_weighted_f1_low: float | None = None
    test_weighted_f1_high: float | None = None
    test_quadratic_kappa_low: float | None = None
    test_quadratic_kappa_high: float | None = None
    test_average_error_low: float | None = None
    test_average_error_high: float | None = None
    reason: str = ""


def make_rows(plan: Plan, measurements: Measurements, decision: Decision, evidence: Evidence) -> list[Row]:
    """Returns the table's rows, the chosen candidate first.

    Args:
        plan: The need, and the cells that do not apply.
        measurements: Of every candidate.
        decision: The standings.
        evidence: What else is known of the candidates.
    """
    cells = {cell.candidate: cell for cell in plan.cells}
    rows = [
        _measured_row(one, decision, evidence, plan.need, cells.get(one.candidate)) for one in measurements.candidates
    ]
    if measurements.champion_measurement is not None:
        rows.append(_champion_row(measurements.champion_measurement, evidence, plan.need))
    rows += [_failed_row(name, reason, cells.get(name)) for name, reason in measurements.failures.items()]
    rows += [
        _offer_row(offer, plan.need) for offer in measurements.services if offer.status not in ("measured", "failed")
    ]
    rows += [_inapplicable_row(cell) for cell in plan.cells if not cell.applies]
    return sorted(rows, key=_position)


def write_rows(rows: list[Row], path: Path) -> None:
    """Writes the table as CSV, atomically."""
    table = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Row)])
    with atomic_path(path) as staged:
        table.to_csv(staged, index=False, float_format="%.6g")


def _position(row: Row) -> tuple[int, float, str]:
    return STATUSES.index(row.status), -(row.macro_f1 or 0.0), row.candidate


def _measured_row(one: Measurement, decision: Decision, evidence: Evidence, need: Need, cell: Cell | None) -> Row:
    standing = decision.standings[one.candidate]
    status, reason = _explain(one.candidate, standing, decision, need)
    figures = _figures(one, evidence, need) | _technique_figures(one, evidence, need)
    if standing.difference is not None:
        figures |= {
            "difference": standing.difference.value,
            "difference_low": standing.difference.low,
            "difference_high": standing.difference.high,
        }
    if one.candidate in evidence.test:
        shown = _quality(evidence.test[one.candidate]) | _intervals(one.candidate, evidence.test_intervals)
        figures |= {f"test_{name}": value for name, value in shown.items()}
    notes = [reason, sentence(cell.reason if cell else "")]
    notes += [sentence(note) for note in (*one.warnings, *one.notes)]
    return Row(
        candidate=one.candidate,
        model=one.model,
        chain="+".join(one.chain),
        status=status,
        on_front=standing.on_front,
        burden=standing.burden,
        reason=" ".join(filter(None, notes)),
        **figures,
    )


def _explain(name: str, standing: Standing, decision: Decision, need: Need) -> tuple[str, str]:
    """Returns status and reason of a measured candidate."""
    by_rules = decision.override.chosen if decision.override else decision.chosen
    if name == decision.chosen != by_rules:
        return "chosen", " ".join(["An override chose it.", *standing.objections])
    if standing.objections:
        return "not offered", " ".join(standing.objections)
    if name == by_rules:
        reason = "The rules take it of those that are good enough."
        return (
            ("chosen", reason) if name == decision.chosen else ("good enough", f"{reason} An override chose another.")
        )
    if standing.good_enough and standing.on_front:
        return "good enough", f"As good as the best within the margin, but not lighter or simpler than {by_rules}."
    if standing.good_enough:
        return "good enough", "As good as the best within the margin, but another beats it."
    metric = METRIC_NAMES[need.quality.metric]
    return "offered", (
        f"Its {metric} is not shown to be within {need.quality.margin:g} of {decision.best}'s on these reviews."
    )


def _champion_row(one: Measurement, evidence: Evidence, need: Need) -> Row:
    return Row(
        candidate=CHAMPION,
        model=one.model,
        chain="+".join(one.chain),
        status="deployed",
        reason=" ".join(["The model that is deployed now.", *(sentence(warning) for warning in one.warnings)]),
        **_figures(one, evidence, need),
    )


def _failed_row(name: str, reason: str, cell: Cell | None) -> Row:
    model, chain = (cell.model, "+".join(cell.chain)) if cell else ("", "")
    return Row(candidate=name, model=model, chain=chain, status="failed", reason=sentence(reason))


def _offer_row(offer: Offer, need: Need) -> Row:
    """Returns the row of a paid service that has a price and nothing else."""
    month = offer.price_per_1000_eur / 1000 * need.reviews_per_day * DAYS_A_MONTH
    return Row(
        candidate=offer.service,
        model=offer.service,
        status=f"not measured: {offer.status}",
        running_per_month_eur=month,
        cost_per_month_eur=month,
        cost_per_1000_eur=offer.price_per_1000_eur,
        reason=f"{sentence(offer.reason)} Price of {offer.model}: {offer.basis}.",
    )


def _inapplicable_row(cell: Cell) -> Row:
    return Row(
        candidate=cell.candidate,
        model=cell.model,
        chain="+".join(cell.chain),
        status="not applicable",
        reason=sentence(cell.reason),
    )


def _quality(figures: QualityFigures) -> dict[str, float]:
    return figures.model_dump(exclude={"rows", "confusion", "reliability", "roc_auc"})


def _intervals(candidate: str, intervals: Mapping[Figure, Mapping[str, tuple[float, float]]]) -> dict[str, float]:
    return {
        f"{figure}_{end}": value
        for figure, of in intervals.items()
        for end, value in zip(_ENDS, of[candidate], strict=True)
    }


def _technique_figures(one: Measurement, evidence: Evidence, need: Need) -> dict[str, Any]:
    """Returns what its techniques did to a candidate; nothing of one without a chain."""
    figures: dict[str, Any] = {}
    if flips := evidence.flips.get(one.candidate):
        figures["flips"] = flips.count
    if change := evidence.changes.get(one.candidate):
        figures |= {"change": change.value, "change_low": change.low, "change_high": change.high}
    if conversion := evidence.conversions.get(one.candidate):
        likeness = conversion.likeness(one.runtime)
        figures |= likeness.model_dump() if likeness else {}
        figures |= {
            "sparsity": conversion.sparsity,
            "distinct_weights": conversion.distinct_weights,
            "technique_s": conversion.usage.seconds,
            "technique_eur": usage_cost_eur(conversion.usage, need),
        }
    return figures


def _figures(one: Measurement, evidence: Evidence, need: Need) -> dict[str, Any]:
    rate, cost = one.reviews_per_second, monthly_cost(one, need)
    bought = one.price_per_1000_eur is not None
    return (
        _quality(evidence.select[one.candidate])
        | _intervals(one.candidate, evidence.intervals)
        | {
            "p50_ms": one.latency_p50_ms,
            "p95_ms": one.latency_p95_ms,
            "p99_ms": one.latency_p99_ms,
            "timings": one.latency_timings,
            "cpu_s_per_1000": one.cpu_seconds_per_1000,
            "energy_wh_per_1000": one.energy_wh_per_1000,
            "energy": one.power.kind if one.power and one.energy_wh_per_1000 is not None else "",
            "gpu_share": one.gpu_share,
            "busy_share": one.busy_share,
            "reviews_per_second": rate.median,
            "reviews_per_second_low": rate.low,
            "reviews_per_second_high": rate.high,
            "runtime": one.runtime,
            "threads": one.threads,
            "workers": one.workers,
            "batch_size": one.batch_size,
            "runtimes_tried": "; ".join(map(describe_tried, one.tried)),
            "peak_memory_mb": one.peak_memory_mb,
            "loaded_memory_mb": one.loaded_memory_mb,
            "size_mb": None if one.size_bytes is None else one.size_bytes / _BYTES_PER_MB,
            "gzip_mb": None if one.gzip_bytes is None else one.gzip_bytes / _BYTES_PER_MB,
            "startup_s": one.startup_seconds.median if one.startup_seconds else None,
            # A model that was brought, or needs none, has no training that was measured.
            "training_s": one.training.seconds or None,
            "training_eur": training_cost_eur(one, need) if one.training.seconds else None,
            "running_per_month_eur": cost.running,
            "training_per_month_eur": cost.training if one.training.seconds else None,
            "cost_per_month_eur": cost.total,
            "cost_per_1000_eur": cost_per_1000_eur(one, need),
            "cost_part": cost.decisive_part,
            "batch_per_month_eur": batch_cost(one, need).total,
            "always_on_per_month_eur": None if bought else always_on_cost(one, need).total,
        }
    )
