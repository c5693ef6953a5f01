import shutil
from pathlib import Path
from typing import Any

import pytest

from components.deploy.answer import REQUEST, DeploymentFailed, check_answer
from components.shared.bundle import MANIFEST
from components.shared.files import sha256_of
from serving.server import PredictRequest


def _response(bundle: Path, **changes: Any) -> dict[str, Any]:
    prediction = {"label": "3", "score": 2.7, "probabilities": {"1": 0.1, "2": 0.1, "3": 0.8}} | changes
    return {"manifest_sha256": sha256_of(bundle / MANIFEST), "predictions": [prediction]}


def test_the_request_is_what_the_server_takes() -> None:
    assert len(PredictRequest.model_validate(REQUEST).reviews) == 1


def test_a_right_answer_is_returned(logistic_bundle: Path) -> None:
    assert check_answer(_response(logistic_bundle), logistic_bundle).label == "3"


@pytest.mark.parametrize(
    "changes", [{"label": None}, {"score": "high"}, {"probabilities": {"1": 0.4}}, {"probabilities": {"1": "nan"}}]
)
def test_a_malformed_prediction_fails_the_deployment(logistic_bundle: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(DeploymentFailed):
        check_answer(_response(logistic_bundle, **changes), logistic_bundle)


@pytest.mark.parametrize("response", [None, [], {}, {"manifest_sha256": "x", "predictions": []}])
def test_what_is_no_prediction_fails_the_deployment(logistic_bundle: Path, response: object) -> None:
    with pytest.raises(DeploymentFailed):
        check_answer(response, logistic_bundle)


def test_the_answer_of_another_model_fails_the_deployment(logistic_bundle: Path, tmp_path: Path) -> None:
    other = shutil.copytree(logistic_bundle, tmp_path / "other")
    (other / MANIFEST).write_text("{}", encoding="utf-8")
    with pytest.raises(DeploymentFailed, match="another model"):
        check_answer(_response(other), logistic_bundle)
