"""The evaluate component: measures every candidate, one after the other, alone on the machine."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.EVALUATE, install_kfp_package=False)
def evaluate(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    floor: dsl.Input[dsl.Model],
    shelf: dsl.Input[dsl.Model],
    lstm: dsl.Input[dsl.Model],
    distilbert: dsl.Input[dsl.Model],
    model_store: str,
    latency_reviews: int,
    measuring_attempts: int,
    seed: int,
    measurements: dsl.Output[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Predicts and times every candidate, each in a process of its own, and the champion if there is one.

    What is measured while the machine is busy is measured again. Each model is asked plain sentences besides, for the
    limits that the need sets on behaviour.

    Args:
        features: Directory of features.
        plan: The plan, from define; holds the need.
        floor: Candidates of the floor step.
        shelf: Candidates that need no training, and the prices of paid services.
        lstm: Candidates made from the LSTM.
        distilbert: Candidates made from DistilBERT.
        model_store: Directory of the versioned model store.
        latency_reviews: Number of reviews timed one by one.
        measuring_attempts: How often a candidate is measured at most, again while the machine is busy.
        seed: Of the sentences that the models are asked about.
        measurements: Directory: measurements.json and the predictions of each candidate.
        metrics: Quality of each candidate on select.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("evaluate", usage):
        from components.evaluate.evaluation import evaluate_candidates
        from components.evaluate.select_figures import select_figures

        evaluate_candidates(
            features=Path(features.path),
            plan=Path(plan.path),
            sources=[Path(floor.path), Path(shelf.path), Path(lstm.path), Path(distilbert.path)],
            champion=Path(model_store) / "champion",
            latency_reviews=latency_reviews,
            measuring_attempts=measuring_attempts,
            seed=seed,
            destination=Path(measurements.path),
        )
        for name, value in select_figures(Path(features.path), Path(measurements.path)).items():
            metrics.log_metric(name, value)
