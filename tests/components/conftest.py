"""A small finished training: features, a plan, and directories of candidates with real, quick models."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from components.evaluate import bench, evaluation, machine
from components.shared.bundle import Manifest, write_bundle
from components.shared.files import write_text
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.predictors.linear import TfidfLogisticParameters, TfidfLogisticPredictor
from components.shared.records import features as features_module
from components.shared.records.candidates import bundle_directory, write_failures
from components.shared.records.features import Features
from components.shared.records.plan import Cell, Plan
from components.shared.records.task import Task
from components.shared.reviews import write_reviews
from components.shared.texts.text import TextPreprocessing, join_title

LABELS = ("1", "2", "3", "4", "5")
_WORDS = {
    "1": "awful itchy returned cheap hole",
    "2": "disappointed thin boxy odd sheer",
    "3": "okay average mixed so-so fine",
    "4": "nice good soft pretty comfortable",
    "5": "love perfect beautiful favourite compliments",
}
_ROWS = {"train": 300, "tune": 40, "select": 120, "test": 100}


@dataclass(frozen=True)
class Trained:
    """Where a finished training left its outputs."""

    features: Path
    plan: Path
    sources: list[Path]


def _reviews() -> pd.DataFrame:
    generator = random.Random(7)
    records = []
    for split, rows in _ROWS.items():
        for number in range(rows):
            label = generator.choices(LABELS, weights=(6, 8, 14, 22, 50))[0]
            # Some reviews sound like a neighbouring label, so that no model is perfect.
            sounds_like = label if generator.random() < 0.8 else generator.choice(LABELS)
            words = [generator.choice(_WORDS[sounds_like].split()) for _ in range(4)]
            filler = generator.choices("the dress fits and this top runs in a size".split(), k=6)
            text = " ".join(generator.sample(words + filler, k=10))
            title = "The dress" if number % 2 else ""
            records.append({"review_id": f"{split}-{number}", "title": title, "text": text, "label": label})
            natural = join_title(title, text)
            tokens = " ".join(TextPreprocessing().tokens(natural))
            records[-1] |= {"natural": natural, "tokens": tokens, "group": f"{split}-{number}", "split": split}
    return pd.DataFrame(records)


def _write_features(directory: Path, reviews: pd.DataFrame) -> Features:
    train = reviews[reviews["split"] == "train"]
    description = Features(
        task=Task(labels=LABELS, scores=(1, 2, 3, 4, 5), text_column="Review Text", title_column="Title"),
        text=TextPreprocessing(),
        sequence_length=10,
        embeddings=("none",),
        class_weights=(1, 1, 1, 1, 1),
        class_shares=tuple(float((train["label"] == label).mean()) for label in LABELS),
        data_fingerprint="d" * 16,
        code_fingerprint="c" * 16,
    )
    directory.mkdir()
    write_reviews(reviews, directory / features_module.REVIEWS, "features")
    write_text(directory / features_module.DESCRIPTION, description.model_dump_json())
    return description


def _manifest(candidate: str, features: Features, **values: object) -> Manifest:
    common = {
        "candidate": candidate,
        "task": features.task,
        "base_model": "none",
        "runtime": "scikit-learn",
        "data_fingerprint": features.data_fingerprint,
        "code_fingerprint": features.code_fingerprint,
    }
    return Manifest.model_validate(common | values)


def _write_logistic(
    directory: Path, candidate: str, features: Features, reviews: pd.DataFrame, terms: int, **values: object
) -> None:
    """Writes a TF-IDF model of the most frequent terms; with few of them it is smaller and worse."""
    train = reviews[reviews["split"] == "train"]
    vectorizer = TfidfLogisticParameters(ngram_range=(1, 1)).vectorizer(max_features=terms)
    fitted = LogisticRegression(C=10).fit(vectorizer.fit_transform(train["natural"]), train["label"])
    manifest = _manifest(
        candidate,
        features,
        predictor="tfidf-logistic",
        preprocessing=TfidfLogisticParameters(ngram_range=(1, 1)).model_dump(),
        **values,
    )
    files = TfidfLogisticPredictor.files(vectorizer, fitted.coef_, np.asarray(fitted.intercept_))
    write_bundle(bundle_directory(directory, candidate), manifest, files)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Features, a plan and three sources of candidates; read only.

    The models called lstm are linear ones in truth: what matters here are their figures, and the float
    parent is dear to train.
    """
    root = tmp_path_factory.mktemp("trained")
    reviews = _reviews()
    features = _write_features(root / "features", reviews)
    floor, lstm, distilbert = root / "floor", root / "lstm", root / "distilbert"

    majority = _manifest(
        "majority",
        features,
        model="majority",
        predictor="majority",
        preprocessing={"shares": features.class_shares},
        training=Usage(seconds=0.1),
    )
    write_bundle(bundle_directory(floor, "majority"), majority, {})
    quick, dear = Usage(seconds=1.0), Usage(seconds=7200.0)
    _write_logistic(floor, "logistic", features, reviews, 20, model="logistic", training=quick)
    _write_logistic(lstm, "lstm", features, reviews, 60, model="lstm", training=dear)
    pruned = {"model": "lstm", "chain": ("prune",), "training": dear}
    _write_logistic(lstm, "lstm-prune", features, reviews, 15, **pruned)
    write_failures(lstm, {"lstm-cluster": "the weights did not converge"})
    distilbert.mkdir()

    # These models never saw the words of the behavioural tests: with the default limit none would be offered.
    need = parse_need("", "need.yaml")
    limits = need.constraints.model_copy(update={"minimum_behaviour": {}})
    plan = Plan(
        need=need.model_copy(update={"constraints": limits}),
        models=("logistic", "lstm"),
        cells=(
            Cell(model="logistic"),
            Cell(model="lstm"),
            Cell(model="lstm", chain=("prune",)),
            Cell(model="lstm", chain=("cluster",)),
            Cell(model="lstm", chain=("int8",), applies=False, reason="the recurrent layer has no int8 kernel"),
        ),
        code_fingerprint="c" * 16,
    )
    write_text(root / "plan.json", plan.model_dump_json())
    return Trained(root / "features", root / "plan.json", [floor, lstm, distilbert])


