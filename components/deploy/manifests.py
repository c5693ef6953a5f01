"""The Kubernetes objects of the prediction server, built in one place."""

from dataclasses import dataclass
from typing import Any

from components.deploy.recorded_decision import RecordedOverride

NAME = "sentiment-server"
PORT = 8080
#: Where the server's pod mounts the model store.
STORE_MOUNT = "/models"
#: User and group of the images; see images/*/Dockerfile.
USER_ID = 1000

_ANNOTATION = "frugal-sentiment.io"
_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Release:
    """What is rolled out.

    Attributes:
        version: Version in the model store, such as "v0003".
        candidate: Identifier of the candidate.
        data_fingerprint, code_fingerprint: What the model was made from.
        reason: Why it is deployed, from the decision.
        override: Who decided so instead of the rules, if anybody did.
        image: Image of the prediction server.
        namespace: Where.
        store_claim: Persistent volume claim that holds the model store.
    """

    version: str
    candidate: str
    data_fingerprint: str
    code_fingerprint: str
    reason: str
    image: str
    namespace: str
    store_claim: str
    override: RecordedOverride | None = None


def deployment_manifest(release: Release) -> dict[str, Any]:
    """Returns the Deployment: one replica that serves the release's version from the mounted store."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(release),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": _selector()},
            "template": {
                "metadata": {"labels": _labels(), "annotations": _annotations(release)},
                "spec": _pod(release),
            },
        },
    }


def service_manifest(release: Release) -> dict[str, Any]:
    """Returns the Service in front of the Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(release),
        "spec": {
            "type": "ClusterIP",
            "selector": _selector(),
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    }


def _pod(release: Release) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 20,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(release)],
        "volumes": [
            {"name": "store", "persistentVolumeClaim": {"claimName": release.store_claim}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(release: Release) -> dict[str, Any]:
    bundle = f"{STORE_MOUNT}/{release.version}"
    return {
        "name": "server",
        "image": release.image,
        "args": ["serve", "--bundle", bundle, "--host", "0.0.0.0", "--port", str(PORT)],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "readinessProbe": _probe(periodSeconds=2, failureThreshold=3),
        "livenessProbe": _probe(periodSeconds=10, failureThreshold=3),
        "startupProbe": _probe(periodSeconds=2, failureThreshold=60),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            # The mount is read-only and the claim is not: a claim mounted read-only as a whole is, on some
            # storage, read-only for the pipeline's pods on that node as well.
            {"name": "store", "mountPath": STORE_MOUNT, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _probe(**timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": "/healthz", "port": "http"}, "timeoutSeconds": 2, **timing}


def _metadata(release: Release) -> dict[str, Any]:
    return {
        "name": NAME,
        "namespace": release.namespace,
        "labels": _labels(),
        "annotations": _annotations(release)
        | _override_annotations(release)
        | {f"{_ANNOTATION}/reason": release.reason[:_LONGEST_REASON]},
    }


def _selector() -> dict[str, str]:
    return {"app.kubernetes.io/name": NAME}


def _labels() -> dict[str, str]:
    return _selector() | {
        "app.kubernetes.io/component": "prediction-server",
        "app.kubernetes.io/part-of": "frugal-sentiment",
        "app.kubernetes.io/managed-by": "frugal-sentiment",
    }


def _annotations(release: Release) -> dict[str, str]:
    return {
        f"{_ANNOTATION}/candidate": release.candidate,
        f"{_ANNOTATION}/version": release.version,
        f"{_ANNOTATION}/data-fingerprint": release.data_fingerprint,
        f"{_ANNOTATION}/code-fingerprint": release.code_fingerprint,
    }


def _override_annotations(release: Release) -> dict[str, str]:
    if release.override is None:
        return {}
    return {
        f"{_ANNOTATION}/override-by": release.override.by,
        f"{_ANNOTATION}/override-reason": release.override.reason,
        f"{_ANNOTATION}/overridden-verdict": release.override.verdict,
    }
