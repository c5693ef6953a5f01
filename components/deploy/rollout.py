"""From a decision to a model in service, and a record of it.

Publish a version, serve it, predict once; only then it becomes the store's champion. On Kubernetes the server then
stays up, or is stopped until it is started for a run, as the need's mode says: what runs is what was priced. When
anything fails, the champion stays and the version is withdrawn, so that the store holds what has been in service. A
step that is killed in between leaves a whole version that is not champion; publishing the same bundle again takes
it up.
"""

import shlex
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from components.deploy.answer import SENTENCE, Answer
from components.deploy.manifests import Release, start_command
from components.deploy.recorded_decision import Caveat, RecordedDecision, RecordedOverride, read_decision_to_deploy
from components.deploy.store import CHAMPION, champion, promote, publish, withdraw
from components.shared.bundle import Manifest, read_manifest
from components.shared.errors import UserError
from components.shared.need import Mode


class Target(StrEnum):
    """Where a model can be deployed."""

    LOCAL = "local"
    KUBERNETES = "kubernetes"


class Deployment(BaseModel):
    """What was deployed.

    Attributes:
        target: Where.
        candidate: Identifier of the candidate.
        version: Its version in the model store.
        previous: The version that was deployed before; None if there was none.
        endpoint: Where it answered.
        sentence: The review that was sent.
        answer: What came back.
        deployed_at: When, UTC.
        mode: How the model runs, as the need says.
        stopped: Whether the server has been stopped again: the local one always, on Kubernetes in mode batch.
        start: The command that starts a stopped server; empty if it runs.
        caveats: What the model does not do as one would expect, the most serious first.
        override: Who had it deployed instead of what the rules said; None if nobody did.
    """

    target: Target
    candidate: str
    version: str
    previous: str | None
    endpoint: str
    sentence: str
    answer: Answer
    deployed_at: datetime
    mode: Mode
    stopped: bool
    start: str
    caveats: tuple[Caveat, ...] = ()
    override: RecordedOverride | None = None


def roll_out(
    winner: Path,
    decision: Path,
    target: str,
    model_store: Path,
    namespace: str,
    store_claim: str,
    serve_image: str,
) -> Deployment:
    """Deploys the winner of a decision to deploy.

    Args:
        winner: The chosen candidate's bundle.
        decision: The decision as JSON; `verdict` must be "deploy", `candidate` the winner.
        target: "local" (serve here, predict, stop) or "kubernetes".
        model_store: Directory of the versioned model store. For Kubernetes: where `store_claim` is mounted,
            as the server's pod finds the version at the root of that claim.
        namespace: Kubernetes namespace.
        store_claim: Persistent volume claim that holds the model store.
        serve_image: Image of the prediction server.

    Raises:
        UserError: The decision is another, target or bundle cannot be used, or the store cannot be written.
        DeploymentFailed: The new version did not come into service; what was deployed before still is.
    """
    if target not in list(Target):
        raise UserError(f"unknown deployment target '{target}'; known are {', '.join(Target)}")
    manifest = read_manifest(winner)
    decided = _check_decision(decision, manifest)
    previous = champion(model_store)
    published = publish(winner, model_store)
    bundle = model_store / published.version
    try:
        if target == Target.LOCAL:
            endpoint, answer = _deploy_here(bundle)
        else:
            release = Release(
                version=published.version,
                candidate=manifest.candidate,
                data_fingerprint=manifest.data_fingerprint,
                code_fingerprint=manifest.code_fingerprint,
                reason=decided.reason,
                image=serve_image,
                namespace=namespace,
                store_claim=store_claim,
                mode=decided.mode,
                caveats=decided.caveats,
                override=decided.override,
            )
            endpoint, answer = _deploy_to_cluster(release, bundle)
    except BaseException:
        if published.is_new:
            withdraw(published.version, model_store)
        raise
    promote(published.version, model_store)
    start, outcome = _state_after(Target(target), decided.mode, model_store, namespace)
    print(
        f"Deployed {manifest.candidate} as {published.version} ({target}); {endpoint} answered '{answer.label}'; "
        f"{outcome}"
    )
    return Deployment(
        target=Target(target),
        candidate=manifest.candidate,
        version=published.version,
        previous=previous,
        endpoint=endpoint,
        sentence=SENTENCE,
        answer=answer,
        deployed_at=datetime.now(UTC),
        mode=decided.mode,
        stopped=bool(start),
        start=start,
        caveats=decided.caveats,
        override=decided.override,
    )


def _state_after(target: Target, mode: Mode, model_store: Path, namespace: str) -> tuple[str, str]:
    """Returns the command that starts the deployed server, empty if it runs; and the same for people."""
    if target == Target.LOCAL:
        start = shlex.join(["python", "-m", "serving", "serve", "--bundle", str(model_store / CHAMPION)])
        return start, f"stopped again; to serve it: {start}"
    if mode == "batch":
        start = start_command(namespace)
        return start, f"stopped until a run starts it: {start}"
    return "", "it stays up"


def _check_decision(decision: Path, manifest: Manifest) -> RecordedDecision:
    """Returns the decision to deploy this very bundle."""
    decided = read_decision_to_deploy(decision)
    if decided.candidate != manifest.candidate:
        raise UserError(
            f"{decision}: chose '{decided.candidate}', but the bundle is '{manifest.candidate}'; run compare again"
        )
    return decided


def _deploy_here(bundle: Path) -> tuple[str, Answer]:
    from components.deploy.local import serve_and_predict

    return serve_and_predict(bundle)


def _deploy_to_cluster(release: Release, bundle: Path) -> tuple[str, Answer]:
    from components.deploy.kubernetes import connect, deploy_to_cluster

    return deploy_to_cluster(connect(), release, bundle)
