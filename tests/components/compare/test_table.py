from dataclasses import fields

import pandas as pd
import pytest

from components.compare.selection import Decision, Difference, Standing
from components.compare.table import Row, make_rows, write_rows
from components.shared.measurements import Champion, Machine, Measurement, Measurements, Spread
from components.shared.meter import Usage
from components.shared.metrics import QualityFigures
from components.shared.need import parse_need
from components.shared.plan import Cell, Plan

_QUALITY = QualityFigures(
    rows=10,
    accuracy=0.6,
    macro_precision=0.5,
    macro_recall=0.5,
    macro_f1=0.5,
    weighted_f1=0.6,
    average_error=0.01,
    confusion=[[5, 0], [0, 5]],
)
_CLOSE = Difference(-0.001, -0.01, 0.01)


def _measurement(name, **values):
    defaults = {
        "candidate": name,
        "model": "lstm",
        "chain": (),
        "base_model": "none",
        "runtime": "litert",
        "content": name,
        "size_bytes": 2_000_000,
        "gzip_bytes": 1_000_000,
        "latency_reviews": 1,
        "latency_p50_ms": 1.0,
        "latency_p95_ms": 2.0,
        "reviews_per_second": Spread(median=10.0, low=9.0, high=11.0, repetitions=3),
        "peak_memory_mb": 100.0,
        "startup_seconds": Spread.of([1.0]),
        "cpu_seconds": 1.0,
        "training": Usage(seconds=60.0),
        "load_average": 0.0,
        "busy_share": 0.0,
    }
    return Measurement(**(defaults | values))


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
        candidates=tuple(_measurement(name) for name in standings),
        failures={"lstm-prune": "two\nlines"},
        champion=Champion(status="measured"),
        champion_measurement=_measurement("champion", warnings=("the machine was busy",)),
    )
    decision = Decision("deploy", ("Because.",), "light", "best", standings)
    select = dict.fromkeys([*standings, "champion"], _QUALITY)
    made = make_rows(plan, measurements, decision, select, {"light": _QUALITY})
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
    assert "heavier than light" in rows["best"].reason
    assert "better and lighter" in rows["beaten"].reason
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


def test_the_csv_has_every_column_even_without_rows(tmp_path, rows):
    write_rows([], tmp_path / "empty.csv")
    write_rows(list(rows.values()), tmp_path / "full.csv")
    columns = [field.name for field in fields(Row)]
    assert list(pd.read_csv(tmp_path / "empty.csv").columns) == columns
    assert pd.read_csv(tmp_path / "full.csv")["candidate"].tolist() == list(rows)
