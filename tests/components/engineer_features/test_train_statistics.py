import pandas as pd
import pytest

from components.engineer_features import train_statistics
from components.engineer_features.train_statistics import TrainStatistics


def _train(*reviews: str) -> pd.DataFrame:
    return pd.DataFrame({"tokens": reviews, "split": "train"})


def test_words_and_reviews_are_counted_over_partitions() -> None:
    statistics = TrainStatistics()
    statistics.update(_train("soft dress", "soft"))
    statistics.update(_train("dress dress"))
    assert statistics.words == {"soft": 2, "dress": 3}
    assert statistics.rows == 3


def test_another_split_is_refused() -> None:
    reviews = _train("soft dress", "soft").assign(split=["train", "test"])
    with pytest.raises(ValueError, match=r"leakage: statistics of train were given reviews of \['test'\]"):
        TrainStatistics().update(reviews)


def test_sequence_length_is_the_95_percent_quantile() -> None:
    statistics = TrainStatistics()
    for length in range(1, 101):
        statistics.update(_train(" ".join(["word"] * length)))
    assert statistics.sequence_length() == 96


def test_sequence_length_is_at_least_1() -> None:
    statistics = TrainStatistics()
    statistics.update(_train("", ""))
    assert statistics.sequence_length() == 1


def test_the_rarest_words_are_forgotten_when_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_statistics, "_MOST_WORDS", 3)
    statistics = TrainStatistics()
    statistics.update(_train("soft soft soft dress dress odd rare top top"))
    assert statistics.words == {"soft": 3, "dress": 2, "top": 2}
