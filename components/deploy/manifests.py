"""The Kubernetes objects of the prediction server, built in one place."""

import itertools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.deploy.recorded_decision import Caveat, RecordedOverride
from components.shared.need import Mode

NAME = "sentiment-server"
PORT = 8080
#: Where the server's pod mounts the model store.
STORE_MOUNT = "/models"
#: User and group of the images; see images/*/Dockerfile.
USER_ID = 1000

_ANNOTATION = "frugal-sentiment.io"
_LONGEST_REASON = 1000
#: Characters of several sentences in one annotation. Kubernetes allows 256 KiB for all annotations of an object.
_LONGEST_SENTENCES = 4000


@dataclass(frozen=True)
class Release:
    """What is rolled out.

    Attributes:
        version: Version in the model store, such as "v0003".
        candidate: Identifier of the candidate.
        data_fingerprint, code_fingerprint: What the model was made from.
        reason: Why it is deployed, from the decision.
        image: Image of the prediction server.
        namespace: Where.
        store_claim: Persistent volume claim that holds the model store.
        mode: Whether the server is started for each run and stopped after it ("batch"), or stays up ("always_on").
        caveats: What the model does not do as one would expect, the most serious first.
        override: Who decided so instead of the rules, if anybody did.
    """

    version: str
    candidate: str
    data_fingerprint: str
    code_fingerprint: str
    reason: str
    image: str
    namespace: str
    store_claim: str
    mode: Mode
    caveats: tuple[Caveat, ...] = ()
    override: RecordedOverride | None = None


def start_command(namespace: str) -> str:
    """Returns the command that starts a server that is stopped."""
    return f"kubectl scale deployment/{NAME} --replicas=1 -n {namespace}"


def deployment_manifest(release: Release, replicas: int = 1) -> dict[str, Any]:
    """Returns the Deployment: replicas that serve the release's version from the mounted store; 0: it is stopped."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(release),
        "spec": {
            "replicas": replicas,
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
        | _caveat_annotations(release)
        | _override_annotations(release)
        | {
            f"{_ANNOTATION}/reason": release.reason[:_LONGEST_REASON],
            f"{_ANNOTATION}/mode": release.mode,
        },
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


def _caveat_annotations(release: Release) -> dict[str, str]:
    sentences = [caveat.sentence for caveat in release.caveats if caveat.severity in ("serious", "warning")]
    return {f"{_ANNOTATION}/caveats": _join(sentences)} if sentences else {}


def _override_annotations(release: Release) -> dict[str, str]:
    if release.override is None:
        return {}
    annotations = {
        f"{_ANNOTATION}/override-by": release.override.by,
        f"{_ANNOTATION}/override-reason": release.override.reason,
        f"{_ANNOTATION}/overridden-verdict": release.override.verdict,
    }
    if release.override.objections:
        annotations[f"{_ANNOTATION}/override-objections"] = _join(release.override.objections)
    return annotations


def _join(sentences: Sequence[str]) -> str:
    """Returns as many sentences as fit, the first one cut if it alone does not, and how many more there are."""
    plain = [" ".join(sentence.split()) for sentence in sentences]
    lengths = itertools.accumulate(len(sentence) + 1 for sentence in plain)
    kept = max(1, sum(length <= _LONGEST_SENTENCES for length in lengths))
    text = textwrap.shorten(" ".join(plain[:kept]), _LONGEST_SENTENCES, placeholder=" …")
    left = len(plain) - kept
    return f"{text} (and {left} more, see decision.json)" if left else text
