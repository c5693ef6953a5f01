"""A decision to deploy, and a fake of the Kubernetes API that speaks HTTP."""

import copy
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes import client

from components.shared.bundle import MANIFEST
from components.shared.files import sha256_of

NAMESPACE = "shop"
#: What Kubernetes allows all annotations of an object together.
MAXIMUM_ANNOTATION_BYTES = 256 * 1024
_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/sentiment-server"
_SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/sentiment-server"
_PREDICT = f"{_SERVICE}:8080/proxy/v1/predict"


@pytest.fixture
def decision(tmp_path: Path) -> Path:
    """A decision to deploy the logistic bundle."""
    path = tmp_path / "decision.json"
    content = {"verdict": "deploy", "candidate": "logistic", "reasons": ["It is the cheapest that is good enough."]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@dataclass
class FakeCluster:
    """Objects by path, and how this cluster behaves.

    Attributes:
        store: The model store, to answer predictions like the server of the applied version.
        objects: What has been applied.
        never_ready: Versions whose pods do not become available.
        gives_up: Whether such versions end in ProgressDeadlineExceeded.
        predict_failures: How often the Service answers 503 before a prediction.
        prediction: What it then answers instead of a right prediction.
        forbidden: Requests (method, path) that are answered 403.
        refuses_to_stop: Whether no replicas may be asked for.
        never_stops: Whether pods stay although no replicas are asked for.
        requests: Every request, in order.
    """

    store: Path
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    never_ready: set[str] = field(default_factory=set)
    gives_up: bool = False
    predict_failures: int = 0
    prediction: dict[str, Any] | None = None
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    refuses_to_stop: bool = False
    never_stops: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list)
    _looks: int = 0

    @property
    def deployment(self) -> dict[str, Any] | None:
        """The Deployment as it is."""
        return self.objects.get(_DEPLOYMENT)

    @property
    def service(self) -> dict[str, Any] | None:
        """The Service as it is."""
        return self.objects.get(_SERVICE)

    @property
    def served_version(self) -> str:
        """The version in the pod's arguments."""
        assert self.deployment
        arguments = self.deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        return arguments[arguments.index("--bundle") + 1].rpartition("/")[2]

    def answer(self, method: str, path: str, query: dict[str, list[str]], kind: str, body: Any) -> tuple[int, Any]:
        """Returns status and JSON of the response to one request."""
        self.requests.append((method, path))
        if (method, path) in self.forbidden:
            return 403, {"kind": "Status", "message": "pipeline-runner may not do this"}
        if (method, path) == ("POST", _PREDICT):
            return self._predict(body)
        if method == "PATCH":
            if kind != "application/apply-patch+yaml" or query.get("fieldManager") != ["frugal-sentiment-deploy"]:
                return 415, {"message": "only server-side apply here"}
            if query.get("force") != ["true"]:
                return 409, {"message": "kubectl scale owns the replicas"}
            return self._refusal(path, body) or (200, self._apply(path, body))
        if path not in self.objects:
            return 404, {"kind": "Status", "message": "not found"}
        if method == "DELETE":
            return 200, self.objects.pop(path)
        if path == _DEPLOYMENT:
            self._progress()
        return 200, self.objects[path]

    def scale(self, replicas: int) -> None:
        """Does what `kubectl scale` does."""
        assert self.deployment
        self.deployment["spec"]["replicas"] = replicas
        self.deployment["metadata"]["generation"] += 1
        self._looks = 0

    def _refusal(self, path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        """Returns the answer to an object that the API server does not accept."""
        annotations = body["metadata"].get("annotations", {})
        if not all(isinstance(value, str) for value in annotations.values()):
            return 400, {"message": "annotations: only strings"}
        if sum(len((name + value).encode()) for name, value in annotations.items()) > MAXIMUM_ANNOTATION_BYTES:
            return 422, {"message": "metadata.annotations: Too long"}
        if path == _DEPLOYMENT and body["spec"]["replicas"] == 0 and self.refuses_to_stop:
            return 403, {"message": "pipeline-runner may not stop this"}
        return None

    def _apply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Replaces what is there, as for a single field manager; refuses what a client may not send."""
        assert not {"managedFields", "resourceVersion", "uid"} & set(body["metadata"]) and "status" not in body
        before = self.objects.get(path, {"metadata": {"generation": 0}})
        applied = copy.deepcopy(body)
        applied["metadata"] |= {
            "generation": before["metadata"]["generation"] + 1,
            "uid": "1234",
            "resourceVersion": "99",
            "managedFields": [{"manager": "frugal-sentiment-deploy"}],
        }
        if path == _DEPLOYMENT:
            applied["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = "7"
            # As the real one: the status still speaks of the generation before.
            applied["status"] = before.get("status", {})
        self._looks = 0
        self.objects[path] = applied
        return applied

    def _progress(self) -> None:
        """Moves the rollout on by one look: seen, updated beside the old pod, available; counts of 0 are left out."""
        assert self.deployment
        self._looks += 1
        generation, replicas = self.deployment["metadata"]["generation"], self.deployment["spec"]["replicas"]
        if self._looks == 1:
            return
        status: dict[str, Any] = {"observedGeneration": generation, "replicas": replicas + 1}
        if replicas:
            status |= {"updatedReplicas": replicas, "availableReplicas": replicas}
        if replicas == 0:
            if self._looks > 2 and not self.never_stops:
                del status["replicas"]
        elif self.served_version in self.never_ready:
            if self.gives_up:
                status["conditions"] = [
                    {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no pod came up"}
                ]
        elif self._looks > 2:
            status["replicas"] = replicas
        self.deployment["status"] = status

    def _predict(self, body: Any) -> tuple[int, Any]:
        assert self.deployment
        if not self.deployment["status"].get("availableReplicas"):
            return 503, {"message": "no endpoints available"}
        if self.predict_failures:
            self.predict_failures -= 1
            return 503, {"message": "no endpoints available"}
        if self.prediction is not None:
            return 200, self.prediction
        assert self.service and len(body["reviews"]) == 1
        return 200, right_answer(self.store / self.served_version)


def right_answer(bundle: Path) -> dict[str, Any]:
    """Returns what the server of a bundle answers to one review."""
    prediction = {"label": "3", "score": 2.7, "probabilities": {"1": 0.1, "2": 0.1, "3": 0.8}}
    return {"candidate": "logistic", "manifest_sha256": sha256_of(bundle / MANIFEST), "predictions": [prediction]}


def _handler(cluster: FakeCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            kind = self.headers.get("Content-Type", "")
            status, answer = cluster.answer(self.command, address.path, parse_qs(address.query), kind, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_POST = do_DELETE = _respond

        def log_message(self, *arguments: object) -> None:
            """Keeps quiet."""

    return Handler


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the model store is to be."""
    return tmp_path / "models"


@pytest.fixture
def cluster(store: Path) -> FakeCluster:
    """A cluster where everything goes well, until a test says otherwise."""
    return FakeCluster(store)


@pytest.fixture
def api(cluster: FakeCluster) -> Iterator[client.ApiClient]:
    """The official client, connected to the fake cluster."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_port}")
    with client.ApiClient(configuration) as connected:
        yield connected
    server.shutdown()
    server.server_close()
