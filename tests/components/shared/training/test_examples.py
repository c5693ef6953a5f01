"""Choosing and encoding the reviews that a model learns from."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.records.candidates import checkpoint_directory
from components.shared.records.features import DESCRIPTION, Imbalance, read_features, read_split
from components.shared.training.checkpoints import load_checkpoint
from components.shared.training.examples import read_examples, stratified_sample


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=2, max_size=60),
    rows=st.integers(1, 59),
    seed=st.integers(0, 3),
)
def test_a_sample_keeps_the_share_of_each_label(labels: list[str], rows: int, seed: int) -> None:
    reviews = pd.DataFrame({"label": labels, "review_id": range(len(labels))})
    sample = stratified_sample(reviews, rows, seed)
    assert len(sample) == min(rows, len(labels))
    assert sample["review_id"].is_unique
    for label, count in reviews["label"].value_counts().items():
        assert abs((sample["label"] == label).sum() - count * len(sample) / len(labels)) <= 1


def test_the_seed_decides_which_reviews_are_taken() -> None:
    reviews = pd.DataFrame({"label": ["a"] * 100, "review_id": range(100)})
    first, again, other = (stratified_sample(reviews, 20, seed)["review_id"].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_no_number_of_rows_means_all_of_them() -> None:
    reviews = pd.DataFrame({"label": ["a", "b", "a"], "review_id": range(3)})
    pd.testing.assert_frame_equal(stratified_sample(reviews, 0, 1), reviews)


def test_examples_are_the_reviews_of_one_split_with_their_labels(tiny: Any) -> None:
    architecture = load_checkpoint(checkpoint_directory(tiny.trained, "lstm")).architecture
    examples = read_examples(architecture, tiny.features, "tune")
    reviews = read_split(tiny.features, "tune")
    assert [["1", "2", "3"][label] for label in examples.labels] == reviews["label"].tolist()
    encoded = architecture.encode(reviews)
    assert all(np.array_equal(given, expected) for given, expected in zip(examples.encoded, encoded, strict=True))
    assert len(read_examples(architecture, tiny.features, "tune", rows=7).labels) == 7


@pytest.mark.parametrize("imbalance", ["oversample", "undersample"])
def test_only_the_examples_of_train_are_resampled(imbalance: Imbalance, tiny: Any, tmp_path: Path) -> None:
    features = Path(shutil.copytree(tiny.features, tmp_path / "features"))
    described = read_features(features).model_copy(update={"imbalance": imbalance})
    (features / DESCRIPTION).write_text(described.model_dump_json())
    architecture = load_checkpoint(checkpoint_directory(tiny.trained, "lstm")).architecture
    before = np.bincount(read_examples(architecture, tiny.features, "train").labels)
    assert len(set(before.tolist())) > 1
    after = np.bincount(read_examples(architecture, features, "train", seed=3).labels)
    assert set(after.tolist()) == {before.max() if imbalance == "oversample" else before.min()}
    assert len(read_examples(architecture, features, "train", rows=9, seed=3).labels) == 9
    for split in ("tune", "select", "test"):
        given, expected = (read_examples(architecture, directory, split) for directory in (features, tiny.features))
        np.testing.assert_array_equal(given.labels, expected.labels)
        assert all(map(np.array_equal, given.encoded, expected.encoded))
    assert architecture.class_weights(described) == [1.0, 1.0, 1.0]
