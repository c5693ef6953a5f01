"""A step for a model that nobody wants ends at once, without loading TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from components.define.preflight import make_plan
from components.shared.files import write_text
from components.shared.records.candidates import list_bundles

_CALL = """
import inspect, sys
from importlib import import_module
from types import SimpleNamespace

step, plan, candidates = sys.argv[1:]
function = getattr(import_module(f"components.{step}.component"), step).python_func
paths = {"plan": plan, "candidates": candidates, "usage": f"{candidates}-usage"}
known = {name: SimpleNamespace(path=path, metadata={}) for name, path in paths.items()} | {"model": "lstm"}
function(**{name: known.get(name) for name in inspect.signature(function).parameters})
sys.exit("TensorFlow was loaded" if "tensorflow" in sys.modules else 0)
"""


@pytest.mark.parametrize("step", ["train_lstm", "finetune_distilbert", "shrink", "prune", "cluster", "quantize"])
def test_a_step_for_an_unwanted_model_writes_no_candidates_and_loads_no_tensorflow(step: str, tmp_path: Path) -> None:
    plan = make_plan(need="", labels=["1", "2"], models=["logistic"], techniques=["prune+dynamic"], language="en")
    write_text(tmp_path / "plan.json", plan.model_dump_json())
    candidates = tmp_path / "candidates"
    command = [sys.executable, "-W", "ignore", "-c", _CALL, step, str(tmp_path / "plan.json"), str(candidates)]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert list_bundles(candidates) == {}
    assert json.loads((candidates / "failures.json").read_text(encoding="utf-8")) == {}
