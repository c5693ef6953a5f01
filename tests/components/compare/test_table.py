from dataclasses import fields

import pandas as pd
import pytest

from builders import conversion, measurement
from components.compare.flips import Flips
from components.compare.table import Evidence, Row, make_rows, write_rows
from components.shared.deciding.decision import Decision, Difference, Standing
from components.shared.meter import Usage
from components.shared.metrics import QualityFigures
from components.shared.need import parse_need
from components.shared.records.conversions import Likeness
from components.shared.records.measurements import Champion, Machine, Measurements, Spread, TriedRuntime
from components.shared.records.plan import Cell, Plan

_QUALITY = QualityFigures(
    rows=10,
    accuracy=0.6,
    macro_precision=0.5,
    macro_recall=0.5,
    macro_f1=0.5,
    weighted_precision=0.6,
    weighted_recall=0.6,
    weighted_f1=0.6,
    quadratic_kappa=0.4,
    mean_absolute_error=0.4,
    average_error=0.01,
    calibration_error=0.05,
    confusion=[[5, 0], [0, 5]],
    reliability=[],
    roc_auc=[0.8, 0.8],
)
_CONVERSION = conversion(onnxruntime=Likeness(agreement=0.9, largest_difference=0.2))
_CLOSE = Difference(-0.001, -0.01, 0.01)


def _measurement(name, **values):
    defaults = {
        "size_bytes": 2_000_000,
        "gzip_bytes": 1_000_000,
        "latency_p95_ms": 2.0,
        "reviews_per_second": Spread(median=10.0, low=9.0, high=11.0, repetitions=3),
        "peak_memory_mb": 100.0,
        "startup_seconds": Spread.of([1.0]),
        "training": Usage(seconds=60.0),
    }
    return measurement(name, **(defaults | values))


_TRIED = (
    TriedRuntime(runtime="litert", threads=2, batch_size=16, reviews_per_second=312.4),
    TriedRuntime(runtime="onnxruntime", workers=2, reviews_per_second=120.0, note="one scale a batch"),
    TriedRuntime(runtime="onnxruntime", note="no such operator"),
)


@pytest.fixture
def rows():
    """The rows of one candidate of every status, by identifier."""
    plan = Plan(
        need=parse_need(""),
        models=("lstm",),
        cells=(
            Cell(model="lstm", chain=("qat",), reason="done on the dense layer"),
            Cell(model="lstm", chain=("int8",), applies=False, reason="no kernel"),
        ),
        code_fingerprint="c",
    )
    standings = {
        "best": Standing(0.5, (), True, Difference(0.0, 0.0, 0.0), True),
        "light": Standing(0.1, (), True, _CLOSE, True),
        "beaten": Standing(0.2, (), False, _CLOSE, True),
        "unsure": Standing(0.05, (), True, Difference(-0.01, -0.1, 0.1), False),
        "lstm-qat": Standing(0.3, ("Its size is 900 MB.", "Its cost is 9 €."), False),
    }
    measurements = Measurements(
        machine=Machine(processor="p", cores=2, memory_mb=1.0, flags=(), system="s", python="3"),
        candidates=tuple(
            _measurement(
                name,
                tried=_TRIED if name == "best" else (),
                runtime="onnxruntime" if name in ("unsure", "beaten") else "litert",
            )
            for name in standings
        ),
        failures={"lstm-prune": "two\nlines"},
        champion=Champion(status="measured"),
        champion_measurement=_measurement("champion", warnings=("the machine was busy",)),
    )
    decision = Decision("deploy", ("Because.",), "light", "best", standings)
    everyone = [*standings, "champion"]
    evidence = Evidence(
        select=dict.fromkeys(everyone, _QUALITY),
        test={"light": _QUALITY},
        intervals={
            "accuracy": dict.fromkeys(everyone, (0.5, 0.7)),
            "macro_f1": dict.fromkeys(everyone, (0.4, 0.6)),
            "average_error": dict.fromkeys(everyone, (-0.1, 0.1)),
        },
        test_intervals={"macro_f1": {"light": (0.3, 0.7)}},
        flips={"lstm-qat": Flips(parent="lstm", count=7, reviews=10, examples=())},
        conversions={
            "lstm-qat": _CONVERSION,
            "unsure": _CONVERSION,
            "beaten": _CONVERSION.model_copy(update={"onnxruntime": None}),
        },
    )
    made = make_rows(plan, measurements, decision, evidence)
    return {row.candidate: row for row in made}


