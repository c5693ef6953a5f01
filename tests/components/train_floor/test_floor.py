import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from components.shared.bundle import load_bundle, read_manifest, read_profile
from components.shared.files import write_text
from components.shared.metrics import quality
from components.shared.need import parse_need
from components.shared.profile import ProfileBuilder, write_profile
from components.shared.records.candidates import bundle_directory, list_bundles
from components.shared.records.features import (
    DESCRIPTION,
    PROFILE,
    REVIEWS,
    Features,
    Imbalance,
    read_features,
    read_split,
    read_training_reviews,
)
from components.shared.records.plan import Plan
from components.shared.records.searches import read_searches
from components.shared.records.task import Task, scores_of
from components.shared.reviews import write_reviews
from components.shared.texts.text import TextPreprocessing
from components.shared.tuning import Budget
from components.train_floor import floor, linear_tuning
from components.train_floor.floor import train_floors
from components.train_floor.linear import (
    LONGEST_NGRAMS,
    STRENGTHS,
    ClassWeight,
    FittedLinear,
    Inputs,
    Kind,
    LinearSettings,
    fit_linear,
    vectorise,
)

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


_ALL = {"majority", "logistic", "logistic-balanced", "hashing", "hashing-balanced"}


def _train(tmp_path: Path, features: Path, *models: str, seed: int = 7) -> dict[str, Path]:
    """Trains the floors and returns the bundles."""
    train_floors(features, _write_plan(tmp_path / "plan.json", *models), seed, tmp_path / "floor")
    return list_bundles(tmp_path / "floor")


def _settings_of(bundle: Path) -> LinearSettings:
    """Returns the hyperparameters that a bundle says it was trained with."""
    found = re.search(r"C=([\d.]+), n-grams of up to (\d)", read_manifest(bundle).base_model)
    assert found
    return LinearSettings(float(found[1]), int(found[2]))


def _fit(
    kind: Kind, texts: list[str], truth: NDArray[np.int64], settings: LinearSettings, weight: ClassWeight = None
) -> FittedLinear:
    inputs = vectorise(kind, texts, settings.longest_ngram)
    return fit_linear(inputs, truth, settings.strength, weight, 7)


