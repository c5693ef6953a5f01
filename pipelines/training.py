"""The training pipeline: from customer reviews to a deployed, optimised sentiment classifier.

 1. define             the use case: need, parameters and techniques are checked before anything runs
 2. ingest             a table of reviews, from a file, a URI or the built-in generator
 3. explore            pictures of the data as it came
 4. clean              duplicates, links, mark-up, other languages go; fits nothing
 5. engineer_features  splits and the leak guard, then vocabulary, sequences and word vectors, fitted on train
 6. train_floor        majority class and logistic regression on TF-IDF and hashed terms, the level to beat
    off_the_shelf      VADER, and paid services if they are named: what needs no training
 7. train_lstm         an LSTM on each kind of word vectors
 8. finetune_distilbert
 9. optimise           for each of the two: shrink, prune, cluster, quantize (after training and aware)
10. evaluate           every candidate, one after the other, alone on the target's processor
    probe_robustness   noise and behavioural tests, for the candidates on the front
11. compare            the cheapest candidate that is good enough for the need
12. the gate           deploy, or record why nothing was deployed
"""

from typing import Any, NamedTuple

from kfp import dsl

from components import images
from components.clean.component import clean
from components.cluster.component import cluster
from components.compare.component import compare
from components.define.component import define
from components.deploy.component import deploy
from components.engineer_features.component import engineer_features
from components.evaluate.component import evaluate
from components.explore.component import explore
from components.finetune_distilbert.component import finetune_distilbert
from components.gather.component import gather
from components.ingest.component import ingest
from components.off_the_shelf.component import off_the_shelf
from components.probe_robustness.component import probe_robustness
from components.prune.component import prune
from components.quantize.component import quantize
from components.record_refusal.component import record_refusal
from components.scan_sensitivity.component import scan_sensitivity
from components.shrink.component import shrink
from components.train_floor.component import train_floor
from components.train_lstm.component import train_lstm
from pipelines.placement import MODEL_STORE_MOUNT, GpuNodes, place


class Results(NamedTuple):
    """What a run is for."""

    report: dsl.HTML
    model_card: dsl.Markdown
    candidates: dsl.Dataset
    slices: dsl.Dataset
    decision: dsl.Artifact
    winner: dsl.Model


class Optimised(NamedTuple):
    """What optimising one model hands on."""

    bundles: dsl.Model
    usage: dsl.Metrics


