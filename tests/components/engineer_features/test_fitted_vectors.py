"""Word vectors that are fitted on train, or random."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.engineer_features.fitted_vectors import DIMENSIONS, fit_vectors, random_vectors
from components.shared.lstm_variants import FITTED
from components.shared.reviews import write_reviews

_TOPICS = (("silk", "satin", "velvet"), ("boots", "shoes", "heels"))


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in which words of one topic stand together, and a word that only test has."""
    generator = random.Random(3)
    records = []
    for row in range(900):
        split = "train" if row % 3 else "test"
        words = generator.choices(_TOPICS[row % 2], k=8) + (["unseen"] if split == "test" else [])
        records.append({"review_id": str(row), "tokens": " ".join(words), "split": split})
    columns = {name: "" for name in ("title", "text", "label", "natural", "group")}
    path = tmp_path_factory.mktemp("fitted") / "reviews.parquet"
    write_reviews(pd.DataFrame(records).assign(**columns), path, "features")
    return path


@pytest.mark.parametrize("method", FITTED)
def test_words_that_stand_together_get_like_vectors(method: str, reviews: Path) -> None:
    vectors = fit_vectors(method, reviews, ["silk", "satin", "boots", "shoes"], 2, seed=1)
    assert vectors.vector_size == DIMENSIONS
    assert vectors.similarity("silk", "satin") > vectors.similarity("silk", "boots")
    assert vectors.similarity("boots", "shoes") > vectors.similarity("satin", "shoes")


@pytest.mark.parametrize("method", FITTED)
def test_the_same_seed_fits_the_same_vectors_and_another_does_not(method: str, reviews: Path) -> None:
    words = ["silk", "boots"]
    first, again, other = (fit_vectors(method, reviews, words, 2, seed).vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_words_that_train_does_not_hold_have_no_vector_except_from_subwords(reviews: Path) -> None:
    assert "unseen" not in fit_vectors("word2vec", reviews, ["silk", "unseen"], 2, seed=1)
    vectors = fit_vectors("fasttext", reviews, ["silk", "silken"], 2, seed=1)
    assert vectors.similarity("silk", "silken") > 0.5


def test_random_vectors_follow_their_seed_and_keep_their_limits() -> None:
    first, again, other = (random_vectors(["silk", "boots"], seed) for seed in (1, 1, 2))
    assert first.vectors.shape == (2, DIMENSIONS)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert not np.array_equal(first.vectors, other.vectors)
    assert 0.2 < np.abs(first.vectors).max() <= 0.25
