"""Word vectors that need no file: fitted on the reviews of train, or random."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from tqdm import tqdm

from components.engineer_features.kept_vectors import keyed_vectors, select
from components.shared.reviews import iterate_reviews

DIMENSIONS = 100
#: Passes over train. gensim's 5 are meant for corpora of billions of words.
_EPOCHS = 10
#: Rows for subwords. gensim's 2,000,000 take 800 MB, more than the subwords of some 20,000 words need.
_BUCKETS = 100_000
#: Random vectors are as wide as in Kim (2014), "Convolutional neural networks for sentence classification".
_RANDOM_LIMIT = 0.25


def random_vectors(words: Sequence[str], seed: int) -> KeyedVectors:
    """Returns vectors of shape (words, DIMENSIONS), uniform between -0.25 and 0.25."""
    generator = np.random.default_rng(seed)
    vectors = generator.uniform(-_RANDOM_LIMIT, _RANDOM_LIMIT, (len(words), DIMENSIONS)).astype(np.float32)
    return keyed_vectors(list(words), vectors)


def fit_vectors(method: str, reviews: Path, words: Sequence[str], minimum_count: int, seed: int) -> KeyedVectors:
    """Fits word vectors on the tokens of train; the same seed gives the same vectors.

    Skip-grams with negative sampling, which for small corpora are better than bags of words (Mikolov et al.,
    2013): "word2vec", or with subwords "fasttext" (Bojanowski et al., 2017).

    Args:
        method: "word2vec" or "fasttext".
        reviews: Table of stage "features".
        words: The words to keep.
        minimum_count: Rarer words of train take no part; fastText composes theirs from subwords.
        seed: Of first vectors and sampling.

    Returns:
        Vectors of DIMENSIONS numbers.
    """
    kind, options = {"word2vec": (Word2Vec, {}), "fasttext": (FastText, {"bucket": _BUCKETS})}[method]
    with tqdm(total=_EPOCHS, desc=f"fit {method}", unit="epoch", mininterval=1.0) as bar:
        model = kind(
            sentences=_TrainTokens(reviews),
            vector_size=DIMENSIONS,
            min_count=minimum_count,
            epochs=_EPOCHS,
            sg=1,
            seed=seed,
            workers=1,  # Several threads would take turns as they please, and no two fits would agree.
            callbacks=[_Progress(bar)],
            **options,
        )
    return select(model.wv, words)


class _TrainTokens:
    """The tokens of each review of train, as often as they are asked for, a partition in memory at a time."""

    def __init__(self, reviews: Path) -> None:
        self._reviews = reviews

    def __iter__(self) -> Iterator[list[str]]:
        for partition in iterate_reviews(self._reviews, "features", ["tokens", "split"]):
            for tokens in partition.loc[partition["split"] == "train", "tokens"]:
                yield tokens.split()


class _Progress(CallbackAny2Vec):
    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def on_epoch_end(self, model: Any) -> None:
        self._bar.update()