@dsl.pipeline(name="optimise")
def optimise(
    model: str,
    features: dsl.Input[dsl.Dataset],
    plan: dsl.Input[dsl.Artifact],
    trained: dsl.Input[dsl.Model],
    trained_fingerprint: str,
    techniques: list[str],
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
    pruned_layers: list[str],
    clusters: int,
    cluster_initialization: str,
    preserve_sparsity: bool,
    calibration_rows: int,
    per_channel: bool,
    qat_steps: int,
    qat_learning_rate: float,
    kept_in_float: list[str],
    accuracy_floor: float,
    sensitivity_reviews: int,
    rows: int,
    epochs: int,
    learning_rate: float,
    seed: int,
    gpu_type: str,
    gpu_count: int,
    gpu_node_selector: dict,
    gpu_toleration: dict,
) -> Optimised:
    """Optimises one trained model: every planned chain of shrinking, pruning, clustering and quantisation."""
    gpu = GpuNodes(gpu_type, gpu_count, gpu_node_selector, gpu_toleration)
    given = {"model": model, "features": features, "plan": plan, "techniques": techniques}
    parents = {"trained": trained, "trained_fingerprint": trained_fingerprint}
    training: dict[str, Any] = {"rows": rows, "epochs": epochs, "learning_rate": learning_rate, "seed": seed}

    shrunk = shrink(
        **given,
        **parents,
        kept_layers=kept_layers,
        kept_head_share=kept_head_share,
        kept_neuron_share=kept_neuron_share,
        shrink_rows=shrink_rows,
        shrink_epochs=shrink_epochs,
        shrink_learning_rate=shrink_learning_rate,
        soft_label_weight=soft_label_weight,
        minimum_piece_count=minimum_piece_count,
        accuracy_floor=accuracy_floor,
        seed=seed,
    )
    place(shrunk, "shrink", gpu)
    parents |= {"shrunk": shrunk.outputs["candidates"], "shrunk_fingerprint": shrunk.outputs["Output"]}

    training |= {"kept_in_float": kept_in_float, "accuracy_floor": accuracy_floor}

    pruned = prune(
        **given,
        **parents,
        sparsity=sparsity,
        pruning_schedule=pruning_schedule,
        pruned_layers=pruned_layers,
        **training,
    )
    place(pruned, "prune", gpu)
    parents |= {"pruned": pruned.outputs["candidates"], "pruned_fingerprint": pruned.outputs["Output"]}

    clustered = cluster(
        **given,
        **parents,
        clusters=clusters,
        cluster_initialization=cluster_initialization,
        preserve_sparsity=preserve_sparsity,
        **training,
    )
    place(clustered, "cluster", gpu)
    parents |= {"clustered": clustered.outputs["candidates"], "clustered_fingerprint": clustered.outputs["Output"]}

    quantization = {
        "calibration_rows": calibration_rows,
        "per_channel": per_channel,
        "qat_steps": qat_steps,
        "qat_learning_rate": qat_learning_rate,
    }
    quantized = quantize(**given, **parents, aware=False, **quantization, **training)
    place(quantized, "quantize")

    quantized_aware = quantize(**given, **parents, aware=True, **quantization, **training)
    place(quantized_aware.set_display_name("quantize-aware"), "quantize-aware", gpu)

    scanned = scan_sensitivity(
        **given,
        trained=trained,
        trained_fingerprint=trained_fingerprint,
        sensitivity_reviews=sensitivity_reviews,
        sparsity=sparsity,
        clusters=clusters,
    )
    place(scanned, "scan-sensitivity")

    gathered = gather(
        model=model,
        trained=trained,
        shrunk=shrunk.outputs["candidates"],
        pruned=pruned.outputs["candidates"],
        clustered=clustered.outputs["candidates"],
        quantized=quantized.outputs["candidates"],
        quantized_aware=quantized_aware.outputs["candidates"],
        sensitivity=scanned.outputs["sensitivity"],
        shrink_usage=shrunk.outputs["usage"],
        prune_usage=pruned.outputs["usage"],
        cluster_usage=clustered.outputs["usage"],
        quantize_usage=quantized.outputs["usage"],
        quantize_aware_usage=quantized_aware.outputs["usage"],
        scan_sensitivity_usage=scanned.outputs["usage"],
    )
    place(gathered, "gather")
    return Optimised(bundles=gathered.outputs["bundles"], usage=gathered.outputs["usage"])


