import shutil
from pathlib import Path

import httpx
import pytest

from components.deploy import local
from components.deploy.answer import DeploymentFailed
from components.deploy.local import serve_and_predict


def test_the_real_server_answers_and_is_stopped(logistic_bundle: Path) -> None:
    endpoint, answer = serve_and_predict(logistic_bundle)
    assert answer.label == "3"
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{endpoint}/healthz", trust_env=False)


def test_a_server_that_does_not_start_shows_why(logistic_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(logistic_bundle, tmp_path / "damaged")
    (bundle / "weights.npz").write_bytes(b"damaged")
    with pytest.raises(DeploymentFailed, match=r"(?s)exit code 1.*weights\.npz: damaged"):
        serve_and_predict(bundle)


def test_waiting_for_a_server_ends(logistic_bundle: Path) -> None:
    with pytest.raises(DeploymentFailed, match="not healthy within 0 s"):
        serve_and_predict(logistic_bundle, start_seconds=0)


def test_a_server_that_refuses_to_predict_fails_the_deployment(
    logistic_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "REQUEST", {"reviews": []})
    with pytest.raises(DeploymentFailed, match="422"):
        serve_and_predict(logistic_bundle)
