"""The quantize component: after training, or while training on."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def quantize(
    model: str,
    aware: bool,
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    techniques: list[str],
    trained: dsl.Input[dsl.Model],
    trained_fingerprint: str,
    shrunk: dsl.Input[dsl.Model],
    shrunk_fingerprint: str,
    pruned: dsl.Input[dsl.Model],
    pruned_fingerprint: str,
    clustered: dsl.Input[dsl.Model],
    clustered_fingerprint: str,
    calibration_rows: int,
    per_channel: bool,
    qat_steps: int,
    qat_learning_rate: float,
    kept_in_float: list[str],
    accuracy_floor: float,
    rows: int,
    epochs: int,
    learning_rate: float,
    seed: int,
    candidates: dsl.Output[dsl.Model],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Quantises for every planned chain that ends in quantisation.

    Args:
        model: lstm or distilbert.
        aware: Build the quantisation-aware chains, which train; otherwise the post-training ones.
        features: Directory of features.
        plan: The plan, from define.
        techniques: Wanted chains, for the cache.
        trained: Candidates of the training step.
        trained_fingerprint: Fingerprint of trained, for the cache.
        shrunk: Candidates of the shrinking step.
        shrunk_fingerprint: Fingerprint of shrunk, for the cache.
        pruned: Candidates of the pruning step.
        pruned_fingerprint: Fingerprint of pruned, for the cache.
        clustered: Candidates of the clustering step.
        clustered_fingerprint: Fingerprint of clustered, for the cache.
        calibration_rows: Reviews of train that calibrate full int8.
        per_channel: Each output channel of a matrix has a scale of its own; otherwise each matrix has one.
        qat_steps: Quantisation-aware: train so many steps, about; 0 means by rows and epochs.
        qat_learning_rate: Quantisation-aware: of Adam; 0 means learning_rate.
        kept_in_float: Names and patterns of layers that no technique may change.
        accuracy_floor: A candidate is a failure if its accuracy on tune is below this share of the float model's.
        rows: Quantisation-aware: train on this many reviews, stratified; 0 means all.
        epochs: Quantisation-aware: passes over them.
        learning_rate: Of Adam; 0 means a tenth of what the model was trained with.
        seed: Seed of shuffling and of the choice of calibration reviews.
        candidates: Directory of candidates.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("quantize-aware" if aware else "quantize", usage, model):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.records.candidates import write_failures
        from components.shared.records.plan import read_plan

        destination = Path(candidates.path)
        if not read_plan(Path(plan.path)).wants(model):
            write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
            return directory_fingerprint(destination)

        from components.quantize.quantization import QuantizationSettings, quantize_candidates
        from components.shared.training.finetuning import Finetuning

        quantize_candidates(
            model=model,
            aware=aware,
            features=Path(features.path),
            plan=Path(plan.path),
            sources=[Path(trained.path), Path(shrunk.path), Path(pruned.path), Path(clustered.path)],
            settings=QuantizationSettings(
                calibration_rows=calibration_rows,
                per_channel=per_channel,
                kept_in_float=kept_in_float,
                aware_steps=qat_steps,
            ),
            finetuning=Finetuning(
                rows=rows, epochs=epochs, learning_rate=qat_learning_rate or learning_rate, seed=seed
            ),
            accuracy_floor=accuracy_floor,
            destination=destination,
        )
        return directory_fingerprint(destination)
