from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from components.deploy.answer import DeploymentFailed
from components.deploy.kubernetes import Patience, connect, deploy_to_cluster
from components.deploy.manifests import Release, deployment_manifest, service_manifest
from components.deploy.recorded_decision import Caveat, RecordedOverride
from components.shared.errors import UserError

_PATIENCE = Patience(ready=1.5, answer=1.5, stop=1.5, poll=0.01)


def _release(version: str = "v0001", **changes: Any) -> Release:
    release = Release(
        version=version,
        candidate="logistic",
        data_fingerprint="d" * 16,
        code_fingerprint="c" * 16,
        reason="It is the cheapest that is good enough.",
        image="registry/serve:abc",
        namespace="shop",
        store_claim="sentiment-model-store",
        mode="always_on",
    )
    return replace(release, **changes)


def _publish(bundle: Path, store: Path, version: str) -> Path:
    (store / version).mkdir(parents=True)
    for path in bundle.iterdir():
        (store / version / path.name).write_bytes(path.read_bytes())
    return store / version


def _deploy(
    api: client.ApiClient, bundle: Path, store: Path, version: str = "v0001", **changes: Any
) -> tuple[str, Any]:
    return deploy_to_cluster(api, _release(version, **changes), _publish(bundle, store, version), _PATIENCE)


def _intent(manifest: dict[str, Any] | None) -> tuple[Any, Any]:
    """Returns what a rollback has to bring back: the specification, and our annotations."""
    assert manifest
    ours = {key: value for key, value in manifest["metadata"]["annotations"].items() if "frugal" in key}
    return manifest["spec"], ours


