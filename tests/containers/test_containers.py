"""The images, built and run as on a cluster."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from components.clean.component import clean
from components.deploy.component import deploy
from components.deploy.manifests import STORE_MOUNT, USER_ID
from components.engineer_features.component import engineer_features
from components.explore.component import explore
from components.ingest.component import ingest
from components.quantize.component import quantize
from components.shared.bundle import load_bundle
from components.shared.need import parse_need
from components.shared.records.candidates import bundle_directory, write_failures
from components.shared.records.plan import Cell, Plan
from components.train_lstm.component import train_lstm

pytestmark = pytest.mark.containers

_ROOT = Path(__file__).resolve().parents[2]
_IMAGES = ("data", "train", "evaluate", "serve")
_LABELS = ["1", "2", "3", "4", "5"]
#: What the Deployment asks for, see components/deploy/manifests.py.
_RESTRICTED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")


@pytest.fixture(params=_IMAGES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def image(name: str, request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{name}_image")


def _modules(name: str) -> list[str]:
    """Returns our modules that run in an image."""
    folders = [_ROOT / "serving"] if name in ("serve", "evaluate") else []
    for step in _ROOT.glob("components/*/component.py"):
        if f"base_image=images.{name.upper()}" in step.read_text(encoding="utf-8"):
            folders.append(step.parent)
    files = [path.relative_to(_ROOT) for folder in folders for path in folder.glob("*.py")]
    return [".".join(path.with_suffix("").parts) for path in files if not path.stem.startswith("__")]


def _installed(engine: Any, image: str) -> set[str]:
    done = engine.run(image, "-m", "pip", "list", "--format=json", entrypoint="python")
    return {package["name"].lower() for package in json.loads(done.stdout)}


def test_nothing_runs_as_root(engine: Any, image: str) -> None:
    assert engine.run(image, "-u", entrypoint="id").stdout.strip() == str(USER_ID)


def test_the_modules_of_an_images_steps_can_be_imported(engine: Any, name: str, image: str) -> None:
    modules = _modules(name)
    assert modules
    done = engine.run(image, "-c", f"import {', '.join(modules)}", entrypoint="python3")
    assert done.returncode == 0, done.stderr


def test_nothing_but_training_has_training_libraries(engine: Any, name: str, image: str) -> None:
    installed = _installed(engine, image)
    assert {"frugal-sentiment", "scikit-learn"} <= installed
    assert "torch" not in installed
    assert ("tensorflow" in installed) == (name == "train")
    assert ("kfp" in installed) == (name != "serve")


def test_the_steps_before_training_run_in_their_image(engine: Any, data_image: str, data: Path) -> None:
    columns = {"text_column": "Review Text", "title_column": "Title"}
    source = {"data": "", "data_sha256": "", "label_column": "Rating", "sample_rows": 1500, "seed": 1}
    common = {"labels": _LABELS, "code_fingerprint": "c" * 16}
    engine.run_step(data_image, ingest, data, source | columns | common, {})
    common |= {"data_fingerprint": "d" * 16}
    engine.run_step(data_image, explore, data, common, {"reviews": "ingest/reviews"})
    engine.run_step(data_image, clean, data, common | {"language": "en"}, {"reviews": "ingest/reviews"})
    settings = {
        "language": "en",
        "embeddings": ["glove-6b-50d"],
        "minimum_word_count": 2,
        "maximum_words": 500,
        "seed": 1,
    }
    engine.run_step(data_image, engineer_features, data, settings | columns | common, {"reviews": "clean/cleaned"})
    assert len(pd.read_parquet(data / "ingest/reviews")) == 1500
    assert "<svg" in (data / "explore/report").read_text(encoding="utf-8")
    description = json.loads((data / "engineer-features/features/features.json").read_text(encoding="utf-8"))
    assert description["embeddings"] == ["glove-6b-50d"]


def test_training_and_quantisation_run_in_their_image(
    engine: Any, train_image: str, data: Path, tiny_features: Path
) -> None:
    cells = (Cell(model="lstm"), Cell(model="lstm", chain=("dynamic",)))
    plan = Plan(need=parse_need(""), models=("lstm",), cells=cells, code_fingerprint="c" * 16)
    (data / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    shutil.copytree(tiny_features, data / "features")
    write_failures(data / "none", {})
    inputs = {"features": "features", "plan": "plan.json"}
    training = {
        "models": ["lstm"],
        "features_fingerprint": "f",
        "model_fingerprint": "",
        "units": 4,
        "dropout": 0.1,
        "epochs": 2,
    }
    training |= {"embedding_training": "frozen", "directions": 2, "embedding_dropout": 0.0}
    training |= {"patience": 2, "batch_size": 8, "learning_rate": 0.05, "seed": 1}
    engine.run_step(train_image, train_lstm, data, training, inputs)
    sources = {"trained": "train-lstm/candidates", "pruned": "none", "clustered": "none"}
    quantising = {"model": "lstm", "aware": False, "techniques": ["dynamic"], "calibration_rows": 8, "rows": 0}
    quantising |= {"epochs": 1, "learning_rate": 0.0, "seed": 1} | {
        f"{source}_fingerprint": "f" for source in sources
    }
    engine.run_step(train_image, quantize, data, quantising, inputs | sources)
    bundle = bundle_directory(data / "quantize/candidates", "lstm-dynamic")
    assert load_bundle(bundle).predict(["Love the perfect dress"]).shape == (1, 3)


def test_the_deploy_step_publishes_and_serves_in_its_image(
    engine: Any, evaluate_image: str, data: Path, logistic_bundle: Path
) -> None:
    shutil.copytree(logistic_bundle, data / "winner")
    decision = {"verdict": "deploy", "candidate": "logistic", "reasons": ["It is the cheapest."]}
    (data / "decision.json").write_text(json.dumps(decision), encoding="utf-8")
    parameters = {
        "target": "local",
        "model_store": "/data/models",
        "namespace": "",
        "store_claim": "",
        "serve_image": "",
    }
    inputs = {"winner": "winner", "decision": "decision.json"}
    engine.run_step(evaluate_image, deploy, data, parameters, inputs)
    assert json.loads((data / "deploy/deployment").read_text(encoding="utf-8"))["answer"]["label"] == "3"
    assert load_bundle(data / "models/champion").predict(["awful itchy"]).argmax() == 0


def test_a_table_is_scored(engine: Any, serve_image: str, data: Path, logistic_bundle: Path) -> None:
    shutil.copytree(logistic_bundle, data / "bundle")
    texts = ["love perfect soft", "", "awful itchy cheap"]
    pd.DataFrame({"Review Text": texts, "Age": [31, 45, 27]}).to_csv(data / "reviews.csv", index=False)
    arguments = ["-m", "serving", "score", "--bundle", "/data/bundle", "--input", "/data/reviews.csv"]
    done = engine.run(serve_image, *arguments, "--output", "/data/scored.csv", data=data, entrypoint="python")
    assert "over 2 reviews" in done.stdout, done.stderr
    scored = pd.read_csv(data / "scored.csv", dtype=str, keep_default_na=False)
    assert scored["predicted_label"].tolist() == ["3", "", "1"]
    assert scored["Age"].tolist() == ["31", "45", "27"]


@contextlib.contextmanager
def _server(engine: Any, image: str, store: Path) -> Iterator[httpx.Client]:
    """Starts the server as the Deployment does and yields a client; then asks it to stop, as a cluster would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["serve", "--bundle", f"{STORE_MOUNT}/champion", "--host", "127.0.0.1", "--port", str(port)]
    options = [*_RESTRICTED, "--volume", f"{store}:{STORE_MOUNT}:ro"]
    process = subprocess.Popen(engine.command(image, arguments, options=options))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_healthy(client: httpx.Client) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            assert client.get("/healthz").status_code == 200
            return
        time.sleep(0.2)
    pytest.fail("the server does not answer")


def test_the_server_predicts_without_any_right_it_does_not_need(
    engine: Any, serve_image: str, data: Path, logistic_bundle: Path
) -> None:
    shutil.copytree(logistic_bundle, data / "champion")
    with _server(engine, serve_image, data) as client:
        _wait_until_healthy(client)
        response = client.post("/v1/predict", json={"reviews": [{"text": "love perfect soft"}]})
    assert response.status_code == 200
    assert response.json()["predictions"][0]["label"] == "3"


def test_a_server_without_a_model_says_so_in_one_line(engine: Any, serve_image: str) -> None:
    done = engine.run(serve_image)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*/models/champion.*\n", done.stderr)
