"""The plan that later steps read."""

from pathlib import Path

import pytest

from components.shared.need import parse_need
from components.shared.records.plan import Cell, Plan, read_plan


@pytest.fixture
def plan() -> Plan:
    cells = (
        Cell(model="logistic"),
        Cell(model="lstm"),
        Cell(model="lstm", chain=("dynamic",)),
        Cell(model="lstm", chain=("prune",)),
        Cell(model="lstm", chain=("prune", "dynamic")),
        Cell(model="lstm", chain=("qat",), applies=False, reason="not wanted here"),
    )
    return Plan(need=parse_need(""), models=("logistic", "lstm"), cells=cells, code_fingerprint="c")


def test_a_plan_comes_back_from_its_file(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(plan.model_dump_json(), encoding="utf-8")
    assert read_plan(path) == plan


def test_a_step_gets_the_chains_that_end_in_its_techniques_and_apply(plan: Plan) -> None:
    assert plan.chains_of("lstm", "quantize") == [("dynamic",), ("prune", "dynamic")]
    assert plan.chains_of("lstm", "prune") == [("prune",)]
    assert plan.chains_of("lstm", "cluster") == []
    assert plan.chains_of("distilbert", "quantize") == []


def test_only_models_that_were_asked_for_are_wanted(plan: Plan) -> None:
    assert plan.wants("lstm") and not plan.wants("distilbert")


def test_a_cell_knows_its_candidate() -> None:
    assert Cell(model="lstm", chain=("prune", "dynamic")).candidate == "lstm-prune-dynamic"
