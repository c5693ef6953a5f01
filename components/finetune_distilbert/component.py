"""The finetune_distilbert component."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def finetune_distilbert(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    models: list[str],
    features_fingerprint: str,
    model_fingerprint: str,
    base_model: str,
    max_length: int,
    train_rows: int,
    epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    layer_decay: float,
    frozen_layers: int,
    warmup: float,
    training_state: str,
    tune_minutes: int,
    tuning: str,
    candidates: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Fine-tunes a DistilBERT, all classes weighing alike, with early stopping on tune macro-F1.

    A DistilBERT that the user brought is taken over instead, and not trained.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        models: Wanted models, for the cache.
        features_fingerprint: Fingerprint of the features, for the cache.
        model_fingerprint: Fingerprint of a model that the user brought, for the cache; empty without one.
        base_model: Empty means the packaged MiniLM as a DistilBERT; else a hub name, a path or a gs:// URI.
        max_length: Upper bound of the input length in word pieces; the 95 % quantile on train if that is less.
        train_rows: Train on this many reviews, stratified; 0 means all.
        epochs: At most this many passes.
        patience: Stop after this many epochs without a better tune macro-F1.
        batch_size: Reviews a step, grouped by length.
        learning_rate: Peak of Adam's schedule: warm-up, then linear decay.
        seed: Seed of the head's weights and of shuffling.
        layer_decay: The learning rate of each layer is that of the layer above times this; 1: one for all.
        frozen_layers: The embeddings and so many of the lowest layers keep their weights; 0: none does.
        warmup: Share of the steps in which the learning rate rises.
        training_state: Directory where training is saved to go on after a kill; empty means nowhere.
        tune_minutes: Time of the automatic search for all models together; 0: none.
        tuning: Directory where searches are stored, to go on there after a kill.
        candidates: Directory of candidates; empty if DistilBERT is not wanted.
        metrics: Training time, peak memory, cost, tune quality and curves.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("finetune-distilbert", usage):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.records.candidates import write_failures
        from components.shared.records.plan import read_plan

        destination, planned = Path(candidates.path), read_plan(Path(plan.path))
        if not planned.wants("distilbert"):
            write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
            return directory_fingerprint(destination)

        from components.finetune_distilbert.finetuning import DistilBertSettings, finetune
        from components.shared.tuning import Budget

        settings = DistilBertSettings(
            base_model=base_model,
            max_length=max_length,
            train_rows=train_rows,
            epochs=epochs,
            patience=patience,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            layer_decay=layer_decay,
            frozen_layers=frozen_layers,
            warmup=warmup,
            training_state=training_state,
        )
        if brought := planned.brought_model("distilbert"):
            from components.finetune_distilbert.importing import import_distilbert

            figures = import_distilbert(Path(features.path), Path(plan.path), brought, settings, destination)
            for name, value in figures.items():
                metrics.log_metric(name, value)
            return directory_fingerprint(destination)

        budget = Budget(tune_minutes, Path(tuning)) if tune_minutes else None
        for name, value in finetune(Path(features.path), Path(plan.path), settings, destination, budget).items():
            metrics.log_metric(name, value)
        return directory_fingerprint(destination)
