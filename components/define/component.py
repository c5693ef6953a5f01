"""The define component: stage 1, the use case and the plan."""

from typing import NamedTuple

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def define(
    need: str,
    labels: list[str],
    models: list[str],
    techniques: list[str],
    language: str,
    adapter: str,
    sampling: str,
    clean_steps: list[str],
    imbalance: str,
    sample_rows: int,
    minimum_text_share: float,
    longest_text: int,
    minimum_kept_share: float,
    near_duplicate_similarity: float,
    word_dropout: float,
    minimum_word_count: int,
    maximum_words: int,
    model: str,
    distilbert_base_model: str,
    pruned_layers: list[str],
    kept_in_float: list[str],
    embeddings: list[str],
    lstm_embedding_training: str,
    lstm_units: int,
    lstm_directions: int,
    lstm_dropout: float,
    lstm_embedding_dropout: float,
    lstm_epochs: int,
    lstm_patience: int,
    lstm_batch_size: int,
    lstm_learning_rate: float,
    lstm_technique_rows: int,
    lstm_technique_epochs: int,
    distilbert_max_length: int,
    distilbert_train_rows: int,
    distilbert_epochs: int,
    distilbert_patience: int,
    distilbert_batch_size: int,
    distilbert_learning_rate: float,
    distilbert_layer_decay: float,
    distilbert_frozen_layers: int,
    distilbert_warmup: float,
    distilbert_technique_rows: int,
    distilbert_technique_epochs: int,
    technique_learning_rate: float,
    kept_layers: int,
    kept_head_share: float,
    kept_neuron_share: float,
    shrink_rows: int,
    shrink_epochs: int,
    shrink_learning_rate: float,
    soft_label_weight: float,
    minimum_piece_count: int,
    sparsity: float,
    pruning_schedule: str,
    clusters: int,
    cluster_initialization: str,
    calibration_rows: int,
    qat_steps: int,
    qat_learning_rate: float,
    accuracy_floor: float,
    sensitivity_reviews: int,
    services: list[str],
    chat_model: str,
    service_maximum_calls: int,
    service_maximum_eur: float,
    latency_reviews: int,
    measuring_attempts: int,
    robustness_reviews: int,
    explained_reviews: int,
    override: str,
    override_by: str,
    override_reason: str,
    override_candidate: str,
    tune_minutes: int,
    data: str,
    data_sha256: str,
    encoding: str,
    delimiter: str,
    text_column: str,
    title_column: str,
    label_column: str,
    group_column: str,
    time_column: str,
    allow_columns: list[str],
    preserve_sparsity: bool,
    per_channel: bool,
    redact_reviews: bool,
    seed: int,
    plan: dsl.Output[dsl.Artifact],
    usage: dsl.Output[dsl.Metrics],
) -> NamedTuple("Fingerprints", [("code", str), ("model", str)]):  # type: ignore[valid-type]
    """Checks the need, the parameters and the wanted techniques before anything runs.

    Args:
        need: The need in YAML; empty means the clothing shop's.
        labels: Labels from worst to best; empty: the source's.
        models: Any of logistic, hashing, lstm, distilbert; empty: all, or with `model` the floors and it.
        techniques: Chains of techniques for the deep models, such as prune+dynamic.
        language: ISO 639-1 code of the reviews to keep.
        adapter: Checked to be known.
        sampling: Checked to be known.
        clean_steps: Checked to be known.
        imbalance: Checked to be known.
        sample_rows: Checked to be in its range.
        minimum_text_share: Checked to be in its range.
        longest_text: Checked to be in its range.
        minimum_kept_share: Checked to be in its range.
        near_duplicate_similarity: Checked to be in its range.
        word_dropout: Checked to be in its range.
        minimum_word_count: Checked to be in its range.
        maximum_words: Checked to be in its range.
        model: A model of one's own, checked and read; empty: none.
        distilbert_base_model: What DistilBERT starts from, read for its sizes.
        pruned_layers: Checked to name layers.
        kept_in_float: Checked to name layers.
        embeddings: The LSTM is trained with each of these word vectors.
        lstm_embedding_training: Checked to be known.
        lstm_units: Checked to be in its range.
        lstm_directions: Checked to be in its range.
        lstm_dropout: Checked to be in its range.
        lstm_embedding_dropout: Checked to be in its range.
        lstm_epochs: Checked to be in its range.
        lstm_patience: Checked to be in its range.
        lstm_batch_size: Checked to be in its range.
        lstm_learning_rate: Checked to be in its range.
        lstm_technique_rows: Checked to be in its range.
        lstm_technique_epochs: Checked to be in its range.
        distilbert_max_length: Checked to be in its range.
        distilbert_train_rows: Checked to be in its range.
        distilbert_epochs: Checked to be in its range.
        distilbert_patience: Checked to be in its range.
        distilbert_batch_size: Checked to be in its range.
        distilbert_learning_rate: Checked to be in its range.
        distilbert_layer_decay: Checked to be in its range.
        distilbert_frozen_layers: Checked to be in its range.
        distilbert_warmup: Checked to be in its range.
        distilbert_technique_rows: Checked to be in its range.
        distilbert_technique_epochs: Checked to be in its range.
        technique_learning_rate: Checked to be in its range.
        kept_layers: Checked to be in its range.
        kept_head_share: Checked to be in its range.
        kept_neuron_share: Checked to be in its range.
        shrink_rows: Checked to be in its range.
        shrink_epochs: Checked to be in its range.
        shrink_learning_rate: Checked to be in its range.
        soft_label_weight: Checked to be in its range.
        minimum_piece_count: Checked to be in its range.
        sparsity: Checked to be in its range.
        pruning_schedule: Checked to be known.
        clusters: Checked to be in its range.
        cluster_initialization: Checked to be known.
        calibration_rows: Checked to be in its range.
        qat_steps: Checked to be in its range.
        qat_learning_rate: Checked to be in its range.
        accuracy_floor: Checked to be in its range.
        sensitivity_reviews: Checked to be in its range.
        services: Checked to be known.
        chat_model: Checked to have a price.
        service_maximum_calls: Checked to be in its range.
        service_maximum_eur: Checked to be in its range.
        latency_reviews: Checked to be in its range.
        measuring_attempts: Checked to be in its range.
        robustness_reviews: Checked to be in its range.
        explained_reviews: Checked to be in its range.
        override: Checked to be deploy, refuse or empty.
        override_by: Checked to go with an override, and to be one short line.
        override_reason: Checked as override_by.
        override_candidate: Checked to go with override deploy.
        tune_minutes: Checked to be in its range.
        data: Kept in the plan, as all parameters are, to repeat the run.
        data_sha256: Kept in the plan, as all parameters are, to repeat the run.
        encoding: Kept in the plan, as all parameters are, to repeat the run.
        delimiter: Kept in the plan, as all parameters are, to repeat the run.
        text_column: Kept in the plan, as all parameters are, to repeat the run.
        title_column: Kept in the plan, as all parameters are, to repeat the run.
        label_column: Kept in the plan, as all parameters are, to repeat the run.
        group_column: Kept in the plan, as all parameters are, to repeat the run.
        time_column: Kept in the plan, as all parameters are, to repeat the run.
        allow_columns: Kept in the plan, as all parameters are, to repeat the run.
        preserve_sparsity: Kept in the plan, as all parameters are, to repeat the run.
        per_channel: Kept in the plan, as all parameters are, to repeat the run.
        redact_reviews: Kept in the plan, as all parameters are, to repeat the run.
        seed: Kept in the plan, as all parameters are, to repeat the run.
        plan: The need and the candidates to build, as JSON.
        usage: What the step took.

    Returns:
        The fingerprint of the code that runs, and that of the model of one's own, if there is one.
    """
    # First, while nothing but the step's own arguments has a name.
    given = {name: value for name, value in locals().items() if name not in ("plan", "usage")}

    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("define", usage):
        from components.define.parameters import record_parameters
        from components.define.preflight import plan_run
        from components.shared.files import write_text

        result = plan_run(given).model_copy(update={"parameters": record_parameters(given)})
        write_text(Path(plan.path), result.model_dump_json(indent=2))
        return (result.code_fingerprint, result.brought.fingerprint if result.brought else "")
