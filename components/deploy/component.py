"""The deploy component: behind the gate."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.EVALUATE, install_kfp_package=False)
def deploy(
    winner: dsl.Input[dsl.Model],
    decision: dsl.Input[dsl.Artifact],
    target: str,
    model_store: str,
    namespace: str,
    store_claim: str,
    serve_image: str,
    deployment: dsl.Output[dsl.Artifact],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Publishes the winner into the model store, serves it, and predicts once through HTTP.

    Args:
        winner: The bundle to deploy.
        decision: Why, from compare.
        target: local (serve here, predict, stop) or kubernetes (Deployment and Service).
        model_store: Directory of the versioned model store; models/champion is what is deployed.
        namespace: Kubernetes namespace.
        store_claim: Persistent volume claim that holds the model store.
        serve_image: Image of the prediction server.
        deployment: What was deployed, where, and what it answered, as JSON.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("deploy", usage):
        from components.deploy.rollout import roll_out
        from components.shared.files import write_text

        record = roll_out(
            winner=Path(winner.path),
            decision=Path(decision.path),
            target=target,
            model_store=Path(model_store),
            namespace=namespace,
            store_claim=store_claim,
            serve_image=serve_image,
        )
        write_text(Path(deployment.path), record.model_dump_json(indent=2))
