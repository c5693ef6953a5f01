from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.shared.files import write_text
from components.shared.records.features import (
    DESCRIPTION,
    REVIEWS,
    Features,
    Imbalance,
    read_embeddings,
    read_features,
    read_split,
    read_training_reviews,
    write_embeddings,
)
from components.shared.records.task import Task
from components.shared.reviews import write_reviews
from components.shared.texts.text import TextPreprocessing


def test_a_features_directory_comes_back_as_it_was_written(tmp_path: Path) -> None:
    description = Features(
        task=Task(labels=("bad", "good"), scores=(0.0, 1.0), text_column="text"),
        text=TextPreprocessing(language="en", stop_words=("the",)),
        sequence_length=12,
        embeddings=("glove-6b-50d",),
        class_weights=(2.0, 0.5),
        class_shares=(0.2, 0.8),
        data_fingerprint="d",
        code_fingerprint="c",
    )
    write_text(tmp_path / DESCRIPTION, description.model_dump_json())
    write_embeddings(tmp_path, "glove-6b-50d", np.eye(3, dtype=np.float32))
    assert read_features(tmp_path) == description
    assert read_embeddings(tmp_path, "glove-6b-50d").dtype == np.float32
    assert read_embeddings(tmp_path, "glove-6b-50d").shape == (3, 3)


def test_a_split_is_read_alone_with_fresh_row_numbers(tmp_path: Path) -> None:
    columns = ("review_id", "title", "text", "label", "natural", "tokens", "group")
    table = pd.DataFrame({name: list("abc") for name in columns} | {"split": ["train", "test", "test"]})
    write_reviews(table, tmp_path / REVIEWS, "features")
    split = read_split(tmp_path, "test")
    assert split["review_id"].tolist() == ["b", "c"]
    assert split.index.tolist() == [0, 1]


def _imbalanced(directory: Path, imbalance: Imbalance) -> Path:
    """Writes features with 30 reviews of label a, 10 of b and 5 of c in train, and others in the other splits."""
    labels = ["a"] * 30 + ["b"] * 10 + ["c"] * 5 + ["a", "a", "b"] * 3
    splits = ["train"] * 45 + ["tune"] * 3 + ["select"] * 3 + ["test"] * 3
    columns = {name: list(map(str, range(54))) for name in ("review_id", "text", "natural", "tokens", "group")}
    order = np.random.default_rng(4).permutation(54)
    table = pd.DataFrame(columns | {"title": "", "label": labels, "split": splits}).iloc[order]
    write_reviews(table, directory / REVIEWS, "features")
    description = Features(
        task=Task(labels=("a", "b", "c"), scores=(0, 1, 2), text_column="text"),
        text=TextPreprocessing(),
        sequence_length=1,
        embeddings=("none",),
        class_weights=(0.5, 1.5, 3.0),
        class_shares=(30 / 45, 10 / 45, 5 / 45),
        imbalance=imbalance,
        data_fingerprint="d",
        code_fingerprint="c",
    )
    write_text(directory / DESCRIPTION, description.model_dump_json())
    return directory


@pytest.mark.parametrize("imbalance", ["weights", "none"])
def test_train_is_as_it_was_written_unless_it_is_to_be_resampled(imbalance: Imbalance, tmp_path: Path) -> None:
    directory = _imbalanced(tmp_path, imbalance)
    pd.testing.assert_frame_equal(read_training_reviews(directory, 1), read_split(directory, "train"))


def test_oversampling_repeats_rare_classes_and_keeps_every_review(tmp_path: Path) -> None:
    directory = _imbalanced(tmp_path, "oversample")
    train, resampled = read_split(directory, "train"), read_training_reviews(directory, 1)
    assert resampled["label"].value_counts().to_dict() == {"a": 30, "b": 30, "c": 30}
    assert set(resampled["review_id"]) == set(train["review_id"])
    assert not resampled.loc[resampled["label"] == "a", "review_id"].duplicated().any()


def test_undersampling_takes_as_many_of_each_class_as_of_the_rarest_none_twice(tmp_path: Path) -> None:
    directory = _imbalanced(tmp_path, "undersample")
    train, resampled = read_split(directory, "train"), read_training_reviews(directory, 1)
    assert resampled["label"].value_counts().to_dict() == {"a": 5, "b": 5, "c": 5}
    assert resampled["review_id"].is_unique and set(resampled["review_id"]) <= set(train["review_id"])


@pytest.mark.parametrize("imbalance", ["oversample", "undersample"])
def test_resampling_follows_its_seed_and_keeps_the_order(imbalance: Imbalance, tmp_path: Path) -> None:
    directory = _imbalanced(tmp_path, imbalance)
    first, again, other = (read_training_reviews(directory, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert first["review_id"].tolist() != other["review_id"].tolist()
    position = {review: row for row, review in enumerate(read_split(directory, "train")["review_id"])}
    rows = first["review_id"].map(position)
    assert rows.is_monotonic_increasing and first.index.tolist() == list(range(len(first)))


@pytest.mark.parametrize("imbalance", ["oversample", "undersample"])
def test_resampling_takes_from_train_alone_and_leaves_the_other_splits(imbalance: Imbalance, tmp_path: Path) -> None:
    directory = _imbalanced(tmp_path, imbalance)
    assert set(read_training_reviews(directory, 1)["split"]) == {"train"}
    for split in ("tune", "select", "test"):
        assert sorted(read_split(directory, split)["label"]) == ["a", "a", "b"]