def test_a_release_is_applied_awaited_and_asked_through_its_service(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.predict_failures = 2
    endpoint, answer = _deploy(api, logistic_bundle, store)
    assert endpoint == "http://sentiment-server.shop.svc:8080"
    assert answer.label == "3"
    assert cluster.deployment["spec"] == deployment_manifest(_release())["spec"]
    assert cluster.service["spec"] == service_manifest(_release())["spec"]
    first_question = next(index for index, (method, _) in enumerate(cluster.requests) if method == "POST")
    looks = [path for method, path in cluster.requests[:first_question] if method == "GET" and "deployments" in path]
    assert len(looks) == 4, "once before, then until the old pod was gone"


def test_what_runs_always_is_left_running(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    _deploy(api, logistic_bundle, store, mode="always_on")
    assert cluster.deployment["spec"]["replicas"] == 1 and cluster.deployment["status"]["availableReplicas"] == 1


def test_what_is_started_for_each_run_is_stopped_after_it_has_answered(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.predict_failures = 1
    _, answer = _deploy(api, logistic_bundle, store, mode="batch")
    assert answer.label == "3"
    assert cluster.deployment["spec"] == deployment_manifest(_release(mode="batch"), replicas=0)["spec"]
    assert cluster.deployment["spec"]["replicas"] == 0
    assert "replicas" not in cluster.deployment["status"], "the pods were gone before the step ended"
    methods = [method for method, _ in cluster.requests]
    last_question = len(methods) - methods[::-1].index("POST")
    assert methods[last_question:].count("PATCH") == 1, "only the number of replicas is applied again"


def test_the_mode_may_change_from_release_to_release(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    for version, mode, replicas in (("v0001", "batch", 0), ("v0002", "always_on", 1), ("v0003", "batch", 0)):
        _deploy(api, logistic_bundle, store, version, mode=mode)
        assert (cluster.served_version, cluster.deployment["spec"]["replicas"]) == (version, replicas)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [("refuses_to_stop", "403 pipeline-runner may not"), ("never_stops", "not stopped within")],
)
def test_a_release_that_cannot_be_stopped_is_rolled_back_to_as_many_replicas_as_ran(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path, behaviour: str, message: str
) -> None:
    _deploy(api, logistic_bundle, store, "v0001", mode="always_on")
    cluster.scale(3)
    before = _intent(cluster.deployment), _intent(cluster.service)
    setattr(cluster, behaviour, True)
    with pytest.raises(DeploymentFailed, match=f"v0002 did not come into service: {message}.*rolled back"):
        _deploy(api, logistic_bundle, store, "v0002", mode="batch")
    assert (_intent(cluster.deployment), _intent(cluster.service)) == before
    assert (cluster.served_version, cluster.deployment["status"]["availableReplicas"]) == ("v0001", 3)


def test_a_first_release_that_cannot_be_stopped_is_removed(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.refuses_to_stop = True
    with pytest.raises(DeploymentFailed, match="removed again"):
        _deploy(api, logistic_bundle, store, mode="batch")
    assert cluster.objects == {}


@pytest.mark.parametrize("mode", ["batch", "always_on"])
def test_what_was_stopped_is_stopped_again_after_a_failed_release(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path, mode: str
) -> None:
    _deploy(api, logistic_bundle, store, "v0001", mode="batch")
    before = _intent(cluster.deployment)
    cluster.never_ready = {"v0002"}
    with pytest.raises(DeploymentFailed, match="rolled back"):
        _deploy(api, logistic_bundle, store, "v0002", mode=mode)
    assert _intent(cluster.deployment) == before
    assert cluster.deployment["spec"]["replicas"] == 0 and "replicas" not in cluster.deployment["status"]


def test_a_second_release_replaces_the_first(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    _deploy(api, logistic_bundle, store, "v0001")
    _deploy(api, logistic_bundle, store, "v0002")
    assert cluster.served_version == "v0002"


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_release_that_never_becomes_ready_is_rolled_back(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path, gives_up: bool
) -> None:
    _deploy(api, logistic_bundle, store, "v0001")
    before = _intent(cluster.deployment), _intent(cluster.service)
    cluster.never_ready, cluster.gives_up = {"v0002"}, gives_up
    expected = "no pod came up" if gives_up else "not ready within"
    with pytest.raises(DeploymentFailed, match=f"{expected}.*rolled back"):
        _deploy(api, logistic_bundle, store, "v0002")
    assert (_intent(cluster.deployment), _intent(cluster.service)) == before
    assert cluster.served_version == "v0001"


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ({"predict_failures": 10_000}, "503"),
        ({"prediction": {"predictions": []}}, "not a prediction"),
        ({"prediction": {"manifest_sha256": "0", "predictions": []}}, "another model"),
    ],
)
def test_a_release_that_does_not_predict_is_rolled_back(
    api: client.ApiClient,
    cluster: Any,
    logistic_bundle: Path,
    store: Path,
    behaviour: dict[str, Any],
    message: str,
) -> None:
    _deploy(api, logistic_bundle, store, "v0001")
    for name, value in behaviour.items():
        setattr(cluster, name, value)
    with pytest.raises(DeploymentFailed, match=f"{message}.*rolled back"):
        _deploy(api, logistic_bundle, store, "v0002")
    assert cluster.served_version == "v0001"


def test_a_first_release_that_fails_is_removed(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.never_ready = {"v0001"}
    with pytest.raises(DeploymentFailed, match="removed again"):
        _deploy(api, logistic_bundle, store)
    assert cluster.objects == {}


def test_an_apply_that_is_forbidden_undoes_what_was_applied_before(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.forbidden = {("PATCH", "/api/v1/namespaces/shop/services/sentiment-server")}
    with pytest.raises(DeploymentFailed, match="403 pipeline-runner may not do this; removed again"):
        _deploy(api, logistic_bundle, store)
    assert cluster.objects == {}


def test_a_namespace_that_cannot_be_read_is_left_alone(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path
) -> None:
    cluster.forbidden = {("GET", "/apis/apps/v1/namespaces/shop/deployments/sentiment-server")}
    with pytest.raises(DeploymentFailed, match="cannot read namespace 'shop': 403"):
        _deploy(api, logistic_bundle, store)
    assert {method for method, _ in cluster.requests} == {"GET"}


def test_a_failed_rollback_is_told(api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path) -> None:
    cluster.never_ready = {"v0001"}
    cluster.forbidden = {("DELETE", "/apis/apps/v1/namespaces/shop/deployments/sentiment-server")}
    with pytest.raises(DeploymentFailed, match=r"rolling back FAILED.*Deployment: 403"):
        _deploy(api, logistic_bundle, store)
    assert cluster.service is None


def test_an_interrupted_release_is_rolled_back(
    api: client.ApiClient, cluster: Any, logistic_bundle: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("components.deploy.kubernetes.check_answer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _deploy(api, logistic_bundle, store)
    assert cluster.objects == {}


def test_without_a_cluster_the_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    with pytest.raises(UserError, match="no Kubernetes cluster"):
        connect()


def test_the_server_runs_with_as_few_rights_as_it_can() -> None:
    manifest = deployment_manifest(_release("v0007"))
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert manifest["spec"]["replicas"] == 1
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    store = next(mount for mount in container["volumeMounts"] if mount["name"] == "store")
    assert store["readOnly"] and f"{store['mountPath']}/v0007" in container["args"]
    assert {"requests", "limits"} == set(container["resources"])
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_the_objects_say_where_the_model_comes_from() -> None:
    annotations = deployment_manifest(_release())["metadata"]["annotations"]
    assert annotations == {
        "frugal-sentiment.io/candidate": "logistic",
        "frugal-sentiment.io/version": "v0001",
        "frugal-sentiment.io/data-fingerprint": "d" * 16,
        "frugal-sentiment.io/code-fingerprint": "c" * 16,
        "frugal-sentiment.io/reason": "It is the cheapest that is good enough.",
        "frugal-sentiment.io/mode": "always_on",
    }


def test_the_objects_say_what_the_model_cannot_do_and_what_an_override_went_against() -> None:
    caveats = (
        Caveat(severity="serious", about="label-recall", sentence="It finds 3 % of the ones."),
        Caveat(severity="warning", about="negation", sentence="It reads\nno negation."),
        Caveat(severity="note", about="size", sentence="Small."),
    )
    override = RecordedOverride(by="Ada", reason="Sale.", verdict="none", objections=["Too slow.", "Too big."])
    release = _release(caveats=caveats, override=override)
    for manifest in (deployment_manifest(release), service_manifest(release)):
        annotations = manifest["metadata"]["annotations"]
        assert annotations["frugal-sentiment.io/caveats"] == "It finds 3 % of the ones. It reads no negation."
        assert annotations["frugal-sentiment.io/override-objections"] == "Too slow. Too big."
    pods = deployment_manifest(release)["spec"]["template"]["metadata"]["annotations"]
    assert not {name for name in pods if "caveats" in name or "override" in name or "mode" in name}


def test_there_is_no_annotation_without_something_to_say() -> None:
    note = Caveat(severity="note", about="size", sentence="Small.")
    override = RecordedOverride(by="Ada", reason="Sale.", verdict="keep")
    annotations = deployment_manifest(_release(caveats=(note,), override=override))["metadata"]["annotations"]
    assert not {name for name in annotations if "caveats" in name or "objections" in name}


def test_many_sentences_are_cut_where_one_ends_and_the_rest_is_counted() -> None:
    sentences = [f"Caveat {number} is that it takes ü for ue." for number in range(500)]
    caveats = tuple(Caveat(severity="warning", about="a", sentence=sentence) for sentence in sentences)
    annotation = deployment_manifest(_release(caveats=caveats))["metadata"]["annotations"][
        "frugal-sentiment.io/caveats"
    ]
    kept = annotation.count("Caveat")
    assert 20 < kept < 500 and len(annotation) < 5000
    assert annotation == " ".join(sentences[:kept]) + f" (and {500 - kept} more, see decision.json)"


def test_a_sentence_without_end_is_cut_where_a_word_ends() -> None:
    caveats = tuple(Caveat(severity="warning", about="a", sentence="word " * 5000) for _ in range(3))
    annotation = deployment_manifest(_release(caveats=caveats))["metadata"]["annotations"][
        "frugal-sentiment.io/caveats"
    ]
    assert len(annotation) < 5000
    assert annotation.endswith("word word … (and 2 more, see decision.json)")


def test_annotations_stay_far_below_what_kubernetes_allows() -> None:
    long = "€ " * 100_000
    caveats = tuple(Caveat(severity="serious", about="a", sentence=long) for _ in range(50))
    override = RecordedOverride(by="Ä" * 100, reason="ü" * 300, verdict="keep", objections=[long] * 50)
    annotations = deployment_manifest(_release(caveats=caveats, override=override, reason=long))["metadata"][
        "annotations"
    ]
    assert sum(len((name + value).encode()) for name, value in annotations.items()) < 64 * 1024


def test_the_service_selects_the_pods_of_the_deployment() -> None:
    template = deployment_manifest(_release())["spec"]["template"]
    service = service_manifest(_release())["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] in {port["name"] for port in template["spec"]["containers"][0]["ports"]}


def test_the_servers_arguments_are_those_it_knows() -> None:
    from serving.__main__ import _parser

    (container,) = deployment_manifest(_release())["spec"]["template"]["spec"]["containers"]
    options = _parser().parse_args(container["args"])
    assert (options.command, options.host, options.port) == ("serve", "0.0.0.0", 8080)
