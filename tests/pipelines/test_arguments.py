"""The command line mirrors the pipeline's signature."""

from pathlib import Path

import pytest

from components.shared.errors import UserError
from components.shared.need import DEFAULT_NEED
from pipelines import arguments
from pipelines.presets import PRESETS


def test_single_hyperparameters_go_by_name_and_win_over_the_preset() -> None:
    run = arguments.parse(
        ["--preset", "demo", "--lstm-units", "8", "--sparsity", "0.8", "--models", "lstm, logistic"]
    )
    assert run.parameters["lstm_units"] == 8
    assert run.parameters["sparsity"] == 0.8
    assert run.parameters["models"] == ["lstm", "logistic"]
    assert run.parameters["distilbert_max_length"] == PRESETS["demo"]["distilbert_max_length"]


def test_the_full_preset_is_the_pipelines_own_defaults() -> None:
    assert arguments.parse(["--preset", "full"]).parameters == {}


def test_presets_only_name_parameters_of_the_pipeline() -> None:
    for preset in PRESETS.values():
        assert set(preset) <= set(arguments.defaults())


def test_help_explains_every_local_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.parse(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for option in ("--models", "--techniques", "--sample-rows", "--seed", "--language", "--dry-run", "--lstm-units"):
        assert option in text
    assert "gpu-node-selector" not in text
    assert "None" not in text, "a parameter lacks its description in the pipeline's docstring"


def test_the_need_file_is_passed_on_as_text(tmp_path: Path) -> None:
    path = tmp_path / "need.yaml"
    path.write_bytes(DEFAULT_NEED.read_bytes())
    assert arguments.parse(["--need", str(path)]).parameters["need"] == path.read_text(encoding="utf-8")


def test_a_wrong_need_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "need.yaml"
    path.write_text("budget: 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"need\.yaml: unknown key 'budget'"):
        arguments.parse(["--need", str(path)])


def test_a_missing_need_file_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the need file"):
        arguments.parse(["--need", str(tmp_path / "none.yaml")])
