import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.engineer_features.features import FeaturesSummary, engineer, sequence_length
from components.shared.errors import UserError
from components.shared.features import VOCABULARY, read_embeddings, read_features, read_split
from components.shared.reviews import SPLITS, write_reviews


def _write_clean(path: Path, rows: int = 600) -> Path:
    generator = random.Random(7)
    words = "soft dress top fit nice awful itchy love size colour".split()
    texts = [" ".join(generator.choices(words, k=generator.randrange(3, 20))) + f" {row}" for row in range(rows)]
    table = pd.DataFrame({"review_id": [str(row) for row in range(rows)], "title": "", "text": texts})
    table["label"] = [generator.choices(("1", "2"), (1, 3))[0] for _ in texts]
    table["natural"] = table["text"]
    table["tokens"] = table["text"].str.replace(r" \d+$", "", regex=True)
    write_reviews(table, path, "clean")
    return path


def _engineer(reviews: Path, destination: Path, **changes: Any) -> FeaturesSummary:
    arguments: dict[str, Any] = {
        "labels": ["1", "2"],
        "text_column": "Review Text",
        "title_column": "Title",
        "language": "en",
        "embedding": "",
        "minimum_word_count": 2,
        "maximum_words": 1000,
        "data_fingerprint": "d" * 16,
        "code_fingerprint": "c" * 16,
    }
    return engineer(reviews=reviews, destination=destination, **(arguments | changes))


def test_the_directory_holds_what_the_training_steps_read(tmp_path: Path) -> None:
    summary = _engineer(_write_clean(tmp_path / "clean.parquet"), tmp_path / "features")
    description = read_features(tmp_path / "features")
    vocabulary = json.loads((tmp_path / "features" / VOCABULARY).read_text(encoding="utf-8"))
    assert read_embeddings(tmp_path / "features").shape == (len(vocabulary) + 1, 50)
    assert {split: len(read_split(tmp_path / "features", split)) for split in SPLITS} == summary.rows_per_split
    assert sum(summary.rows_per_split.values()) == 600
    assert description.task.scores == (1.0, 2.0)
    assert description.task.text_column == "Review Text"
    assert summary.words == len(vocabulary) == 10
    assert summary.token_coverage == summary.vocabulary_coverage == 1.0


def test_everything_fitted_comes_from_train_alone(tmp_path: Path) -> None:
    path = _write_clean(tmp_path / "clean.parquet")
    _engineer(path, tmp_path / "features")
    train = read_split(tmp_path / "features", "train")
    clean = pd.read_parquet(path)
    others = ~clean["review_id"].isin(train["review_id"])
    clean.loc[others, "tokens"] = "unseen " * 90
    write_reviews(clean, path, "clean")
    _engineer(path, tmp_path / "again")
    assert read_features(tmp_path / "again") == read_features(tmp_path / "features")
    assert "unseen" not in json.loads((tmp_path / "again" / VOCABULARY).read_text())


def test_class_weights_balance_the_classes_of_train(tmp_path: Path) -> None:
    _engineer(_write_clean(tmp_path / "clean.parquet"), tmp_path / "features")
    description = read_features(tmp_path / "features")
    weighted = np.array(description.class_weights) * np.array(description.class_shares)
    np.testing.assert_allclose(weighted, 0.5)


def test_equal_input_gives_equal_files(tmp_path: Path) -> None:
    path = _write_clean(tmp_path / "clean.parquet")
    for name in ("one", "two"):
        _engineer(path, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_sequence_length_is_the_95_percent_quantile() -> None:
    assert sequence_length([["w"] * length for length in range(1, 101)]) == 96
    assert sequence_length([[], []]) == 1


def test_words_that_are_all_rare_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no word stands 99999 times in train"):
        _engineer(_write_clean(tmp_path / "clean.parquet"), tmp_path / "features", minimum_word_count=99999)
    assert not (tmp_path / "features").exists()


def test_a_label_without_reviews_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the train split .* has none with label '3'"):
        _engineer(_write_clean(tmp_path / "clean.parquet"), tmp_path / "features", labels=["1", "2", "3"])
