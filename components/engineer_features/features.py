"""Splits the clean reviews, and fits on train everything that models need: components/shared/features.py."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel
from sklearn.utils.class_weight import compute_class_weight

from components.engineer_features import embeddings
from components.engineer_features.leakage import require_disjoint
from components.engineer_features.splits import add_splits, require_labels
from components.engineer_features.vocabulary import build_vocabulary
from components.shared.errors import UserError
from components.shared.features import DESCRIPTION, EMBEDDINGS, REVIEWS, VOCABULARY, Features
from components.shared.files import atomic_path
from components.shared.reviews import SPLITS, read_reviews, write_reviews
from components.shared.task import Task, scores_of
from components.shared.text import TextPreprocessing, default_stop_words

_LENGTH_QUANTILE = 0.95


class FeaturesSummary(BaseModel):
    """What was fitted on train.

    Attributes:
        rows_per_split: Split to number of reviews.
        words: Size of the vocabulary.
        sequence_length: Input length of the LSTM in tokens.
        embedding, dimensions: Which word vectors, and how long they are.
        vocabulary_coverage, token_coverage: Shares of the vocabulary and of train's running words with a vector.
        most_frequent_misses: Words of train without a vector.
    """

    rows_per_split: dict[str, int]
    words: int
    sequence_length: int
    embedding: str
    dimensions: int
    vocabulary_coverage: float
    token_coverage: float
    most_frequent_misses: list[str]


def engineer(
    reviews: Path,
    labels: Sequence[str],
    text_column: str,
    title_column: str,
    language: str,
    embedding: str,
    minimum_word_count: int,
    maximum_words: int,
    data_fingerprint: str,
    code_fingerprint: str,
    destination: Path,
) -> FeaturesSummary:
    """Writes the directory of features that components/shared/features.py describes.

    Args:
        reviews: Table of stage "clean".
        labels: Labels from worst to best.
        text_column, title_column: Source columns, recorded for scoring.
        language: ISO 639-1 code of the reviews; chooses the stop words.
        embedding: Word vectors: empty for the packaged GloVe, else a path or gs:// URI of a text file.
        minimum_word_count: Rarer words of train are left out of the vocabulary.
        maximum_words: At most this many words.
        data_fingerprint, code_fingerprint: What the features are made from.
        destination: The directory to write.

    Raises:
        UserError: A split lacks a label, no word is frequent enough, or the word vectors cannot be read.
    """
    table = add_splits(read_reviews(reviews, "clean"))
    require_labels(table, labels)
    require_disjoint(table)
    train = table[table["split"] == "train"]
    tokens = train["tokens"].str.split().tolist()

    vocabulary = build_vocabulary(tokens, minimum_word_count, maximum_words)
    if not vocabulary:
        raise UserError(f"no word stands {minimum_word_count} times in train; lower --minimum-word-count")
    all_words = vocabulary + sorted({token for review in tokens for token in review} - set(vocabulary))
    vectors = embeddings.load_vectors(embedding, all_words)
    matrix = embeddings.embedding_matrix(vectors, vocabulary)
    coverage = embeddings.coverage(vectors, vocabulary, tokens)
    description = Features(
        task=Task(
            labels=tuple(labels),
            scores=scores_of(tuple(labels)),
            text_column=text_column,
            title_column=title_column,
        ),
        text=TextPreprocessing(language=language, stop_words=tuple(default_stop_words(language))),
        sequence_length=sequence_length(tokens),
        embedding=embeddings.name_of(embedding),
        class_weights=_class_weights(train, labels),
        class_shares=tuple(float((train["label"] == label).mean()) for label in labels),
        data_fingerprint=data_fingerprint,
        code_fingerprint=code_fingerprint,
    )
    with atomic_path(destination) as staged:
        staged.mkdir()
        write_reviews(table, staged / REVIEWS, "features")
        (staged / VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        np.save(staged / EMBEDDINGS, matrix, allow_pickle=False)
        (staged / DESCRIPTION).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    summary = FeaturesSummary(
        rows_per_split={split: int((table["split"] == split).sum()) for split in SPLITS},
        words=len(vocabulary),
        sequence_length=description.sequence_length,
        embedding=description.embedding,
        dimensions=matrix.shape[1],
        vocabulary_coverage=coverage.words,
        token_coverage=coverage.tokens,
        most_frequent_misses=coverage.misses,
    )
    _report(summary)
    return summary


def sequence_length(reviews: Sequence[list[str]]) -> int:
    """Returns the 95 % quantile of tokens a review, at least 1.

    Args:
        reviews: The tokens of each review of train.
    """
    return max(1, math.ceil(np.quantile([len(tokens) for tokens in reviews], _LENGTH_QUANTILE)))


def _class_weights(train: pd.DataFrame, labels: Sequence[str]) -> tuple[float, ...]:
    weights = compute_class_weight("balanced", classes=np.array(labels), y=train["label"].to_numpy(dtype=str))
    return tuple(float(weight) for weight in weights)


def _report(summary: FeaturesSummary) -> None:
    rows = ", ".join(f"{split} {count:,}" for split, count in summary.rows_per_split.items())
    print(f"splits: {rows}")
    print(
        f"vocabulary: {summary.words:,} words, {summary.vocabulary_coverage:.1%} of them and "
        f"{summary.token_coverage:.1%} of the running words have a vector in {summary.embedding}; "
        f"sequences of {summary.sequence_length} tokens"
    )
