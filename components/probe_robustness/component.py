"""The probe_robustness component: what noise does to the candidates on the front, and how they behave."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.EVALUATE, install_kfp_package=False)
def probe_robustness(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    measurements: dsl.Input[dsl.Dataset],
    floor: dsl.Input[dsl.Model],
    shelf: dsl.Input[dsl.Model],
    lstm: dsl.Input[dsl.Model],
    distilbert: dsl.Input[dsl.Model],
    robustness_reviews: int,
    seed: int,
    robustness: dsl.Output[dsl.Artifact],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Adds noise to select reviews at growing strength, and runs behavioural tests, for the candidates on the front.

    Args:
        features: Directory of features.
        plan: The plan, from define; holds the need.
        measurements: What evaluate measured.
        floor: Candidates of the floor step.
        shelf: Candidates that need no training.
        lstm: Candidates made from the LSTM.
        distilbert: Candidates made from DistilBERT.
        robustness_reviews: Reviews that noise is added to; 0 means that nothing is probed.
        seed: Of the decision's bootstrap, of the sample and of the noise.
        robustness: Quality against noise, and pass rates, as JSON.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("probe-robustness", usage):
        from components.probe_robustness.probing import probe_candidates
        from components.shared.records.robustness import write_robustness

        found = probe_candidates(
            features=Path(features.path),
            plan=Path(plan.path),
            measurements=Path(measurements.path),
            sources=[Path(floor.path), Path(shelf.path), Path(lstm.path), Path(distilbert.path)],
            reviews=robustness_reviews,
            seed=seed,
        )
        write_robustness(Path(robustness.path), found)
