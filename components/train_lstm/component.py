"""The train_lstm component."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.TRAIN, install_kfp_package=False)
def train_lstm(
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    models: list[str],
    features_fingerprint: str,
    model_fingerprint: str,
    embedding_training: str,
    units: int,
    directions: int,
    dropout: float,
    embedding_dropout: float,
    epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    training_state: str,
    tune_minutes: int,
    tuning: str,
    candidates: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Trains an LSTM on each kind of word vectors, with class weights and early stopping on tune macro-F1.

    An LSTM that the user brought is taken over instead, and not trained.

    Args:
        features: Directory of features.
        plan: The plan, from define.
        models: Wanted models, for the cache.
        features_fingerprint: Fingerprint of the features, for the cache.
        model_fingerprint: Fingerprint of a model that the user brought, for the cache; empty without one.
        embedding_training: Word vectors stay frozen, are fine-tuned, or both: one LSTM each.
        units: Size of the LSTM, of each direction.
        directions: 1 reads forwards; 2 reads backwards as well.
        dropout: Share of the LSTM's output left out while training.
        embedding_dropout: Share of the word vectors' dimensions left out while training.
        epochs: At most this many passes over train.
        patience: Stop after this many epochs without a better tune macro-F1.
        batch_size: Reviews a step.
        learning_rate: Of Adam.
        seed: Seed of weights and shuffling.
        training_state: Directory where training is saved to go on after a kill; empty means nowhere.
        tune_minutes: Time of the automatic search for all models together; 0: none.
        tuning: Directory where searches are stored, to go on there after a kill.
        candidates: Directory of candidates; empty if the LSTM is not wanted. The best on tune is "lstm".
        metrics: Training time, peak memory, cost and curves of the best, and tune quality of each.
        usage: What the step took.

    Returns:
        The fingerprint of what was written, which cached steps after this one take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("train-lstm", usage):
        from components.shared.fingerprints import directory_fingerprint
        from components.shared.records.candidates import write_failures
        from components.shared.records.plan import read_plan

        destination, planned = Path(candidates.path), read_plan(Path(plan.path))
        if not planned.wants("lstm"):
            write_failures(destination, {})  # no candidates, and TensorFlow is not even loaded
            return directory_fingerprint(destination)

        if brought := planned.brought_model("lstm"):
            from components.train_lstm.importing import import_lstm

            figures = import_lstm(
                Path(features.path), Path(plan.path), brought, learning_rate, batch_size, destination
            )
            for name, value in figures.items():
                metrics.log_metric(name, value)
            return directory_fingerprint(destination)

        from components.shared.tuning import Budget
        from components.train_lstm.training import LstmSettings, train

        settings = LstmSettings(
            embedding_training=embedding_training,
            units=units,
            directions=directions,
            dropout=dropout,
            embedding_dropout=embedding_dropout,
            epochs=epochs,
            patience=patience,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            training_state=training_state,
        )
        budget = Budget(tune_minutes, Path(tuning)) if tune_minutes else None
        for name, value in train(Path(features.path), Path(plan.path), settings, destination, budget).items():
            metrics.log_metric(name, value)
        return directory_fingerprint(destination)
