"""Small models: a tiny LSTM (60 reviews of three labels, a vocabulary of 50 words, 4 units) and a logistic one."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from components.shared.bundle import Manifest, write_bundle
from components.shared.chains import Chain
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.predictors.linear import TfidfLogisticParameters, TfidfLogisticPredictor
from components.shared.profile import ProfileBuilder, write_profile
from components.shared.records.features import DESCRIPTION, PROFILE, REVIEWS, VOCABULARY, Features, write_embeddings
from components.shared.records.plan import Cell, Plan
from components.shared.records.task import Task
from components.shared.reviews import write_reviews
from components.shared.texts.text import TextPreprocessing
from components.shared.training.finetuning import Finetuning

# A test says nothing about time, and the same code passes or fails every time.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

_LABELS = ("1", "2", "3")
_TELLING = {"1": "awful itchy cheap hole", "2": "okay average mixed fine", "3": "love perfect pretty soft"}
_FILLER = "dress top skirt size fit colour fabric waist sleeve shoulder".split()
_WORDS = [word for words in _TELLING.values() for word in words.split()] + _FILLER
_WORDS += [f"rare{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"[: 50 - len(_WORDS)]]
_CHAINS: tuple[Chain, ...] = (
    ("dynamic",),
    ("float16",),
    ("int8",),
    ("qat",),
    ("prune",),
    ("cluster",),
    ("prune", "cluster"),
    ("prune", "dynamic"),
    ("prune", "qat"),
    ("prune", "cluster", "qat"),
)


@dataclass(frozen=True)
class Tiny:
    """Where the tiny training left its outputs.

    Attributes:
        features: Directory of features.
        plan: The plan, as a file.
        trained: Candidates of train_lstm.
        metrics: What train_lstm reported.
        texts: Raw reviews that training never saw, among them an empty and a long one.
        finetuning: How techniques train on.
    """

    features: Path
    plan: Path
    trained: Path
    metrics: dict[str, float]
    texts: list[str]
    finetuning: Finetuning


@pytest.fixture(scope="session")
def tiny_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of features; read only."""
    directory = tmp_path_factory.mktemp("tiny") / "features"
    directory.mkdir()
    reviews = _reviews()
    write_reviews(reviews, directory / REVIEWS, "features")
    builder = ProfileBuilder()
    builder.update(reviews[reviews["split"] == "train"])
    write_profile(directory / PROFILE, builder.finish(_WORDS))
    (directory / VOCABULARY).write_text(json.dumps(_WORDS), encoding="utf-8")
    vectors = np.random.default_rng(3).normal(0, 0.5, (len(_WORDS) + 1, 8)).astype(np.float32)
    vectors[0] = 0
    write_embeddings(directory, "random", vectors)
    description = Features(
        task=Task(labels=_LABELS, scores=(1, 2, 3), text_column="Review Text", title_column="Title"),
        text=TextPreprocessing(stop_words=("the", "and")),
        sequence_length=9,
        embeddings=("random",),
        class_weights=(1.0, 1.0, 0.5),
        class_shares=(0.25, 0.25, 0.5),
        data_fingerprint="d" * 16,
        code_fingerprint="c" * 16,
    )
    (directory / DESCRIPTION).write_text(description.model_dump_json(), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def tiny_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan with every technique for the LSTM, as a file; read only."""
    cells = [Cell(model="lstm"), *(Cell(model="lstm", chain=chain) for chain in _CHAINS)]
    plan = Plan(need=parse_need(""), models=("lstm",), cells=tuple(cells), code_fingerprint="c" * 16)
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_text(plan.model_dump_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny(tiny_features: Path, tiny_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A trained tiny LSTM; read only."""
    from components.train_lstm.training import LstmSettings, train

    settings = LstmSettings(
        embedding_training="frozen",
        units=4,
        directions=1,
        dropout=0.1,
        embedding_dropout=0.0,
        epochs=12,
        patience=12,
        batch_size=8,
        learning_rate=0.05,
        seed=5,
    )
    trained = tmp_path_factory.mktemp("trained-lstm") / "candidates"
    metrics = train(tiny_features, tiny_plan, settings, trained)
    texts = ["Love the perfect dress", "awful, itchy and cheap", "okay size", "", "unknown words only"]
    texts.append("soft pretty dress top skirt size fit colour fabric waist sleeve shoulder awful")
    finetuning = Finetuning(rows=0, epochs=2, learning_rate=0.0, seed=1)
    return Tiny(tiny_features, tiny_plan, trained, metrics, texts, finetuning)


@pytest.fixture(scope="session")
def tiny_pruned(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Candidates of the pruning step, half of the weights zero; read only."""
    from components.prune.pruning import PruningSettings, prune_candidates

    destination = tmp_path_factory.mktemp("pruned") / "candidates"
    settings = PruningSettings(sparsity=0.5, schedule="polynomial", layers=["*"], kept_in_float=[])
    prune_candidates("lstm", tiny.features, tiny.plan, [tiny.trained], settings, tiny.finetuning, 0.0, destination)
    return destination


@pytest.fixture(scope="session")
def logistic_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of TF-IDF and logistic regression with the labels 1, 2 and 3; read only."""
    from sklearn.linear_model import LogisticRegression

    examples = [("awful itchy cheap", "1"), ("okay average mixed", "2"), ("love perfect soft", "3")] * 4
    parameters = TfidfLogisticParameters()
    vectorizer = parameters.vectorizer()
    model = LogisticRegression(C=100.0).fit(
        vectorizer.fit_transform([text for text, _ in examples]), [label for _, label in examples]
    )
    manifest = Manifest(
        candidate="logistic",
        task=Task(labels=_LABELS, scores=(1, 2, 3), text_column="Review Text", title_column="Title"),
        model="logistic",
        base_model="tfidf",
        runtime="scikit-learn",
        predictor="tfidf-logistic",
        preprocessing=parameters.model_dump(mode="json"),
        data_fingerprint="d" * 16,
        code_fingerprint="c" * 16,
        training=Usage(),
    )
    directory = tmp_path_factory.mktemp("logistic") / "bundle"
    write_bundle(directory, manifest, TfidfLogisticPredictor.files(vectorizer, model.coef_, model.intercept_))
    return directory


@pytest.fixture(scope="session")
def save_own_lstm() -> Callable[..., Path]:
    """Writes a Keras LSTM as users keep theirs: the model, its vocabulary and its labels in a directory."""

    # First, because it decides which Keras TensorFlow means.
    import_module("components.shared.training.keras")

    def save(
        directory: Path,
        library: str = "keras",
        file: str = "model.keras",
        layers: Callable[[Any], list[Any]] | None = None,
        labels: Sequence[str] = _LABELS,
        words: Sequence[str] = tuple(_WORDS),
        length: int = 9,
        seed: int = 4,
    ) -> Path:
        module = import_module(library)
        module.utils.set_random_seed(seed)
        inner = layers(module.layers) if layers else [module.layers.LSTM(4), module.layers.Dropout(0.3)]
        model = module.Sequential(
            [
                module.layers.Input((length,), dtype="int32"),
                module.layers.Embedding(len(words) + 1, 6),
                *inner,
                *([] if layers else [module.layers.Dense(len(labels), activation="softmax")]),
            ]
        )
        # Larger weights than those of the start, so that the model has something to say.
        model.set_weights([np.random.default_rng(seed).normal(0, 0.7, array.shape) for array in model.get_weights()])
        directory.mkdir(parents=True, exist_ok=True)
        model.save(directory / file)
        (directory / "vocabulary.json").write_text(json.dumps(list(words)))
        (directory / "labels.json").write_text(json.dumps(list(labels)))
        return directory

    return save


@pytest.fixture(scope="session")
def own_distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny DistilBERT for sequence classification, saved by transformers, with labels 3, 1, 2; read only."""
    from safetensors.numpy import save_file
    from transformers import DistilBertConfig, DistilBertTokenizerFast, TFDistilBertForSequenceClassification
    from transformers.modeling_tf_pytorch_utils import convert_tf_weight_name_to_pt_weight_name

    from components.shared.training.keras import keras

    directory = tmp_path_factory.mktemp("own-distilbert")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_WORDS]
    (directory / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    DistilBertTokenizerFast(str(directory / "vocab.txt")).save_pretrained(directory)
    config = DistilBertConfig(
        vocab_size=len(pieces),
        max_position_embeddings=32,
        n_layers=2,
        n_heads=4,
        dim=32,
        hidden_dim=48,
        id2label={0: "3", 1: "1", 2: "2"},
        label2id={"3": 0, "1": 1, "2": 2},
    )
    keras.utils.set_random_seed(4)
    model = TFDistilBertForSequenceClassification(config)
    model(model.dummy_inputs)
    numbers = np.random.default_rng(4)
    model.set_weights([array + numbers.normal(0, 0.3, array.shape) for array in model.get_weights()])
    model.save_pretrained(directory, safe_serialization=True)
    arrays = {}
    for weight in model.weights:
        name, transpose, *_ = convert_tf_weight_name_to_pt_weight_name(weight.name, tf_weight_shape=weight.shape)
        array = weight.numpy()
        arrays[name] = np.ascontiguousarray(array.T if transpose.value == "simple" else array)
    (directory / "model.safetensors").rename(directory / "tensorflow.safetensors")
    save_file(arrays, directory / "model.safetensors")
    return directory


def _reviews() -> pd.DataFrame:
    generator = random.Random(11)
    records = []
    for number in range(110):
        label = _LABELS[min(number % 4, 2)]
        split = "train" if number < 60 else "tune" if number < 100 else "select"
        words = generator.choices(_TELLING[label].split(), k=2)
        words += generator.choices(_FILLER, k=generator.randrange(1, 9))
        generator.shuffle(words)
        text = " ".join(words)
        records.append({"review_id": str(number), "title": "", "text": text, "label": label})
        records[-1] |= {"natural": text, "tokens": text, "group": str(number), "split": split}
    return pd.DataFrame(records)
