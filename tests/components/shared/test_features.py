from pathlib import Path

import numpy as np
import pandas as pd

from components.shared.features import (
    DESCRIPTION,
    EMBEDDINGS,
    REVIEWS,
    Features,
    read_embeddings,
    read_features,
    read_split,
)
from components.shared.files import write_text
from components.shared.reviews import write_reviews
from components.shared.task import Task
from components.shared.text import TextPreprocessing


def test_a_features_directory_comes_back_as_it_was_written(tmp_path: Path) -> None:
    description = Features(
        task=Task(labels=("bad", "good"), scores=(0.0, 1.0), text_column="text"),
        text=TextPreprocessing(language="en", stop_words=("the",)),
        sequence_length=12,
        embedding="glove-6b-50d",
        class_weights=(2.0, 0.5),
        class_shares=(0.2, 0.8),
        data_fingerprint="d",
        code_fingerprint="c",
    )
    write_text(tmp_path / DESCRIPTION, description.model_dump_json())
    np.save(tmp_path / EMBEDDINGS, np.eye(3, dtype=np.float32))
    assert read_features(tmp_path) == description
    assert read_embeddings(tmp_path).dtype == np.float32
    assert read_embeddings(tmp_path).shape == (3, 3)


def test_a_split_is_read_alone_with_fresh_row_numbers(tmp_path: Path) -> None:
    columns = ("review_id", "title", "text", "label", "natural", "tokens", "group")
    table = pd.DataFrame({name: list("abc") for name in columns} | {"split": ["train", "test", "test"]})
    write_reviews(table, tmp_path / REVIEWS, "features")
    split = read_split(tmp_path, "test")
    assert split["review_id"].tolist() == ["b", "c"]
    assert split.index.tolist() == [0, 1]