def test_each_candidate_has_a_status_and_a_reason(rows):
    assert {name: row.status for name, row in rows.items()} == {
        "light": "chosen",
        "beaten": "good enough",
        "best": "good enough",
        "unsure": "offered",
        "champion": "deployed",
        "lstm-qat": "not offered",
        "lstm-prune": "failed",
        "lstm-int8": "not applicable",
    }
    assert "not lighter or simpler than light" in rows["best"].reason
    assert "another beats it" in rows["beaten"].reason
    assert "not shown to be within 0.02 of best's" in rows["unsure"].reason
    assert rows["lstm-qat"].reason == "Its size is 900 MB. Its cost is 9 €. Done on the dense layer."
    assert rows["lstm-prune"].reason == "Two lines."
    assert rows["lstm-int8"].reason == "No kernel."


def test_what_was_not_measured_is_empty_and_not_zero(rows):
    assert rows["lstm-prune"].p95_ms is None
    assert rows["best"].test_macro_f1 is None
    assert rows["light"].test_macro_f1 == 0.5
    assert rows["lstm-qat"].difference is None


def test_warnings_stand_with_the_figures_they_concern(rows):
    assert rows["champion"].reason.endswith("The machine was busy.")


def test_figures_are_in_the_units_of_their_columns(rows):
    assert (rows["best"].size_mb, rows["best"].gzip_mb, rows["best"].training_s) == (2.0, 1.0, 60.0)
    assert (rows["best"].reviews_per_second_low, rows["best"].reviews_per_second_high) == (9.0, 11.0)


def test_intervals_stand_beside_the_figures_that_have_one(rows):
    assert (rows["best"].average_error_low, rows["best"].average_error_high) == (-0.1, 0.1)
    assert (rows["light"].test_macro_f1_low, rows["light"].test_macro_f1_high) == (0.3, 0.7)
    assert rows["best"].test_macro_f1_low is rows["best"].quadratic_kappa_low is None
    assert (rows["best"].accuracy_low, rows["best"].accuracy_high) == (0.5, 0.7)
    assert (rows["champion"].macro_f1_low, rows["champion"].macro_f1_high) == (0.4, 0.6)


def test_what_a_technique_did_and_took_stands_only_where_there_is_one(rows):
    qat = rows["lstm-qat"]
    assert (qat.flips, qat.agreement, qat.largest_difference) == (7, 0.98, 0.03)
    assert (qat.sparsity, qat.distinct_weights, qat.technique_s) == (0.5, 32, 36.0)
    assert qat.technique_eur == pytest.approx(0.01 * parse_need("").prices.cpu_hour_eur)
    assert (rows["best"].flips, rows["best"].sparsity, rows["best"].technique_s) == (None, None, None)


def test_agreement_is_that_on_the_run_time_that_was_measured(rows):
    assert (rows["unsure"].agreement, rows["unsure"].largest_difference) == (0.9, 0.2)
    assert (rows["beaten"].agreement, rows["beaten"].largest_difference) == (None, None)
    assert rows["unsure"].sparsity == rows["beaten"].sparsity == 0.5


def test_the_ways_to_run_a_candidate_that_were_tried_are_told(rows):
    assert rows["best"].runtimes_tried == (
        "litert, 1 × 2 threads, batch 16: 312 reviews/s; "
        "onnxruntime, 2 × 1 threads: 120 reviews/s (one scale a batch); onnxruntime: no such operator"
    )
    assert rows["light"].runtimes_tried == ""


def test_the_csv_has_every_column_even_without_rows(tmp_path, rows):
    write_rows([], tmp_path / "empty.csv")
    write_rows(list(rows.values()), tmp_path / "full.csv")
    columns = [field.name for field in fields(Row)]
    assert list(pd.read_csv(tmp_path / "empty.csv").columns) == columns
    assert pd.read_csv(tmp_path / "full.csv")["candidate"].tolist() == list(rows)
