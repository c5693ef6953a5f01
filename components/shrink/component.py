"""The shrink component: fewer layers, fewer heads and neurons, or fewer word pieces."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def shrink(
    model: str,
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    techniques: list[str],
    trained: dsl.Input[dsl.Model],
    trained_fingerprint: str,
    kept_layers: int,
    kept_head_share: float,
    kept_neuron_share: float,
    shrink_rows: int,
    shrink_epochs: int,
    shrink_learning_rate: float,
    soft_label_weight: float,
    minimum_piece_count: int,
    accuracy_floor: float,
    seed: int,
    candidates: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Builds every planned chain that ends in fewer layers, in fewer heads and neurons, or in a trimmed vocabulary.

    What is left of layers, heads and neurons trains on.

    Args:
        model: lstm or distilbert; only distilbert has such chains.
        features: Directory of features.
        plan: The plan, from define.
        techniques: Wanted chains, for the cache.
        trained: Candidates of the training step.
        trained_fingerprint: Fingerprint of trained, for the cache.
        kept_layers: Layers of the encoder that stay.
        kept_head_share: Share of the attention heads of each layer that stays.
        kept_neuron_share: Share of the neurons of each layer's feed-forward part that stays.
        shrink_rows: Train what stays on this many reviews, stratified; 0 means all.
        shrink_epochs: At most this many passes over them.
        shrink_learning_rate: Peak of Adam's schedule; 0 means what the model was trained with.
        soft_label_weight: Share of the whole model's probabilities in what is learnt; the rest is the label.
        minimum_piece_count: How often train has to use a word piece for the vocabulary to keep it.
        accuracy_floor: A candidate is a failure if its accuracy on tune is below this share of the float model's.
        seed: Seed of the choice of reviews, of shuffling and of dropout.
        candidates: Directory of candidates.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("shrink", usage, model):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.records.candidates import write_failures
        from components.shared.records.plan import read_plan

        destination = Path(candidates.path)
        if not read_plan(Path(plan.path)).chains_of(model, "shrink"):
            write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
            return directory_fingerprint(destination)

        from components.shrink.retraining import Retraining
        from components.shrink.shrinking import ShrinkSettings, shrink_candidates

        shrink_candidates(
            model=model,
            features=Path(features.path),
            plan=Path(plan.path),
            sources=[Path(trained.path)],
            settings=ShrinkSettings(
                kept_layers=kept_layers,
                kept_head_share=kept_head_share,
                kept_neuron_share=kept_neuron_share,
                minimum_piece_count=minimum_piece_count,
                retraining=Retraining(
                    rows=shrink_rows,
                    epochs=shrink_epochs,
                    learning_rate=shrink_learning_rate,
                    soft_label_weight=soft_label_weight,
                    seed=seed,
                ),
            ),
            accuracy_floor=accuracy_floor,
            destination=destination,
        )
        return directory_fingerprint(destination)