@dsl.pipeline(
    name="sentiment-training", description="From customer reviews to the cheapest model that is good enough"
)
def training_pipeline(
    data: str = "",
    data_sha256: str = "",
    encoding: str = "",
    delimiter: str = "",
    adapter: str = "",
    text_column: str = "",
    title_column: str = "",
    label_column: str = "",
    labels: list[str] = [],  # noqa: B006 - KFP writes defaults into the YAML
    group_column: str = "",
    time_column: str = "",
    language: str = "en",
    sample_rows: int = 0,
    sampling: str = "stratified",
    clean_steps: list[str] = ["encoding", "html", "links", "controls", "emoji", "stop-words"],  # noqa: B006
    minimum_text_share: float = 0.9,
    longest_text: int = 10000,
    minimum_kept_share: float = 0.5,
    allow_columns: list[str] = [],  # noqa: B006
    near_duplicate_similarity: float = 0.8,
    imbalance: str = "weights",
    word_dropout: float = 0.0,
    need: str = "",
    model: str = "",
    models: list[str] = [],  # noqa: B006
    techniques: list[str] = [  # noqa: B006
        "dynamic",
        "float16",
        "int8",
        "qat",
        "prune",
        "cluster",
        "prune+dynamic",
        "cluster+dynamic",
        "prune+cluster+dynamic",
        "trim+dynamic",
        "layers+dynamic",
        "layers+trim+dynamic",
        "width+trim+dynamic",
        "layers+width+trim+dynamic",
    ],
    seed: int = 42,
    tune_minutes: int = 0,
    tuning: str = f"{MODEL_STORE_MOUNT}/tuning",
    embeddings: list[str] = ["glove-6b-50d"],  # noqa: B006
    minimum_word_count: int = 3,
    maximum_words: int = 20000,
    lstm_embedding_training: str = "fine-tuned",
    lstm_units: int = 64,
    lstm_directions: int = 2,
    lstm_dropout: float = 0.5,
    lstm_embedding_dropout: float = 0.3,
    lstm_epochs: int = 30,
    lstm_patience: int = 5,
    lstm_batch_size: int = 64,
    lstm_learning_rate: float = 0.001,
    lstm_technique_rows: int = 0,
    lstm_technique_epochs: int = 3,
    distilbert_base_model: str = "",
    distilbert_max_length: int = 128,
    distilbert_train_rows: int = 0,
    distilbert_epochs: int = 3,
    distilbert_patience: int = 2,
    distilbert_batch_size: int = 32,
    distilbert_learning_rate: float = 8e-5,
    distilbert_layer_decay: float = 1.0,
    distilbert_frozen_layers: int = 0,
    distilbert_warmup: float = 0.1,
    distilbert_technique_rows: int = 4000,
    distilbert_technique_epochs: int = 1,
    technique_learning_rate: float = 0.0,
    kept_layers: int = 3,
    kept_head_share: float = 0.5,
    kept_neuron_share: float = 0.33,
    shrink_rows: int = 0,
    shrink_epochs: int = 3,
    shrink_learning_rate: float = 0.0,
    soft_label_weight: float = 0.5,
    minimum_piece_count: int = 3,
    sparsity: float = 0.5,
    pruning_schedule: str = "polynomial",
    pruned_layers: list[str] = ["*"],  # noqa: B006
    clusters: int = 32,
    cluster_initialization: str = "kmeans++",
    preserve_sparsity: bool = True,
    calibration_rows: int = 200,
    per_channel: bool = True,
    qat_steps: int = 0,
    qat_learning_rate: float = 0.0,
    kept_in_float: list[str] = [],  # noqa: B006
    accuracy_floor: float = 0.8,
    sensitivity_reviews: int = 100,
    training_state: str = f"{MODEL_STORE_MOUNT}/training_state",
    services: list[str] = ["vader"],  # noqa: B006
    chat_model: str = "gpt-4.1-nano",
    service_maximum_calls: int = 1000,
    service_maximum_eur: float = 2.0,
    answers: str = f"{MODEL_STORE_MOUNT}/answers",
    latency_reviews: int = 200,
    measuring_attempts: int = 3,
    robustness_reviews: int = 300,
    explained_reviews: int = 100,
    redact_reviews: bool = False,
    override: str = "",
    override_by: str = "",
    override_reason: str = "",
    override_candidate: str = "",
    deploy_target: str = "kubernetes",
    model_store: str = MODEL_STORE_MOUNT,
    store_claim: str = "sentiment-model-store",
    key_secret: str = "sentiment-service-keys",
    namespace: str = "kubeflow",
    serve_image: str = images.SERVE,
    gpu_type: str = "nvidia.com/gpu",
    gpu_count: int = 1,
    gpu_node_selector: dict = {"nvidia.com/gpu.present": "true"},  # noqa: B006
    gpu_toleration: dict = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},  # noqa: B006
) -> Results:
    """Takes reviews to compared candidates, a decision and, if the gate opens, a deployed model.

    Args:
        data: Reviews: a file, folder or glob, an https:// or gs:// URI of CSV, TSV, JSON lines or Parquet, perhaps
            in a gzip or zip; empty: a generated sample.
        data_sha256: Expected SHA-256 of the file; required for https://.
        encoding: Of CSV, TSV and JSON lines, such as latin-1; empty: detected.
        delimiter: Of CSV; empty: detected.
        adapter: How columns are understood: clothing, sentiment140, or auto, which needs label_column only; empty: by
            the columns.
        text_column: Column of the review text; empty: the adapter's.
        title_column: Column of the review title; empty: the adapter's; none: there is none.
        label_column: Column of the label; empty: the adapter's.
        labels: Labels from worst to best; empty: the adapter's.
        group_column: Column whose rows must share a split, such as a user; empty: the adapter's; none: there is none.
        time_column: Column to split by time: train on the oldest, test on the newest; empty: not by time.
        language: ISO 639-1 code of the reviews to keep.
        sample_rows: Keep this many rows; 0 keeps all.
        sampling: How sample_rows are chosen: stratified (by label) or reservoir.
        clean_steps: Which of encoding, html, links, controls, emoji, stop-words and lemmas to take.
        minimum_text_share: Expected share of reviews with a text.
        longest_text: Expected most characters of a text.
        minimum_kept_share: Expected share of reviews that cleaning keeps.
        allow_columns: Columns that may stay although they give the label away.
        near_duplicate_similarity: Reviews that share this part of their words never sit in two splits; 1: copies.
        imbalance: What training does about rare classes: weights, oversample, undersample or none.
        word_dropout: Share of words that training leaves out at random, anew in every epoch.
        need: The need, as YAML text; empty: the clothing shop's.
        model: A model of your own, to optimise instead of training one: a directory, a .keras or .h5 file of an LSTM,
            or a gs:// URI; empty: none.
        models: Which of logistic, hashing, lstm and distilbert to train; empty: all, or with a model of your own the
            first two.
        techniques: Chains of techniques for lstm and distilbert, such as prune+dynamic.
        seed: Seed of sampling, weights and shuffling; splits do not depend on it.
        tune_minutes: Search so long for the best hyperparameters of all models together; 0: take those below.
        tuning: Directory where searches are stored, to go on there after a kill or with more minutes.
        embeddings: Word vectors; an LSTM is trained with each. Any of glove-6b-50d (packaged), random, word2vec and
            fasttext (fitted on train), files and gs:// URIs.
        minimum_word_count: Rarer words are left out of the LSTM's vocabulary.
        maximum_words: At most this many words, the most frequent.
        lstm_embedding_training: Word vectors stay frozen, are fine-tuned, or both: one LSTM each.
        lstm_units: Size of the LSTM, of each direction.
        lstm_directions: 1: it reads forwards; 2: backwards as well.
        lstm_dropout: Share of the LSTM's output left out while training.
        lstm_embedding_dropout: Share of the word vectors' dimensions left out while training.
        lstm_epochs: At most this many passes over train.
        lstm_patience: Stop after this many epochs without a better tune macro-F1.
        lstm_batch_size: Reviews a training step.
        lstm_learning_rate: Of Adam.
        lstm_technique_rows: Reviews that a technique trains the LSTM on; 0 means all.
        lstm_technique_epochs: Passes over them.
        distilbert_base_model: Empty for the packaged MiniLM as a DistilBERT; else a hub name, path or gs:// URI.
        distilbert_max_length: Upper bound of the input length in word pieces.
        distilbert_train_rows: Fine-tune on this many reviews; 0 means all.
        distilbert_epochs: At most this many passes.
        distilbert_patience: Stop after this many epochs without a better tune macro-F1.
        distilbert_batch_size: Reviews a training step.
        distilbert_learning_rate: Peak of Adam's schedule.
        distilbert_layer_decay: The learning rate of each layer is that of the layer above times this; 1: one for all.
        distilbert_frozen_layers: The embeddings and so many of the lowest layers keep their weights; 0: none does.
        distilbert_warmup: Share of the steps in which the learning rate rises, before it falls to 0.
        distilbert_technique_rows: Reviews that a technique trains DistilBERT on; 0 means all.
        distilbert_technique_epochs: Passes over them.
        technique_learning_rate: Of Adam while a technique trains on; 0: a tenth of the model's own.
        kept_layers: Layers of DistilBERT's encoder that the technique layers keeps.
        kept_head_share: Share of the attention heads of each layer that the technique width keeps.
        kept_neuron_share: Share of the neurons of each layer's feed-forward part that it keeps.
        shrink_rows: Train what these two keep on this many reviews; 0 means all.
        shrink_epochs: At most this many passes over them.
        shrink_learning_rate: Peak of Adam's schedule; 0: the model's own.
        soft_label_weight: Share of the whole model's probabilities in what is learnt; the rest is the label.
        minimum_piece_count: The technique trim keeps word pieces that train uses this often.
        sparsity: Share of weights that pruning sets to zero.
        pruning_schedule: polynomial: sparsity rises while training on; constant: it is there from the first step.
        pruned_layers: Names and patterns of the layers to prune, such as transformer.layer.*.ffn.lin1.
        clusters: Number of distinct weights that clustering leaves in a matrix.
        cluster_initialization: How the first values are chosen: kmeans++, linear, density-based or random.
        preserve_sparsity: Whether clustering leaves the zeros of a pruned model alone.
        calibration_rows: Reviews that calibrate full int8 quantisation.
        per_channel: Quantisation: each output channel of a matrix has a scale of its own; otherwise each matrix.
        qat_steps: Steps of quantisation-aware training, about; 0: by the technique's rows and epochs.
        qat_learning_rate: Of Adam in quantisation-aware training; 0: as technique_learning_rate says.
        kept_in_float: Names and patterns of layers that no technique may change, such as classifier.
        accuracy_floor: A technique has failed if accuracy on tune is below this share of the float model's.
        sensitivity_reviews: Each layer is quantised, pruned and clustered alone, and what so many reviews lose by it
            is measured; 0: not at all.
        training_state: Directory where training is saved, to go on there after a kill; empty: nowhere.
        services: Which of vader, azure-language and chat to compare with. The last two cost money and get to read
            reviews: they are called only if they are named here and their keys are in the environment.
        chat_model: Name of the chat model.
        service_maximum_calls: Calls that all paid services may get, for as long as their answers are kept.
        service_maximum_eur: Euros that all paid services may cost, for as long as their answers are kept.
        answers: Directory where the answers of paid services and the ledger of calls are kept.
        latency_reviews: Reviews timed one by one.
        measuring_attempts: How often a candidate is measured at most, again while the machine is busy; 1: once only.
        robustness_reviews: Noise is added to so many reviews, and what the best candidates make of it is measured; 0:
            not at all.
        explained_reviews: The words that the chosen model goes by are looked for in so many reviews; 0: not at all.
        redact_reviews: Whether the report shows no text of a review.
        override: deploy or refuse, whatever the verdict, with a name and a reason; empty: the verdict stands.
        override_by: Who overrides; stands in the decision, the report and the deployed object's annotations.
        override_reason: Why, in one line; stands there too.
        override_candidate: What override deploy deploys; empty: what was chosen.
        deploy_target: kubernetes, or local: publish, serve here, predict once, stop.
        model_store: Directory of the versioned model store.
        store_claim: Persistent volume claim that holds the model store.
        key_secret: Secret with the keys and endpoints of paid services; it need not exist.
        namespace: Kubernetes namespace of the prediction server.
        serve_image: Image of the prediction server.
        gpu_type: Resource name of the accelerator.
        gpu_count: Accelerators a task; 0 on a cluster without GPUs.
        gpu_node_selector: Labels of the GPU nodes; {} on a cluster without GPUs.
        gpu_toleration: Toleration of the GPU nodes' taint.

    Returns:
        The report, the candidates' table, the decision and the winner's bundle.
    """
    gpu = GpuNodes(gpu_type, gpu_count, gpu_node_selector, gpu_toleration)

    # 1. The use case and the plan.
    defined = define(
        need=need,
        labels=labels,
        models=models,
        techniques=techniques,
        language=language,
        adapter=adapter,
        sampling=sampling,
        clean_steps=clean_steps,
        imbalance=imbalance,
        sample_rows=sample_rows,
        minimum_text_share=minimum_text_share,
        longest_text=longest_text,
        minimum_kept_share=minimum_kept_share,
        near_duplicate_similarity=near_duplicate_similarity,
        word_dropout=word_dropout,
        minimum_word_count=minimum_word_count,
        maximum_words=maximum_words,
        model=model,
        distilbert_base_model=distilbert_base_model,
        pruned_layers=pruned_layers,
        kept_in_float=kept_in_float,
        embeddings=embeddings,
        lstm_embedding_training=lstm_embedding_training,
        lstm_units=lstm_units,
        lstm_directions=lstm_directions,
        lstm_dropout=lstm_dropout,
        lstm_embedding_dropout=lstm_embedding_dropout,
        lstm_epochs=lstm_epochs,
        lstm_patience=lstm_patience,
        lstm_batch_size=lstm_batch_size,
        lstm_learning_rate=lstm_learning_rate,
        lstm_technique_rows=lstm_technique_rows,
        lstm_technique_epochs=lstm_technique_epochs,
        distilbert_max_length=distilbert_max_length,
        distilbert_train_rows=distilbert_train_rows,
        distilbert_epochs=distilbert_epochs,
        distilbert_patience=distilbert_patience,
        distilbert_batch_size=distilbert_batch_size,
        distilbert_learning_rate=distilbert_learning_rate,
        distilbert_layer_decay=distilbert_layer_decay,
        distilbert_frozen_layers=distilbert_frozen_layers,
        distilbert_warmup=distilbert_warmup,
        distilbert_technique_rows=distilbert_technique_rows,
        distilbert_technique_epochs=distilbert_technique_epochs,
        technique_learning_rate=technique_learning_rate,
        kept_layers=kept_layers,
        kept_head_share=kept_head_share,
        kept_neuron_share=kept_neuron_share,
        shrink_rows=shrink_rows,
        shrink_epochs=shrink_epochs,
        shrink_learning_rate=shrink_learning_rate,
        soft_label_weight=soft_label_weight,
        minimum_piece_count=minimum_piece_count,
        sparsity=sparsity,
        pruning_schedule=pruning_schedule,
        clusters=clusters,
        cluster_initialization=cluster_initialization,
        calibration_rows=calibration_rows,
        qat_steps=qat_steps,
        qat_learning_rate=qat_learning_rate,
        accuracy_floor=accuracy_floor,
        sensitivity_reviews=sensitivity_reviews,
        services=services,
        chat_model=chat_model,
        service_maximum_calls=service_maximum_calls,
        service_maximum_eur=service_maximum_eur,
        latency_reviews=latency_reviews,
        measuring_attempts=measuring_attempts,
        robustness_reviews=robustness_reviews,
        explained_reviews=explained_reviews,
        override=override,
        override_by=override_by,
        override_reason=override_reason,
        override_candidate=override_candidate,
        tune_minutes=tune_minutes,
        data=data,
        data_sha256=data_sha256,
        encoding=encoding,
        delimiter=delimiter,
        text_column=text_column,
        title_column=title_column,
        label_column=label_column,
        group_column=group_column,
        time_column=time_column,
        allow_columns=allow_columns,
        preserve_sparsity=preserve_sparsity,
        per_channel=per_channel,
        redact_reviews=redact_reviews,
        seed=seed,
    )
    place(defined, "define")
    plan, code = defined.outputs["plan"], defined.outputs["code"]

    # 2. Reviews, from wherever they are.
    ingested = ingest(
        data=data,
        data_sha256=data_sha256,
        encoding=encoding,
        delimiter=delimiter,
        adapter=adapter,
        text_column=text_column,
        title_column=title_column,
        label_column=label_column,
        labels=labels,
        group_column=group_column,
        time_column=time_column,
        sample_rows=sample_rows,
        sampling=sampling,
        seed=seed,
        code_fingerprint=code,
    )
    place(ingested, "ingest")
    fingerprints = {"data_fingerprint": ingested.outputs["Output"], "code_fingerprint": code}

    # 3. The data as it came.
    explored = explore(reviews=ingested.outputs["reviews"], language=language, seed=seed, **fingerprints)
    place(explored, "explore")

    # 4. What models should not see goes.
    cleaned = clean(
        reviews=ingested.outputs["reviews"],
        language=language,
        clean_steps=clean_steps,
        minimum_text_share=minimum_text_share,
        longest_text=longest_text,
        minimum_kept_share=minimum_kept_share,
        **fingerprints,
    )
    place(cleaned, "clean")

    # 5. Splits, the leak guard, then everything that is fitted.
    engineered = engineer_features(
        reviews=cleaned.outputs["cleaned"],
        language=language,
        clean_steps=clean_steps,
        allow_columns=allow_columns,
        near_duplicate_similarity=near_duplicate_similarity,
        imbalance=imbalance,
        word_dropout=word_dropout,
        embeddings=embeddings,
        minimum_word_count=minimum_word_count,
        maximum_words=maximum_words,
        seed=seed,
        **fingerprints,
    )
    place(engineered, "engineer-features")
    given = {"features": engineered.outputs["features"], "plan": plan}
    for_cache = {"models": models, "features_fingerprint": engineered.outputs["Output"]}

    # 6. The floors.
    searched = {"tune_minutes": tune_minutes, "tuning": tuning}
    floor = train_floor(**given, **for_cache, **searched, seed=seed)
    place(floor, "train-floor", store_claim=store_claim)

    # 6b. What needs no training, and what it costs.
    shelf = off_the_shelf(
        **given,
        services=services,
        chat_model=chat_model,
        service_maximum_calls=service_maximum_calls,
        service_maximum_eur=service_maximum_eur,
        answers=answers,
        seed=seed,
    )
    place(shelf, "off-the-shelf", store_claim=store_claim, key_secret=key_secret)

    # 7. The LSTM.
    lstm = train_lstm(
        **given,
        **for_cache,
        model_fingerprint=defined.outputs["model"],
        embedding_training=lstm_embedding_training,
        units=lstm_units,
        directions=lstm_directions,
        dropout=lstm_dropout,
        embedding_dropout=lstm_embedding_dropout,
        epochs=lstm_epochs,
        patience=lstm_patience,
        batch_size=lstm_batch_size,
        learning_rate=lstm_learning_rate,
        **searched,
        seed=seed,
        training_state=training_state,
    )
    place(lstm, "train-lstm", gpu, store_claim=store_claim)

    # 8. DistilBERT.
    distilbert = finetune_distilbert(
        **given,
        **for_cache,
        model_fingerprint=defined.outputs["model"],
        base_model=distilbert_base_model,
        max_length=distilbert_max_length,
        train_rows=distilbert_train_rows,
        epochs=distilbert_epochs,
        patience=distilbert_patience,
        batch_size=distilbert_batch_size,
        learning_rate=distilbert_learning_rate,
        **searched,
        seed=seed,
        layer_decay=distilbert_layer_decay,
        frozen_layers=distilbert_frozen_layers,
        warmup=distilbert_warmup,
        training_state=training_state,
    )
    place(distilbert, "finetune-distilbert", gpu, store_claim=store_claim)

    # 9. Every planned technique on both.
    settings = {
        "techniques": techniques,
        "kept_layers": kept_layers,
        "kept_head_share": kept_head_share,
        "kept_neuron_share": kept_neuron_share,
        "shrink_rows": shrink_rows,
        "shrink_epochs": shrink_epochs,
        "shrink_learning_rate": shrink_learning_rate,
        "soft_label_weight": soft_label_weight,
        "minimum_piece_count": minimum_piece_count,
        "sparsity": sparsity,
        "pruning_schedule": pruning_schedule,
        "pruned_layers": pruned_layers,
        "clusters": clusters,
        "cluster_initialization": cluster_initialization,
        "preserve_sparsity": preserve_sparsity,
        "calibration_rows": calibration_rows,
        "per_channel": per_channel,
        "qat_steps": qat_steps,
        "qat_learning_rate": qat_learning_rate,
        "kept_in_float": kept_in_float,
        "accuracy_floor": accuracy_floor,
        "sensitivity_reviews": sensitivity_reviews,
        "learning_rate": technique_learning_rate,
        "seed": seed,
        "gpu_type": gpu_type,
        "gpu_count": gpu_count,
        "gpu_node_selector": gpu_node_selector,
        "gpu_toleration": gpu_toleration,
    }
    lstm_optimised = optimise(
        model="lstm",
        trained=lstm.outputs["candidates"],
        trained_fingerprint=lstm.outputs["Output"],
        rows=lstm_technique_rows,
        epochs=lstm_technique_epochs,
        **given,
        **settings,
    ).set_display_name("optimise-lstm")
    distilbert_optimised = optimise(
        model="distilbert",
        trained=distilbert.outputs["candidates"],
        trained_fingerprint=distilbert.outputs["Output"],
        rows=distilbert_technique_rows,
        epochs=distilbert_technique_epochs,
        **given,
        **settings,
    ).set_display_name("optimise-distilbert")
    bundles = {
        "floor": floor.outputs["candidates"],
        "shelf": shelf.outputs["candidates"],
        "lstm": lstm_optimised.outputs["bundles"],
        "distilbert": distilbert_optimised.outputs["bundles"],
    }

    # 10. Measured alone, after all training.
    evaluated = evaluate(
        **given,
        **bundles,
        model_store=model_store,
        latency_reviews=latency_reviews,
        measuring_attempts=measuring_attempts,
        seed=seed,
    )
    place(evaluated, "evaluate", store_claim=store_claim)

    # 10b. What noise does to the candidates on the front.
    probed = probe_robustness(
        **given,
        **bundles,
        measurements=evaluated.outputs["measurements"],
        robustness_reviews=robustness_reviews,
        seed=seed,
    )
    place(probed, "probe-robustness")

    # 11. The decision.
    compared = compare(
        **given,
        **bundles,
        measurements=evaluated.outputs["measurements"],
        robustness=probed.outputs["robustness"],
        reading=ingested.outputs["reading"],
        exploration=explored.outputs["report"],
        checks=cleaned.outputs["checks"],
        guard=engineered.outputs["guard"],
        define_usage=defined.outputs["usage"],
        ingest_usage=ingested.outputs["usage"],
        explore_usage=explored.outputs["usage"],
        clean_usage=cleaned.outputs["usage"],
        engineer_features_usage=engineered.outputs["usage"],
        train_floor_usage=floor.outputs["usage"],
        off_the_shelf_usage=shelf.outputs["usage"],
        train_lstm_usage=lstm.outputs["usage"],
        finetune_distilbert_usage=distilbert.outputs["usage"],
        optimise_lstm_usage=lstm_optimised.outputs["usage"],
        optimise_distilbert_usage=distilbert_optimised.outputs["usage"],
        evaluate_usage=evaluated.outputs["usage"],
        probe_robustness_usage=probed.outputs["usage"],
        explained_reviews=explained_reviews,
        redact_reviews=redact_reviews,
        override=override,
        override_by=override_by,
        override_reason=override_reason,
        override_candidate=override_candidate,
        seed=seed,
    )
    place(compared, "compare")

    # 12. The gate. `If` needs its `Else`: alone, it would be skipped silently where the pipeline runs locally.
    with dsl.If(compared.outputs["Output"] == "deploy", name="gate-open"):
        deployed = deploy(
            winner=compared.outputs["winner"],
            decision=compared.outputs["decision"],
            target=deploy_target,
            model_store=model_store,
            namespace=namespace,
            store_claim=store_claim,
            serve_image=serve_image,
        )
        place(deployed, "deploy", store_claim=store_claim)
    with dsl.Else(name="gate-closed"):
        refused = record_refusal(verdict=compared.outputs["Output"], decision=compared.outputs["decision"])
        place(refused, "record-refusal")

    return Results(
        report=compared.outputs["report"],
        model_card=compared.outputs["model_card"],
        candidates=compared.outputs["candidates"],
        slices=compared.outputs["slices"],
        decision=compared.outputs["decision"],
        winner=compared.outputs["winner"],
    )
