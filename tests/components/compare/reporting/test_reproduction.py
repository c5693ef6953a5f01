import shlex

import numpy as np

from components.compare.reporting.reproduction import NEED_FILE, installed_versions, need_as_yaml, repeat_command
from components.shared.need import parse_need
from components.shared.records.plan import Plan
from pipelines import arguments

#: Where a run keeps its state, and where it runs, is not repeated.
_ELSEWHERE = ("tuning", "training_state", "answers", *arguments.NOT_LOCAL)


def _plan(parameters):
    return Plan(need=parse_need(""), models=(), cells=(), code_fingerprint="c" * 16, parameters=parameters)


def test_command_and_need_give_the_pipeline_the_same_parameters(tmp_path, monkeypatch):
    need = parse_need("").model_copy(update={"use_case": "A shop."})
    (tmp_path / NEED_FILE).write_text(need_as_yaml(need), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    parameters = {name: value for name, value in arguments.defaults().items() if name not in _ELSEWHERE}
    parameters |= {"data": "it's $(a) file.csv", "labels": ["1", "2"], "clean_steps": [], "per_channel": False}
    program, module, name, *options = shlex.split(repeat_command(_plan(parameters)).replace("\\\n", ""))
    assert (program, module, name) == ("python", "-m", "pipelines.local")
    repeated = arguments.parse(options).parameters
    assert parse_need(repeated.pop("need")) == need
    assert repeated == {name: value for name, value in parameters.items() if name != "need"}


def test_without_known_parameters_there_is_no_command():
    assert repeat_command(_plan({})) == ""


def test_versions_are_those_of_the_installed_libraries():
    versions = installed_versions()
    assert versions["numpy"] == np.__version__
    assert all(versions.values())
