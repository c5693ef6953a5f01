"""What is counted on train, partition by partition: the only thing that is fitted from."""

import math
from collections import Counter

import numpy as np
import pandas as pd

_LENGTH_QUANTILE = 0.95
#: Beyond so many different words the rarest are forgotten: they are typing mistakes, and memory is bounded.
_MOST_WORDS = 1_000_000


class TrainStatistics:
    """Words and lengths of the train split.

    Attributes:
        rows: Number of reviews taken in.
        words: Word to how often it stands in them; a word that is very rare in a very large table may be missing.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.words: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()

    def update(self, partition: pd.DataFrame) -> None:
        """Takes in the next reviews.

        Args:
            partition: Rows of stage "features", all of split train.

        Raises:
            ValueError: A review is of another split: a programming error.
        """
        others = set(partition["split"]) - {"train"}
        if others:
            raise ValueError(f"leakage: statistics of train were given reviews of {sorted(others)}")
        reviews = [tokens.split() for tokens in partition["tokens"]]
        self.rows += len(reviews)
        self._lengths.update(map(len, reviews))
        for tokens in reviews:
            self.words.update(tokens)
        self._forget_rare_words()

    def sequence_length(self) -> int:
        """Returns the 95 % quantile of tokens a review, at least 1."""
        lengths = np.repeat(list(self._lengths.keys()), list(self._lengths.values()))
        return max(1, math.ceil(np.quantile(lengths, _LENGTH_QUANTILE)))

    def _forget_rare_words(self) -> None:
        rare = 0
        while len(self.words) > _MOST_WORDS:
            rare += 1
            self.words = Counter({word: count for word, count in self.words.items() if count > rare})