@pytest.fixture(scope="session")
def measurements(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What evaluate measured, without a champion; read only."""
    root = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
        patch.setattr(bench, "_STARTS", 1)
        evaluation.evaluate_candidates(
            features=trained.features,
            plan=trained.plan,
            sources=trained.sources,
            champion=root / "champion",
            latency_reviews=10,
            seed=0,
            destination=root / "measurements",
            measuring_attempts=1,
        )
    return root / "measurements"


_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_FILLER = "the dress fits and this top runs in a size so - ##s"
_DIM, _HIDDEN, _POSITIONS, _LAYERS = 32, 64, 64, 2


def _bert_shapes(words: int) -> dict[str, tuple[int, ...]]:
    """Returns name and shape of each weight of a tiny BERT encoder."""
    embeddings = {"word": words, "position": _POSITIONS, "token_type": 2}
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (rows, _DIM) for name, rows in embeddings.items()
    }
    dense = {f"attention.self.{part}": (_DIM, _DIM) for part in ("query", "key", "value")}
    dense |= {"attention.output.dense": (_DIM, _DIM), "intermediate.dense": (_HIDDEN, _DIM)}
    dense |= {"output.dense": (_DIM, _HIDDEN)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{index}" for index in range(_LAYERS)):
        shapes |= {f"{layer}.{name}.weight": shape for name, shape in dense.items()}
        shapes |= {f"{layer}.{name}.bias": shape[:1] for name, shape in dense.items()}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    return shapes | {f"{norm}.{part}": (_DIM,) for norm in norms for part in ("weight", "bias")}


def _distilbert_shapes(words: int) -> dict[str, tuple[int, ...]]:
    """Returns name and shape of each weight of a tiny DistilBERT encoder."""
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, _DIM),
        "embeddings.position_embeddings.weight": (_POSITIONS, _DIM),
    }
    dense = {f"attention.{part}_lin": (_DIM, _DIM) for part in ("q", "k", "v", "out")}
    dense |= {"ffn.lin1": (_HIDDEN, _DIM), "ffn.lin2": (_DIM, _HIDDEN)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"transformer.layer.{index}" for index in range(_LAYERS)):
        shapes |= {f"{layer}.{name}.weight": shape for name, shape in dense.items()}
        shapes |= {f"{layer}.{name}.bias": shape[:1] for name, shape in dense.items()}
        norms += [f"{layer}.sa_layer_norm", f"{layer}.output_layer_norm"]
    return shapes | {f"{norm}.{part}": (_DIM,) for norm in norms for part in ("weight", "bias")}


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories of a tiny random "distilbert" and "bert", as transformers leaves them; read only."""
    from safetensors.numpy import save_file
    from transformers import BertConfig, BertTokenizerFast, DistilBertConfig, DistilBertTokenizerFast

    vocabulary = [*_SPECIAL, *sorted({*" ".join(_WORDS.values()).split(), *_FILLER.split()})]
    words = len(vocabulary)
    distilbert = DistilBertConfig(
        vocab_size=words,
        max_position_embeddings=_POSITIONS,
        n_layers=_LAYERS,
        n_heads=4,
        dim=_DIM,
        hidden_dim=_HIDDEN,
    )
    bert = BertConfig(
        vocab_size=words,
        max_position_embeddings=_POSITIONS,
        num_hidden_layers=_LAYERS,
        num_attention_heads=4,
        hidden_size=_DIM,
        intermediate_size=_HIDDEN,
    )
    root = tmp_path_factory.mktemp("pretrained")
    (root / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    random_numbers = np.random.default_rng(0)
    for kind, config, shapes, tokenizer in (
        ("distilbert", distilbert, _distilbert_shapes(words), DistilBertTokenizerFast),
        ("bert", bert, _bert_shapes(words), BertTokenizerFast),
    ):
        config.save_pretrained(root / kind)
        tokenizer(str(root / "vocab.txt")).save_pretrained(root / kind)
        weights = {
            name: random_numbers.normal("LayerNorm.weight" in name or "layer_norm.weight" in name, 0.2, shape)
            for name, shape in shapes.items()
        }
        save_file(
            {name: array.astype(np.float32) for name, array in weights.items()}, root / kind / "model.safetensors"
        )
    return {kind: root / kind for kind in ("distilbert", "bert")}
