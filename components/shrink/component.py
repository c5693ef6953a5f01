"""The shrink component: fewer layers, or fewer word pieces."""

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
    layers_rows: int,
    layers_epochs: int,
    layers_learning_rate: float,
    soft_label_weight: float,
    minimum_piece_count: int,
    accuracy_floor: float,
    seed: int,
    candidates: dsl.Output[dsl.Model],
) -> str:
    """Drops layers and trains the rest on, or trims the vocabulary, for every planned chain that ends so.

    Args:
        model: lstm or distilbert; only distilbert has such chains.
        features: Directory of features.
        plan: The plan, from define.
        techniques: Wanted chains, for the cache.
        trained: Candidates of the training step.
        trained_fingerprint: Fingerprint of trained, for the cache.
        kept_layers: Layers of the encoder that stay.
        layers_rows: Train what stays on this many reviews, stratified; 0 means all.
        layers_epochs: At most this many passes over them.
        layers_learning_rate: Peak of Adam's schedule; 0 means what the model was trained with.
        soft_label_weight: Share of the whole model's probabilities in what is learnt; the rest is the label.
        minimum_piece_count: How often train has to use a word piece for the vocabulary to keep it.
        accuracy_floor: A candidate is a failure if its accuracy on tune is below this share of the float model's.
        seed: Seed of the choice of reviews, of shuffling and of dropout.
        candidates: Directory of candidates.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.fingerprints import directory_fingerprint
    from components.shared.records.candidates import write_failures
    from components.shared.records.plan import read_plan

    destination = Path(candidates.path)
    if not read_plan(Path(plan.path)).chains_of(model, "shrink"):
        write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
        return directory_fingerprint(destination)

    from components.shrink.layers import LayersSettings
    from components.shrink.shrinking import shrink_candidates

    shrink_candidates(
        model=model,
        features=Path(features.path),
        plan=Path(plan.path),
        sources=[Path(trained.path)],
        layers=LayersSettings(
            kept_layers=kept_layers,
            rows=layers_rows,
            epochs=layers_epochs,
            learning_rate=layers_learning_rate,
            soft_label_weight=soft_label_weight,
            seed=seed,
        ),
        minimum_piece_count=minimum_piece_count,
        accuracy_floor=accuracy_floor,
        destination=destination,
    )
    return directory_fingerprint(destination)
