"""The scan_sensitivity component: which layers suffer from which technique."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def scan_sensitivity(
    model: str,
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    techniques: list[str],
    trained: dsl.Input[dsl.Model],
    trained_fingerprint: str,
    sensitivity_reviews: int,
    sparsity: float,
    clusters: int,
    sensitivity: dsl.Output[dsl.Artifact],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Quantises, prunes and clusters each part of a trained model alone, without training, and measures the loss.

    Args:
        model: lstm or distilbert.
        features: Directory of features.
        plan: The plan, from define.
        techniques: Wanted chains, for the cache.
        trained: Candidates of the training step.
        trained_fingerprint: Fingerprint of trained, for the cache.
        sensitivity_reviews: Reviews of tune to predict, stratified; 0 means that nothing is scanned.
        sparsity: Share of weights that pruning sets to zero.
        clusters: Number of distinct weights that clustering leaves.
        sensitivity: Directory with sensitivity.json, if anything was scanned.
        usage: What the step took.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("scan-sensitivity", usage, model):
        from components.shared.records.plan import read_plan

        destination = Path(sensitivity.path)
        destination.mkdir(parents=True, exist_ok=True)
        if not sensitivity_reviews or not read_plan(Path(plan.path)).optimises(model):
            return  # TensorFlow is not even loaded

        from components.scan_sensitivity.scanning import scan_model

        scan_model(
            model=model,
            features=Path(features.path),
            trained=Path(trained.path),
            reviews=sensitivity_reviews,
            sparsity=sparsity,
            clusters=clusters,
            destination=destination,
        )
