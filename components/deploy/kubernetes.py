"""Deployment on Kubernetes: apply, wait until ready, predict once, in mode batch stop; roll back on failure."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from components.deploy.answer import PREDICT_PATH, REQUEST, Answer, DeploymentFailed, check_answer
from components.deploy.manifests import NAME, PORT, Release, deployment_manifest, service_manifest
from components.shared.errors import UserError

Manifest = dict[str, Any]

_FIELD_MANAGER = "frugal-sentiment-deploy"
_REQUEST_SECONDS = 30
_NOT_FOUND = 404
_SERVER_ERROR = 500
#: What the API server adds to an object, and does not take back.
_OWN_METADATA = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_OWN_ANNOTATION = "deployment.kubernetes.io/revision"
_KINDS = {"Deployment": "apis/apps/v1", "Service": "api/v1"}


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds.

    Attributes:
        ready: For the pod to be scheduled, pulled, started and ready.
        answer: For the Service to reach the ready pod.
        stop: For the pod to be on its way out.
        poll: Between two looks.
    """

    ready: float = 600
    answer: float = 60
    stop: float = 60
    poll: float = 2


def connect() -> client.ApiClient:
    """Returns a client for the cluster this pod runs in, or else for the current kubectl context.

    Raises:
        UserError: There is neither.
    """
    try:
        config.load_config()
    except config.ConfigException as error:
        raise UserError(
            f"no Kubernetes cluster to deploy to ({error}); run in a cluster or set KUBECONFIG"
        ) from error
    return client.ApiClient()


def deploy_to_cluster(
    api: client.ApiClient, release: Release, bundle: Path, patience: Patience | None = None
) -> tuple[str, Answer]:
    """Rolls a release out, and back again if it does not come up, answer as it should or, in mode batch, stop.

    Args:
        api: The cluster.
        release: What to roll out.
        bundle: The published bundle, to know its answer by.
        patience: How long to wait.

    Returns:
        The address of the Service inside the cluster, and the answer to one prediction through it.

    Raises:
        DeploymentFailed: The release did not come into service; what ran before runs again, with as many replicas,
            or nothing does if nothing did. The message says so if the way back failed as well.
    """
    cluster = Cluster(api, release.namespace, patience or Patience())
    wanted = [deployment_manifest(release), service_manifest(release)]
    try:
        before = {manifest["kind"]: cluster.read(manifest["kind"]) for manifest in wanted}
    except (client.ApiException, urllib3.exceptions.HTTPError) as error:
        raise DeploymentFailed(f"cannot read namespace '{release.namespace}': {_reason(error)}") from error
    try:
        for manifest in wanted:
            cluster.apply(manifest)
        cluster.wait_until_ready()
        answer = cluster.predict(bundle)
        if release.mode == "batch":
            # Its price is that of a server that is started for each run: one that stays up would cost what nobody
            # has agreed to.
            cluster.apply(deployment_manifest(release, replicas=0))
            cluster.wait_until_stopped()
    except BaseException as error:
        outcome = _roll_back(cluster, before)
        if not isinstance(error, DeploymentFailed | client.ApiException | urllib3.exceptions.HTTPError):
            raise
        raise DeploymentFailed(f"{release.version} did not come into service: {_reason(error)}; {outcome}") from error
    return f"http://{NAME}.{release.namespace}.svc:{PORT}", answer


