import inspect
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.deploy.manifests import NAME, PORT, USER_ID, Release, deployment_manifest
from pipelines.training import training_pipeline

_MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
_KUSTOMIZATIONS = sorted(_MANIFESTS.rglob("kustomization.yaml"))
_OVERLAYS = sorted(path.parent.name for path in _MANIFESTS.glob("overlays/*/kustomization.yaml"))


def _load(path: Path) -> dict[str, Any]:
    (document,) = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return document


def _base(kind: str) -> dict[str, Any]:
    return next(
        document for path in (_MANIFESTS / "base").glob("*.yaml") if (document := _load(path))["kind"] == kind
    )


def _default(parameter: str) -> str:
    """Returns the default of a parameter of the training pipeline."""
    return inspect.signature(training_pipeline.pipeline_func).parameters[parameter].default


@pytest.mark.parametrize(
    "path", sorted(_MANIFESTS.rglob("*.yaml")), ids=lambda path: str(path.relative_to(_MANIFESTS))
)
def test_every_manifest_is_an_object(path: Path) -> None:
    assert {"apiVersion", "kind"} <= set(_load(path))


@pytest.mark.parametrize("path", _KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_a_kustomization_lists_every_file_beside_it_and_none_else(path: Path) -> None:
    listed = {path.parent / resource for resource in _load(path)["resources"]}
    assert all(resource.exists() for resource in listed)
    assert set(path.parent.glob("*.yaml")) - {path} == {resource for resource in listed if resource.is_file()}


def test_names_are_those_of_the_pipelines_defaults() -> None:
    assert _load(_MANIFESTS / "base" / "kustomization.yaml")["namespace"] == _default("namespace")
    assert _base("PersistentVolumeClaim")["metadata"]["name"] == _default("store_claim")


def test_the_deploy_step_may_do_what_it_does_and_only_to_its_server() -> None:
    role, binding = _base("Role"), _base("RoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == ["pipeline-runner"]
    allowed = {
        (resource, verb, name)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", ["*"])
    }
    on_server = {(kind, verb, NAME) for kind in ("deployments", "services") for verb in ("get", "patch", "delete")}
    creating = {(kind, "create", "*") for kind in ("deployments", "services")}
    assert allowed == on_server | creating | {("services/proxy", "create", f"{NAME}:{PORT}")}


def test_the_network_policy_is_about_the_servers_pods() -> None:
    release = Release("v0001", "lstm", "d", "c", "", "image", "kubeflow", "claim", "batch")
    labels = deployment_manifest(release)["spec"]["template"]["metadata"]["labels"]
    policy = _base("NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["ingress"] == [{"ports": [{"port": PORT, "protocol": "TCP"}]}]
    assert policy["egress"] == []


def test_the_store_on_gke_belongs_to_the_user_of_the_images() -> None:
    job = _load(_MANIFESTS / "overlays" / "gke" / "model-store-owner.yaml")
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"][1] == f"{USER_ID}:{USER_ID}"
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == _default("store_claim")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders the overlays")
@pytest.mark.parametrize("overlay", _OVERLAYS)
def test_an_overlay_renders(overlay: str) -> None:
    command = ["kubectl", "kustomize", str(_MANIFESTS / "overlays" / overlay)]
    rendered = list(yaml.safe_load_all(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
    assert {"PersistentVolumeClaim", "Role", "RoleBinding", "NetworkPolicy"} <= {one["kind"] for one in rendered}
    assert {one["metadata"]["namespace"] for one in rendered} == {_default("namespace")}
