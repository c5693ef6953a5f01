"""The prune component: magnitude pruning."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def prune(
    model: str,
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    techniques: list[str],
    trained: dsl.Input[dsl.Model],
    trained_fingerprint: str,
    shrunk: dsl.Input[dsl.Model],
    shrunk_fingerprint: str,
    sparsity: float,
    pruning_schedule: str,
    pruned_layers: list[str],
    kept_in_float: list[str],
    accuracy_floor: float,
    rows: int,
    epochs: int,
    learning_rate: float,
    seed: int,
    candidates: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Prunes small weights while training on, for every planned chain that ends in pruning.

    Args:
        model: lstm or distilbert.
        features: Directory of features.
        plan: The plan, from define.
        techniques: Wanted chains, for the cache.
        trained: Candidates of the training step.
        trained_fingerprint: Fingerprint of trained, for the cache.
        shrunk: Candidates of the shrinking step.
        shrunk_fingerprint: Fingerprint of shrunk, for the cache.
        sparsity: Share of weights set to zero in the pruned layers.
        pruning_schedule: polynomial: sparsity rises while training on; constant: it is there from the first step.
        pruned_layers: Names and patterns of the layers to prune.
        kept_in_float: Names and patterns of layers that no technique may change.
        accuracy_floor: A candidate is a failure if its accuracy on tune is below this share of the float model's.
        rows: Train on this many reviews, stratified; 0 means all.
        epochs: Passes over them.
        learning_rate: Of Adam; 0 means a tenth of what the model was trained with.
        seed: Seed of shuffling.
        candidates: Directory of candidates.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("prune", usage, model):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.records.candidates import write_failures
        from components.shared.records.plan import read_plan

        destination = Path(candidates.path)
        if not read_plan(Path(plan.path)).wants(model):
            write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
            return directory_fingerprint(destination)

        from components.prune.pruning import PruningSettings, prune_candidates
        from components.shared.training.finetuning import Finetuning

        prune_candidates(
            model=model,
            features=Path(features.path),
            plan=Path(plan.path),
            sources=[Path(trained.path), Path(shrunk.path)],
            settings=PruningSettings(
                sparsity=sparsity, schedule=pruning_schedule, layers=pruned_layers, kept_in_float=kept_in_float
            ),
            finetuning=Finetuning(rows=rows, epochs=epochs, learning_rate=learning_rate, seed=seed),
            accuracy_floor=accuracy_floor,
            destination=destination,
        )
        return directory_fingerprint(destination)
