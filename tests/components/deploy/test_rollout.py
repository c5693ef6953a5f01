import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from components.deploy import kubernetes as cluster_module
from components.deploy import local
from components.deploy.answer import SENTENCE, DeploymentFailed
from components.deploy.rollout import Deployment, roll_out
from components.deploy.store import champion, promote, publish, versions
from components.shared.bundle import MANIFEST, load_bundle
from components.shared.errors import UserError


def _roll_out(winner: Path, decision: Path, store: Path, target: str = "local") -> Deployment:
    return roll_out(
        winner=winner,
        decision=decision,
        target=target,
        model_store=store,
        namespace="shop",
        store_claim="sentiment-model-store",
        serve_image="registry/serve:abc",
    )


@pytest.fixture
def yesterdays(logistic_bundle: Path, tmp_path: Path, store: Path) -> str:
    """Another bundle, deployed already; its version."""
    bundle = shutil.copytree(logistic_bundle, tmp_path / "yesterday")
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8")) | {"data_fingerprint": "yesterday"}
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    version = publish(bundle, store).version
    promote(version, store)
    return version


@pytest.fixture
def connected(api: client.ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments to Kubernetes go to the fake cluster and wait less."""
    patience = cluster_module.Patience(ready=1.5, answer=1.5, stop=1.5, poll=0.01)
    deploy = partial(cluster_module.deploy_to_cluster, patience=patience)
    monkeypatch.setattr(cluster_module, "connect", lambda: api)
    monkeypatch.setattr(cluster_module, "deploy_to_cluster", deploy)


def test_a_local_deployment_is_served_recorded_and_becomes_champion(
    logistic_bundle: Path, decision: Path, store: Path, yesterdays: str
) -> None:
    record = _roll_out(logistic_bundle, decision, store)
    assert (record.target, record.candidate, record.version, record.previous) == (
        "local",
        "logistic",
        "v0002",
        yesterdays,
    )
    assert record.sentence == SENTENCE and record.answer.label == "3"
    assert (record.mode, record.stopped, record.caveats) == ("batch", True, ())
    assert champion(store) == "v0002"
    assert load_bundle(store / "champion").predict([SENTENCE])[0].argmax() == 2
    assert Deployment.model_validate_json(record.model_dump_json()) == record


_CAVEATS = [{"severity": "serious", "about": "label-recall", "sentence": "It finds 3 % of the ones."}]
_OVERRIDDEN = {
    "verdict": "keep",
    "chosen": "logistic",
    "obstacle": "",
    "override": {"action": "deploy", "by": "Ada", "reason": "The sale starts.", "candidate": ""},
}


def test_an_override_stands_in_the_record_of_a_local_deployment(
    logistic_bundle: Path, decision: Path, store: Path
) -> None:
    content = json.loads(decision.read_text(encoding="utf-8")) | {"override": _OVERRIDDEN}
    decision.write_text(json.dumps(content), encoding="utf-8")
    record = _roll_out(logistic_bundle, decision, store)
    assert record.override is not None
    assert record.override.model_dump() == {
        "by": "Ada",
        "reason": "The sale starts.",
        "verdict": "keep",
        "objections": (),
    }


@pytest.mark.usefixtures("connected")
def test_an_override_stands_in_the_annotations_until_a_deployment_without_one(
    logistic_bundle: Path, decision: Path, store: Path, cluster: Any
) -> None:
    plain = json.loads(decision.read_text(encoding="utf-8"))
    overridden = _OVERRIDDEN | {"objections": ["It is too slow."]}
    decision.write_text(json.dumps(plain | {"override": overridden, "caveats": _CAVEATS}), encoding="utf-8")
    _roll_out(logistic_bundle, decision, store, "kubernetes")
    annotations = cluster.deployment["metadata"]["annotations"]
    assert annotations["frugal-sentiment.io/override-objections"] == "It is too slow."
    assert annotations["frugal-sentiment.io/caveats"] == "It finds 3 % of the ones."
    assert annotations["frugal-sentiment.io/override-by"] == "Ada"
    assert annotations["frugal-sentiment.io/override-reason"] == "The sale starts."
    assert annotations["frugal-sentiment.io/overridden-verdict"] == "keep"
    decision.write_text(json.dumps(plain), encoding="utf-8")
    _roll_out(logistic_bundle, decision, store, "kubernetes")
    for one in (cluster.deployment, cluster.service):
        assert not [name for name in one["metadata"]["annotations"] if "overrid" in name or "caveats" in name]


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("said", [{}, {"mode": "batch"}], ids=["older decision", "batch"])
def test_what_is_started_for_each_run_is_recorded_as_stopped_with_the_way_to_start_it(
    said: dict[str, str],
    logistic_bundle: Path,
    decision: Path,
    store: Path,
    cluster: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.loads(decision.read_text(encoding="utf-8")) | said | {"caveats": _CAVEATS}
    decision.write_text(json.dumps(content), encoding="utf-8")
    record = _roll_out(logistic_bundle, decision, store, "kubernetes")
    start = "kubectl scale deployment/sentiment-server --replicas=1 -n shop"
    assert (record.mode, record.stopped, record.start) == ("batch", True, start)
    assert [caveat.model_dump() for caveat in record.caveats] == _CAVEATS
    assert cluster.deployment["spec"]["replicas"] == 0 and champion(store) == "v0001"
    assert cluster.deployment["metadata"]["annotations"]["frugal-sentiment.io/mode"] == "batch"
    assert f"stopped until a run starts it: {start}\n" in capsys.readouterr().out
    assert Deployment.model_validate_json(record.model_dump_json()) == record


@pytest.mark.usefixtures("connected")
def test_what_runs_always_is_recorded_as_running(
    logistic_bundle: Path, decision: Path, store: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(decision.read_text(encoding="utf-8")) | {"mode": "always_on"}
    decision.write_text(json.dumps(content), encoding="utf-8")
    record = _roll_out(logistic_bundle, decision, store, "kubernetes")
    assert (record.mode, record.stopped, record.start, record.caveats) == ("always_on", False, "", ())
    assert cluster.deployment["spec"]["replicas"] == 1
    assert cluster.service["metadata"]["annotations"]["frugal-sentiment.io/mode"] == "always_on"
    assert "it stays up\n" in capsys.readouterr().out


def test_the_local_server_is_stopped_even_if_the_need_is_always_on(
    logistic_bundle: Path, decision: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(decision.read_text(encoding="utf-8")) | {"mode": "always_on"}
    decision.write_text(json.dumps(content), encoding="utf-8")
    record = _roll_out(logistic_bundle, decision, store)
    assert (record.mode, record.stopped) == ("always_on", True)
    assert record.start == f"python -m serving serve --bundle {store / 'champion'}"
    assert f"stopped again; to serve it: {record.start}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("connected")
def test_a_server_that_cannot_be_stopped_leaves_champion_and_store_as_they_were(
    logistic_bundle: Path, decision: Path, store: Path, yesterdays: str, cluster: Any
) -> None:
    cluster.refuses_to_stop = True
    with pytest.raises(DeploymentFailed, match="removed again"):
        _roll_out(logistic_bundle, decision, store, "kubernetes")
    assert versions(store) == [yesterdays] and champion(store) == yesterdays


def test_a_local_failure_leaves_the_store_as_it_was(
    logistic_bundle: Path, decision: Path, store: Path, yesterdays: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "REQUEST", {"reviews": []})
    with pytest.raises(DeploymentFailed):
        _roll_out(logistic_bundle, decision, store)
    assert sorted(path.name for path in store.iterdir()) == ["champion", yesterdays]
    assert champion(store) == yesterdays


@pytest.mark.usefixtures("connected")
def test_a_cluster_deployment_becomes_champion_after_it_has_answered(
    logistic_bundle: Path, decision: Path, store: Path, yesterdays: str, cluster: Any
) -> None:
    seen: list[str | None] = []
    predict = cluster._predict
    cluster._predict = lambda body: (seen.append(champion(store)), predict(body))[1]
    record = _roll_out(logistic_bundle, decision, store, "kubernetes")
    assert seen == [yesterdays]
    assert (record.target, record.version, record.previous) == ("kubernetes", "v0002", yesterdays)
    assert champion(store) == cluster.served_version == "v0002"
    assert record.endpoint == "http://sentiment-server.shop.svc:8080"


@pytest.mark.usefixtures("connected")
def test_a_cluster_failure_leaves_champion_and_store_as_they_were(
    logistic_bundle: Path, decision: Path, store: Path, yesterdays: str, cluster: Any
) -> None:
    cluster.never_ready = {"v0002"}
    with pytest.raises(DeploymentFailed, match="removed again"):
        _roll_out(logistic_bundle, decision, store, "kubernetes")
    assert versions(store) == [yesterdays] and champion(store) == yesterdays


@pytest.mark.usefixtures("connected")
def test_a_failing_redeployment_keeps_the_version_that_was_there(
    logistic_bundle: Path, decision: Path, store: Path, cluster: Any
) -> None:
    version = publish(logistic_bundle, store).version
    cluster.never_ready = {version}
    with pytest.raises(DeploymentFailed):
        _roll_out(logistic_bundle, decision, store, "kubernetes")
    assert versions(store) == [version]


def test_deploying_the_champion_again_keeps_its_version(logistic_bundle: Path, decision: Path, store: Path) -> None:
    first = _roll_out(logistic_bundle, decision, store)
    second = _roll_out(logistic_bundle, decision, store)
    assert (first.version, first.previous) == ("v0001", None)
    assert (second.version, second.previous) == ("v0001", "v0001")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"verdict": "keep", "candidate": "logistic"}, "the verdict is 'keep'"),
        ({"verdict": "none", "candidate": None}, "the verdict is 'none'"),
        ({"verdict": "deploy", "candidate": "lstm"}, "chose 'lstm', but the bundle is 'logistic'"),
        ({"candidate": "logistic"}, "not a readable decision"),
        ({"verdict": "deploy", "candidate": "logistic", "mode": "never"}, "not a readable decision"),
        ([], "not a readable decision"),
    ],
)
def test_nothing_is_deployed_without_a_decision_for_this_bundle(
    logistic_bundle: Path, decision: Path, store: Path, content: object, message: str
) -> None:
    decision.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        _roll_out(logistic_bundle, decision, store)
    assert not store.exists()


def test_no_winner_cannot_be_deployed(decision: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "winner").mkdir()
    with pytest.raises(UserError, match="not a model bundle"):
        _roll_out(tmp_path / "winner", decision, store)


def test_an_unknown_target_is_refused(logistic_bundle: Path, decision: Path, store: Path) -> None:
    with pytest.raises(UserError, match="unknown deployment target 'moon'; known are local, kubernetes"):
        _roll_out(logistic_bundle, decision, store, "moon")


def test_a_champion_that_is_no_link_is_noticed_before_anything_is_deployed(
    logistic_bundle: Path, decision: Path, store: Path
) -> None:
    shutil.copytree(logistic_bundle, store / "champion")
    with pytest.raises(UserError, match="move it away"):
        _roll_out(logistic_bundle, decision, store)
    assert versions(store) == []
