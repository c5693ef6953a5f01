import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.shared.bundle import load_bundle, read_manifest, read_profile
from components.shared.candidates import bundle_directory, list_bundles
from components.shared.features import (
    DESCRIPTION,
    PROFILE,
    REVIEWS,
    Features,
    Imbalance,
    read_features,
    read_split,
    read_training_reviews,
)
from components.shared.files import write_text
from components.shared.metrics import quality
from components.shared.need import parse_need
from components.shared.plan import Plan
from components.shared.profile import ProfileBuilder, write_profile
from components.shared.reviews import write_reviews
from components.shared.task import Task, scores_of
from components.shared.text import TextPreprocessing
from components.train_floor.floor import STRENGTHS, fit_logistic, train_floors

_WORDS = {"1": "awful itchy cheap", "2": "fine average okay", "3": "love perfect soft"}


def _write_features(directory: Path, labels: tuple[str, ...], **changes: object) -> Path:
    generator = random.Random(7)
    records = []
    for number in range(400):
        label = generator.choice(labels)
        said = label if generator.random() < 0.8 else generator.choice(labels)
        words = generator.choices([*_WORDS[said].split(), "dress", "the", "fits"], k=6)
        natural = " ".join([*words, str(number)])
        split = ("train", "train", "train", "tune", "select", "test")[number % 6]
        records.append([str(number), "", natural, label, natural, natural, str(number), split])
    columns = ["review_id", "title", "text", "label", "natural", "tokens", "group", "split"]
    directory.mkdir()
    write_reviews(pd.DataFrame(records, columns=columns), directory / REVIEWS, "features")
    description = Features(
        task=Task(labels=labels, scores=scores_of(labels), text_column="text"),
        text=TextPreprocessing(),
        sequence_length=8,
        embeddings=("none",),
        class_weights=(1.0,) * len(labels),
        class_shares=(1 / len(labels),) * len(labels),
        data_fingerprint="d",
        code_fingerprint="c",
    )
    write_text(directory / DESCRIPTION, description.model_copy(update=changes).model_dump_json())
    return directory


def _write_plan(path: Path, *models: str) -> Path:
    plan = Plan(need=parse_need(""), models=models, cells=(), code_fingerprint="c")
    write_text(path, plan.model_dump_json())
    return path


@pytest.mark.parametrize("labels", [("1", "2", "3"), ("1", "3")], ids=["three classes", "two classes"])
@pytest.mark.parametrize(("candidate", "weight"), [("logistic", None), ("logistic-balanced", "balanced")])
def test_a_bundle_predicts_what_scikit_learn_predicts(
    labels: tuple[str, ...], candidate: str, weight: str | None, tmp_path: Path
) -> None:
    features = _write_features(tmp_path / "features", labels)
    train_floors(features, _write_plan(tmp_path / "plan.json", "logistic"), 7, tmp_path / "floor")
    train, tune, test = (read_split(features, split) for split in ("train", "tune", "test"))
    fitted = fit_logistic(train, tune, read_features(features), weight, 7)
    expected = fitted.model.predict_proba(fitted.vectorizer.transform(test["natural"]))
    predicted = load_bundle(bundle_directory(tmp_path / "floor", candidate)).predict(test["text"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_logistic_regression_beats_the_majority(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    train_floors(features, _write_plan(tmp_path / "plan.json", "logistic", "lstm"), 7, tmp_path / "floor")
    test = read_split(features, "test")
    macro_f1 = {}
    for candidate, bundle in list_bundles(tmp_path / "floor").items():
        predictor = load_bundle(bundle)
        truth = predictor.task.indices(test["label"].tolist())
        scores = np.array(predictor.task.scores)
        macro_f1[candidate] = quality(truth, predictor.predict(test["text"].tolist()), scores).macro_f1
    assert set(macro_f1) == {"majority", "logistic", "logistic-balanced"}
    assert min(macro_f1["logistic"], macro_f1["logistic-balanced"]) > 2 * macro_f1["majority"]


def test_bundles_record_cost_and_choice(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"))
    train_floors(features, _write_plan(tmp_path / "plan.json", "logistic"), 7, tmp_path / "floor")
    manifest = read_manifest(bundle_directory(tmp_path / "floor", "logistic"))
    assert manifest.training.cost_eur is not None and manifest.training.cost_eur > 0
    assert manifest.model == "logistic" and manifest.chain == ()
    assert manifest.base_model in {f"tf-idf, C={strength:g}" for strength in STRENGTHS}


def test_only_the_majority_is_built_when_logistic_regression_is_not_wanted(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"))
    train_floors(features, _write_plan(tmp_path / "plan.json", "lstm"), 7, tmp_path / "floor")
    assert list(list_bundles(tmp_path / "floor")) == ["majority"]
    predicted = load_bundle(bundle_directory(tmp_path / "floor", "majority")).predict(["anything", ""])
    np.testing.assert_allclose(predicted, 0.5)


@pytest.mark.parametrize("imbalance", ["oversample", "undersample", "none"])
def test_logistic_regression_learns_from_resampled_reviews_without_weights(
    imbalance: Imbalance, tmp_path: Path
) -> None:
    features = _write_features(
        tmp_path / "features", ("1", "2", "3"), imbalance=imbalance, class_shares=(0.1, 0.2, 0.7)
    )
    train_floors(features, _write_plan(tmp_path / "plan.json", "logistic"), 7, tmp_path / "floor")
    assert list(list_bundles(tmp_path / "floor")) == ["logistic", "majority"]
    train, tune, test = read_training_reviews(features, 7), read_split(features, "tune"), read_split(features, "test")
    fitted = fit_logistic(train, tune, read_features(features), None, 7)
    expected = fitted.model.predict_proba(fitted.vectorizer.transform(test["natural"]))
    predicted = load_bundle(bundle_directory(tmp_path / "floor", "logistic")).predict(test["text"].tolist())
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    if imbalance != "none":
        original = fit_logistic(read_split(features, "train"), tune, read_features(features), None, 7)
        other = original.model.predict_proba(original.vectorizer.transform(test["natural"]))
        assert np.abs(predicted - other).max() > 0.01
    majority = load_bundle(bundle_directory(tmp_path / "floor", "majority")).predict(["anything"])
    np.testing.assert_allclose(majority, [[0.1, 0.2, 0.7]], atol=1e-6)


def test_bundles_keep_what_train_looked_like_and_how_text_was_cleaned(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"), natural_steps=("html", "links"))
    builder = ProfileBuilder()
    builder.update(read_split(features, "train"))
    write_profile(features / PROFILE, builder.finish(["dress"]))
    train_floors(features, _write_plan(tmp_path / "plan.json", "logistic"), 7, tmp_path / "floor")
    for bundle in list_bundles(tmp_path / "floor").values():
        assert read_profile(bundle) == builder.finish(["dress"])
        assert read_manifest(bundle).natural_steps == ("html", "links")