class Cluster:
    """The few calls to the API server that a rollout takes, as plain JSON objects."""

    def __init__(self, api: client.ApiClient, namespace: str, patience: Patience) -> None:
        self._api = api
        self._namespace = namespace
        self._patience = patience

    def read(self, kind: str) -> Manifest | None:
        """Returns the server's object as it is, or None if there is none."""
        try:
            return self._call("GET", self._path(kind))
        except client.ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def apply(self, manifest: Manifest) -> None:
        """Creates or changes an object by server-side apply."""
        query = [("fieldManager", _FIELD_MANAGER), ("force", "true")]
        self._call("PATCH", self._path(manifest["kind"]), manifest, "application/apply-patch+yaml", query)

    def delete(self, kind: str) -> None:
        """Deletes an object and what belongs to it; it is well if there is none."""
        try:
            self._call("DELETE", self._path(kind), {"propagationPolicy": "Background"})
        except client.ApiException as error:
            if error.status != _NOT_FOUND:
                raise

    def wait_until_ready(self) -> None:
        """Returns when only pods of the applied Deployment run, and all of them are available.

        Raises:
            DeploymentFailed: Not within the patience, or Kubernetes has given up.
        """
        found = self._poll(self._patience.ready, self._ready_state)
        if found is not True:
            raise DeploymentFailed(f"not ready within {self._patience.ready:g} s ({found})")

    def wait_until_stopped(self) -> None:
        """Returns when the Deployment, applied without replicas, counts no pod any more.

        Raises:
            DeploymentFailed: Not within the patience.
        """
        found = self._poll(self._patience.stop, self._ready_state)
        if found is not True:
            raise DeploymentFailed(f"not stopped within {self._patience.stop:g} s ({found})")

    def predict(self, bundle: Path) -> Answer:
        """Returns the answer to one prediction through the Service, by way of the API server's proxy."""
        path = f"{self._path('Service')}:{PORT}/proxy{PREDICT_PATH}"

        def ask() -> object:
            try:
                return self._call("POST", path, REQUEST)
            except client.ApiException as error:
                # The Service learns of a ready pod a moment after the Deployment does.
                if error.status and error.status < _SERVER_ERROR:
                    raise
                return f"{error.status} {error.reason}"

        response = self._poll(self._patience.answer, ask, lambda answer: isinstance(answer, dict))
        if not isinstance(response, dict):
            raise DeploymentFailed(f"no prediction within {self._patience.answer:g} s ({response})")
        return check_answer(response, bundle)

    def _ready_state(self) -> object:
        """Returns True when rolled out, otherwise what is still missing."""
        deployment = self.read("Deployment")
        if deployment is None:
            raise DeploymentFailed("the Deployment has disappeared")
        status = deployment.get("status", {})
        if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 1):
            return "the controller has not seen the change yet"
        for condition in status.get("conditions", []):
            if condition.get("reason") == "ProgressDeadlineExceeded":
                raise DeploymentFailed(f"Kubernetes gave up: {condition.get('message', condition['reason'])}")
        replicas = deployment["spec"].get("replicas", 1)
        counts = {name: status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")}
        if all(count == replicas for count in counts.values()):
            return True
        return ", ".join(f"{name} {count} of {replicas}" for name, count in counts.items())

    def _poll(
        self, seconds: float, look: Callable[[], object], done: Callable[[object], bool] = lambda found: found is True
    ) -> object:
        """Looks until it is done or the time is over; returns what was seen last."""
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if done(found) or time.monotonic() >= deadline:
                return found
            time.sleep(self._patience.poll)

    def _path(self, kind: str) -> str:
        return f"/{_KINDS[kind]}/namespaces/{self._namespace}/{kind.lower()}s/{NAME}"

    def _call(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        content_type: str = "application/json",
        query: list[tuple[str, str]] | None = None,
    ) -> Manifest:
        response = self._api.call_api(
            path,
            method,
            query_params=query or [],
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=_REQUEST_SECONDS,
        )
        try:
            parsed: Manifest = json.loads(response.data)
        except ValueError as error:
            raise DeploymentFailed(f"{method} {path}: the answer is not JSON") from error
        return parsed


def _roll_back(cluster: Cluster, before: dict[str, Manifest | None]) -> str:
    """Puts every object back as it was, or away if there was none; returns what that led to."""
    failures = []
    for kind, manifest in before.items():
        try:
            if manifest is None:
                cluster.delete(kind)
            else:
                cluster.apply(_applicable(manifest))
                if kind == "Deployment":
                    cluster.wait_until_ready()
        except (client.ApiException, urllib3.exceptions.HTTPError, DeploymentFailed) as error:
            failures.append(f"{kind}: {_reason(error)}")
    if failures:
        return f"rolling back FAILED, look at {NAME} with kubectl ({'; '.join(failures)})"
    return "removed again" if before["Deployment"] is None else "rolled back to what ran before"


def _applicable(manifest: Manifest) -> Manifest:
    """Returns a live object without what only the API server may set."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _OWN_METADATA}
    annotations = metadata.get("annotations", {})
    metadata["annotations"] = {key: value for key, value in annotations.items() if key != _OWN_ANNOTATION}
    return {key: value for key, value in manifest.items() if key != "status"} | {"metadata": metadata}


def _reason(error: BaseException) -> str:
    if not isinstance(error, client.ApiException):
        return str(error)
    message = error.reason
    with contextlib.suppress(ValueError, TypeError, KeyError):
        message = json.loads(error.body)["message"]
    return f"{error.status} {message}"