@pytest.mark.parametrize("labels", [("1", "2", "3"), ("1", "3")], ids=["three classes", "two classes"])
@pytest.mark.parametrize("kind", ["logistic", "hashing"])
def test_a_bundle_predicts_what_scikit_learn_predicts(labels: tuple[str, ...], kind: Kind, tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", labels)
    bundles = _train(tmp_path, features, kind)
    train, test = read_split(features, "train"), read_split(features, "test")
    truth = read_features(features).task.indices(train["label"].tolist())
    for candidate, weight in ((kind, None), (f"{kind}-balanced", "balanced")):
        settings = _settings_of(bundles[candidate])
        fitted = _fit(kind, train["natural"].tolist(), truth, settings, weight)
        expected = fitted.model.predict_proba(fitted.inputs.of(test["natural"].tolist()))
        predicted = load_bundle(bundles[candidate]).predict(test["text"].tolist())
        np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_every_logistic_regression_beats_the_majority(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    bundles = _train(tmp_path, features, "logistic", "hashing", "lstm")
    test = read_split(features, "test")
    macro_f1 = {}
    for candidate, bundle in bundles.items():
        predictor = load_bundle(bundle)
        truth = predictor.task.indices(test["label"].tolist())
        scores = np.array(predictor.task.scores)
        macro_f1[candidate] = quality(truth, predictor.predict(test["text"].tolist()), scores).macro_f1
    assert set(macro_f1) == _ALL
    assert min(macro_f1[candidate] for candidate in _ALL - {"majority"}) > 2 * macro_f1["majority"]


def test_bundles_record_cost_and_choice_and_hold_no_pickle(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"))
    for candidate, bundle in _train(tmp_path, features, "logistic", "hashing").items():
        if candidate == "majority":
            continue
        manifest = read_manifest(bundle)
        assert manifest.training.cost_eur is not None and manifest.training.cost_eur > 0
        assert manifest.model == candidate.removesuffix("-balanced") and manifest.chain == ()
        assert _settings_of(bundle).strength in STRENGTHS[manifest.model]
        assert _settings_of(bundle).longest_ngram in LONGEST_NGRAMS
        with np.load(bundle / "weights.npz", allow_pickle=False) as arrays:
            assert not any(array.dtype.hasobject for array in arrays.values())


def test_a_hashing_bundle_has_no_vocabulary_and_only_the_buckets_that_were_met(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"))
    bundle = _train(tmp_path, features, "hashing")["hashing"]
    assert {path.name for path in bundle.iterdir()} == {"bundle.json", "weights.npz"}
    with np.load(bundle / "weights.npz") as arrays:
        assert 0 < len(arrays["buckets"]) < 200
        assert len(arrays["buckets"]) == arrays["coefficients"].shape[1]
    words = " ".join(_WORDS.values())
    assert not any(word.encode() in (bundle / "weights.npz").read_bytes() for word in words.split())


def test_a_review_of_unmet_buckets_gets_the_intercept(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    predictor = load_bundle(_train(tmp_path, features, "hashing")["hashing"])
    np.testing.assert_array_equal(predictor.predict(["zyzzyva quokka"]), predictor.predict([""]))


def test_two_runs_with_one_seed_write_equal_models(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        _train(tmp_path / run, features, "logistic", "hashing")
    for candidate in _ALL - {"majority"}:
        one, two = (load_bundle(bundle_directory(tmp_path / run / "floor", candidate)) for run in ("one", "two"))
        np.testing.assert_array_equal(one.predict(["love dress", "awful"]), two.predict(["love dress", "awful"]))


def test_only_the_majority_is_built_when_no_logistic_regression_is_wanted(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"))
    bundles = _train(tmp_path, features, "lstm")
    assert list(bundles) == ["majority"]
    np.testing.assert_allclose(load_bundle(bundles["majority"]).predict(["anything", ""]), 0.5)


@pytest.mark.parametrize("imbalance", ["oversample", "undersample", "none"])
def test_logistic_regression_learns_from_resampled_reviews_without_weights(
    imbalance: Imbalance, tmp_path: Path
) -> None:
    features = _write_features(
        tmp_path / "features", ("1", "2", "3"), imbalance=imbalance, class_shares=(0.1, 0.2, 0.7)
    )
    bundles = _train(tmp_path, features, "logistic")
    assert list(bundles) == ["logistic", "majority"]
    settings, task, test = (
        _settings_of(bundles["logistic"]),
        read_features(features).task,
        read_split(features, "test"),
    )

    def probabilities(train: pd.DataFrame) -> NDArray[np.float64]:
        truth = task.indices(train["label"].tolist())
        fitted = _fit("logistic", train["natural"].tolist(), truth, settings)
        return fitted.model.predict_proba(fitted.inputs.of(test["natural"].tolist()))

    predicted = load_bundle(bundles["logistic"]).predict(test["text"].tolist())
    np.testing.assert_allclose(predicted, probabilities(read_training_reviews(features, 7)), atol=1e-5)
    if imbalance != "none":
        assert np.abs(predicted - probabilities(read_split(features, "train"))).max() > 0.01
    majority = load_bundle(bundles["majority"]).predict(["anything"])
    np.testing.assert_allclose(majority, [[0.1, 0.2, 0.7]], atol=1e-6)


def test_hyperparameters_depend_on_train_alone(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    first = {name: bundle.joinpath("bundle.json") for name, bundle in _train(tmp_path, features, "logistic").items()}
    files = {name: read_manifest(path.parent).files for name, path in first.items()}
    reviews = pd.read_parquet(features / REVIEWS)
    reviews.loc[reviews["split"] != "train", ["natural", "text", "label"]] = ["other words", "other words", "1"]
    write_reviews(reviews, features / REVIEWS, "features")
    again = _train(tmp_path, features, "logistic")
    assert {name: read_manifest(bundle).files for name, bundle in again.items()} == files


def test_large_tables_are_searched_on_a_sample_and_trained_on_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(floor, "SEARCH_ROWS", 60)
    features = _write_features(tmp_path / "features", ("1", "3"))
    bundles = _train(tmp_path, features, "logistic")
    assert "in cross-validation on 60 of 201 training reviews" in capsys.readouterr().out
    train, test = read_split(features, "train"), read_split(features, "test")
    truth = read_features(features).task.indices(train["label"].tolist())
    fitted = _fit("logistic", train["natural"].tolist(), truth, _settings_of(bundles["logistic"]))
    expected = fitted.model.predict_proba(fitted.inputs.of(test["natural"].tolist()))
    np.testing.assert_allclose(load_bundle(bundles["logistic"]).predict(test["text"].tolist()), expected, atol=1e-5)


def test_bundles_keep_what_train_looked_like_and_how_text_was_cleaned(tmp_path: Path) -> None:
    features = _write_features(tmp_path / "features", ("1", "3"), natural_steps=("html", "links"))
    builder = ProfileBuilder()
    builder.update(read_split(features, "train"))
    write_profile(features / PROFILE, builder.finish(["dress"]))
    for bundle in _train(tmp_path, features, "logistic", "hashing").values():
        assert read_profile(bundle) == builder.finish(["dress"])
        assert read_manifest(bundle).natural_steps == ("html", "links")


def _tune(tmp_path: Path, features: Path, storage: Path) -> Path:
    plan = _write_plan(tmp_path / "plan.json", "logistic", "hashing")
    train_floors(features, plan, 7, tmp_path / "floor", Budget(60.0, storage))
    return tmp_path / "floor"


def test_a_search_decides_the_hyperparameters_and_is_recorded(tmp_path: Path, few_trials: None) -> None:
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    candidates = _tune(tmp_path, features, tmp_path / "tuning")
    searches = {one.candidate: one for one in read_searches(candidates)}
    assert set(searches) == _ALL - {"majority"}
    assert searches["logistic"].metric == searches["hashing-balanced"].metric == "macro_f1"
    assert sum(one.minutes for one in searches.values()) == pytest.approx(60)
    for candidate, one in searches.items():
        manifest = read_manifest(bundle_directory(candidates, candidate))
        assert manifest.hyperparameters == one.best == one.trials[one.best_trial or 0].values
        assert f"C={one.best['strength']:g}," in manifest.base_model
        assert manifest.preprocessing["ngram_range"] == [1, one.best["longest_ngram"]]


def test_trials_read_neither_select_nor_test(
    tmp_path: Path, few_trials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def record(directory: Path, split: str) -> pd.DataFrame:
        read.append(split)
        return read_split(directory, split)

    monkeypatch.setattr(floor, "read_split", record)
    monkeypatch.setattr("components.shared.records.features.read_split", record)
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    before = read_searches(_tune(tmp_path, features, tmp_path / "tuning"))
    assert set(read) == {"train", "tune"}

    reviews = pd.read_parquet(features / REVIEWS)
    reviews.loc[reviews["split"].isin(["select", "test"]), ["natural", "text", "label"]] = ["other", "other", "1"]
    write_reviews(reviews, features / REVIEWS, "features")
    after = read_searches(_tune(tmp_path, features, tmp_path / "another"))
    assert [[(trial.values, trial.score) for trial in one.trials] for one in after] == [
        [(trial.values, trial.score) for trial in one.trials] for one in before
    ]


def test_trials_on_large_tables_learn_from_a_sample_and_the_final_model_from_all(
    tmp_path: Path, few_trials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt_from: dict[str, set[int]] = {}

    def recorder(module: str) -> object:
        def record(kind: Kind, texts: list[str], *settings: int) -> Inputs:
            learnt_from.setdefault(module, set()).add(len(texts))
            return vectorise(kind, texts, *settings)

        return record

    monkeypatch.setattr(linear_tuning, "SEARCH_ROWS", 60)
    monkeypatch.setattr(linear_tuning, "vectorise", recorder("trials"))
    monkeypatch.setattr(floor, "vectorise", recorder("final"))
    features = _write_features(tmp_path / "features", ("1", "2", "3"))
    searches = read_searches(_tune(tmp_path, features, tmp_path / "tuning"))
    assert learnt_from == {"trials": {60}, "final": {201}}
    assert all("60 of the 201 reviews" in one.how for one in searches)


def test_other_features_start_another_search(tmp_path: Path, few_trials: None) -> None:
    for name, labels in (("one", ("1", "2", "3")), ("two", ("1", "3"))):
        (tmp_path / name).mkdir()
        _tune(tmp_path / name, _write_features(tmp_path / name / "features", labels), tmp_path / "tuning")
    assert len(list((tmp_path / "tuning").glob("logistic-balanced-*.db"))) == 2


@pytest.fixture
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four trials a search, however fast the machine is."""
    monkeypatch.setattr(linear_tuning, "_MOST_TRIALS", 4)
