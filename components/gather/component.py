"""The gather component: the bundles of one model in one directory."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def gather(
    trained: dsl.Input[dsl.Model],
    shrunk: dsl.Input[dsl.Model],
    pruned: dsl.Input[dsl.Model],
    clustered: dsl.Input[dsl.Model],
    quantized: dsl.Input[dsl.Model],
    quantized_aware: dsl.Input[dsl.Model],
    sensitivity: dsl.Input[dsl.Artifact],
    bundles: dsl.Output[dsl.Model],
) -> None:
    """Puts the bundles of a model and of its optimised versions into one directory, without checkpoints.

    Args:
        trained: Candidates of the training step.
        shrunk: Candidates of the shrinking step.
        pruned: Candidates of the pruning step.
        clustered: Candidates of the clustering step.
        quantized: Candidates quantised after training.
        quantized_aware: Candidates of quantisation-aware training.
        sensitivity: What the scan of the model found.
        bundles: Directory of candidates.
    """
    from pathlib import Path

    from components.shared.records import candidates

    sources = [trained, shrunk, pruned, clustered, quantized, quantized_aware, sensitivity]
    candidates.gather([Path(source.path) for source in sources], Path(bundles.path))
