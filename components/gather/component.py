"""The gather component: the bundles of one model in one directory."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def gather(
    model: str,
    trained: dsl.Input[dsl.Model],
    shrunk: dsl.Input[dsl.Model],
    pruned: dsl.Input[dsl.Model],
    clustered: dsl.Input[dsl.Model],
    quantized: dsl.Input[dsl.Model],
    quantized_aware: dsl.Input[dsl.Model],
    sensitivity: dsl.Input[dsl.Artifact],
    shrink_usage: dsl.Input[dsl.Metrics],
    prune_usage: dsl.Input[dsl.Metrics],
    cluster_usage: dsl.Input[dsl.Metrics],
    quantize_usage: dsl.Input[dsl.Metrics],
    quantize_aware_usage: dsl.Input[dsl.Metrics],
    scan_sensitivity_usage: dsl.Input[dsl.Metrics],
    bundles: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> None:
    """Puts the bundles of a model and of its optimised versions into one directory, without checkpoints.

    Args:
        model: lstm or distilbert.
        trained: Candidates of the training step.
        shrunk: Candidates of the shrinking step.
        pruned: Candidates of the pruning step.
        clustered: Candidates of the clustering step.
        quantized: Candidates quantised after training.
        quantized_aware: Candidates of quantisation-aware training.
        sensitivity: What the scan of the model found.
        shrink_usage: What that step took.
        prune_usage: What that step took.
        cluster_usage: What that step took.
        quantize_usage: What that step took.
        quantize_aware_usage: What that step took.
        scan_sensitivity_usage: What that step took.
        bundles: Directory of candidates.
        usage: What all these steps took, and this one.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    took = [shrink_usage, prune_usage, cluster_usage, quantize_usage, quantize_aware_usage, scan_sensitivity_usage]
    with metered("gather", usage, model, earlier=[Path(one.path) for one in took]):
        from components.shared.records import candidates

        sources = [trained, shrunk, pruned, clustered, quantized, quantized_aware, sensitivity]
        candidates.gather([Path(source.path) for source in sources], Path(bundles.path))
