"""Splits the clean reviews, and fits on train everything that models need: components/shared/records/features.py.

Three passes over the table, never the whole in memory: what decides the splits; a sample of train for the guard;
then the table of features is written and train is counted.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel
from sklearn.utils.class_weight import compute_class_weight

from components.engineer_features import embeddings, label_in_text, label_proxies, leakage, sampling
from components.engineer_features.fitted_vectors import fit_vectors, random_vectors
from components.engineer_features.guard_page import write_guard
from components.engineer_features.row_keys import RowKeys, name_of, partitions, read_row_keys
from components.engineer_features.splits import LEFT_OUT, TRAIN, Assignment, assign_splits, require_labels
from components.engineer_features.train_statistics import TrainStatistics
from components.engineer_features.vocabulary import build_vocabulary
from components.shared.errors import UserError
from components.shared.files import atomic_path
from components.shared.lstm_variants import FITTED, PACKAGED, RANDOM, embedding_name, embedding_names
from components.shared.notes import note
from components.shared.profile import PROFILE, ProfileBuilder, write_profile
from components.shared.records.features import (
    DESCRIPTION,
    OUTCOMES,
    REVIEWS,
    VOCABULARY,
    Features,
    Finding,
    Imbalance,
    write_embeddings,
)
from components.shared.records.task import Task
from components.shared.reviews import (
    ATTRIBUTE_PREFIX,
    SPLITS,
    ReviewsWriter,
    TableDescription,
    attributes_of,
    columns_of,
    count_reviews,
    read_description,
)
from components.shared.texts.near_duplicates import NEAR_DUPLICATE_ROWS
from components.shared.texts.text import NATURAL_STEPS, TextPreprocessing

#: The guard looks for proxies, and for the label in the text, on so many reviews of train.
_PROXY_ROWS, _TEXT_ROWS = 50_000, 20_000
_SEED_OF_SAMPLE = 0


@dataclass(frozen=True)
class FeatureOptions:
    """What a user may choose about features.

    Attributes:
        language: ISO 639-1 code of the reviews; chooses the stop words.
        clean_steps: The steps that clean took.
        allow_columns: Source columns that may give the label away.
        near_duplicate_similarity: See `near_duplicate_groups`; 1 looks for exact copies only.
        imbalance: What training does about rare classes; one of `Imbalance`.
        word_dropout: Share of words that training leaves out at random.
        embeddings: Word vectors: any of KNOWN_EMBEDDINGS, paths and gs:// URIs.
        minimum_word_count: Rarer words of train are left out of the vocabulary.
        maximum_words: At most this many words.
        seed: Of word vectors that are random or fitted on train.
    """

    language: str = "en"
    clean_steps: tuple[str, ...] = (*NATURAL_STEPS, "stop-words")
    allow_columns: tuple[str, ...] = ()
    near_duplicate_similarity: float = 0.8
    imbalance: str = "weights"
    word_dropout: float = 0.0
    embeddings: tuple[str, ...] = (PACKAGED,)
    minimum_word_count: int = 3
    maximum_words: int = 20_000
    seed: int = 0


class EmbeddingSummary(BaseModel):
    """How well word vectors fit the reviews.

    Attributes:
        dimensions: Numbers a vector.
        vocabulary_coverage, token_coverage: Shares of the vocabulary and of train's running words with a vector.
        most_frequent_misses: Words of train without a vector.
    """

    dimensions: int
    vocabulary_coverage: float
    token_coverage: float
    most_frequent_misses: list[str]


class FeaturesSummary(BaseModel):
    """What was split, found and fitted.

    Attributes:
        rows_per_split: Split to number of reviews.
        rows_left_out: Reviews that no split may hold, see the guard.
        split_by: What decided the splits.
        findings: Outcome to number of the guard's rules that ended so.
        excluded_columns: Source columns that were left out because they give the label away.
        words: Size of the vocabulary.
        rare_words: Words of train that are not in the vocabulary.
        sequence_length: Input length of the LSTM in tokens.
        embeddings: By name of the word vectors.
    """

    rows_per_split: dict[str, int]
    rows_left_out: int
    split_by: str
    findings: dict[str, int]
    excluded_columns: list[str]
    words: int
    rare_words: int
    sequence_length: int
    embeddings: dict[str, EmbeddingSummary]


def engineer(
    reviews: Path,
    options: FeatureOptions,
    data_fingerprint: str,
    code_fingerprint: str,
    destination: Path,
    guard: Path,
) -> FeaturesSummary:
    """Writes the directory of features that components/shared/records/features.py describes, and the guard's page.

    Args:
        reviews: Table of stage "clean".
        options: What the user chose.
        data_fingerprint, code_fingerprint: What the features are made from.
        destination: The directory to write.
        guard: The HTML file to write; if the guard stops the run, it is written and the features are not.

    Raises:
        UserError: A split lacks a label, the guard found a leak that it cannot repair, a column to allow does not
            exist, no word is frequent enough, or the word vectors cannot be read.
    """
    names = embedding_names(options.embeddings)
    description = read_description(reviews)
    task = description.task
    require_columns_exist(options.allow_columns, reviews, task)
    rows = _row_keys(reviews, description, options)
    assigned = assign_splits(rows, options.near_duplicate_similarity)
    counts = assigned.counts(rows.labels, len(task.labels))
    require_labels(counts, task, assigned.by)

    findings, excluded = _sampled_findings(reviews, rows, assigned, task, options.allow_columns)
    findings += [
        leakage.duplicates_finding(rows, assigned),
        leakage.near_duplicates_finding(rows, assigned, options.near_duplicate_similarity),
        leakage.groups_finding(rows, assigned, description.group_column),
        leakage.time_finding(rows, assigned, description.time_column),
        sampling.sizes_finding(counts),
        sampling.class_shares_finding(counts, task),
        sampling.contradictions_finding(rows.labels, assigned),
    ]
    _stop_if_needed(guard, findings, counts, task, assigned)

    with atomic_path(destination) as staged:
        staged.mkdir()
        statistics, profile = _write_table(reviews, staged / REVIEWS, description, rows, assigned, excluded)
        findings.append(leakage.fitted_finding(statistics.rows, assigned))
        vocabulary = _fit_vocabulary(statistics, options)
        summaries = _write_word_vectors(staged, vocabulary, statistics, options)
        features = Features(
            task=task,
            natural_steps=tuple(step for step in NATURAL_STEPS if step in options.clean_steps),
            text=TextPreprocessing.of_steps(options.language, options.clean_steps),
            sequence_length=statistics.sequence_length(),
            embeddings=tuple(names),
            class_weights=_class_weights(rows, assigned, task),
            class_shares=tuple((counts[TRAIN] / counts[TRAIN].sum()).tolist()),
            imbalance=cast(Imbalance, options.imbalance),
            word_dropout=options.word_dropout,
            split_by=assigned.by,
            findings=tuple(findings),
            data_fingerprint=data_fingerprint,
            code_fingerprint=code_fingerprint,
        )
        (staged / VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        write_profile(staged / PROFILE, profile.finish(vocabulary))
        (staged / DESCRIPTION).write_text(features.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_guard(guard, findings, counts, task, assigned.by)
    summary = FeaturesSummary(
        rows_per_split=dict(zip(SPLITS, counts.sum(axis=1).tolist(), strict=True)),
        rows_left_out=int((assigned.splits == LEFT_OUT).sum()),
        split_by=assigned.by,
        findings=Counter(finding.outcome for finding in findings),
        excluded_columns=[column.removeprefix(ATTRIBUTE_PREFIX) for column in excluded],
        words=len(vocabulary),
        rare_words=len(statistics.words) - len(vocabulary),
        sequence_length=features.sequence_length,
        embeddings=summaries,
    )
    _report(summary, findings)
    return summary


def require_columns_exist(allowed: Sequence[str], reviews: Path, task: Task) -> None:
    """Raises UserError if a column that the user allows is not among those the guard looks at."""
    attributes = [name.removeprefix(ATTRIBUTE_PREFIX) for name in attributes_of(columns_of(reviews))]
    known = [*attributes, *filter(None, (task.text_column, task.title_column))]
    for column in allowed:
        if column not in known:
            raise UserError(
                f"--allow-columns: there is no column {column!r}; the guard looks at {', '.join(map(repr, known))}"
            )


def _row_keys(reviews: Path, description: TableDescription, options: FeatureOptions) -> RowKeys:
    few_enough = count_reviews(reviews) <= NEAR_DUPLICATE_ROWS
    return read_row_keys(reviews, description, with_texts=few_enough and options.near_duplicate_similarity < 1)


def _sampled_findings(
    reviews: Path, rows: RowKeys, assigned: Assignment, task: Task, allowed: Sequence[str]
) -> tuple[list[Finding], list[str]]:
    """Returns what the rules found that read a sample of train, and the columns to leave out."""
    attributes = attributes_of(columns_of(reviews))
    train = np.flatnonzero(assigned.splits == TRAIN)
    generator = np.random.default_rng(_SEED_OF_SAMPLE)
    chosen = np.sort(generator.choice(train, min(_PROXY_ROWS, len(train)), replace=False))
    with_text = np.sort(generator.choice(chosen, min(_TEXT_ROWS, len(chosen)), replace=False))
    sampled, texts = [], []
    for partition in partitions(reviews, ["natural", *attributes], "look for leaks"):
        sampled.append(partition.loc[partition.index.isin(chosen), attributes])
        texts += partition.loc[partition.index.isin(with_text), "natural"].tolist()
    scores = label_proxies.proxy_scores(pd.concat(sampled), rows.labels[chosen], task)
    proxies, excluded = label_proxies.proxies_finding(scores, allowed)
    found = label_in_text.most_telling_term(texts, rows.labels[with_text], task)
    return [proxies, label_in_text.text_finding(found, task, allowed)], excluded


def _stop_if_needed(
    guard: Path, findings: Sequence[Finding], counts: NDArray[np.int64], task: Task, assigned: Assignment
) -> None:
    stops = [finding for finding in findings if finding.outcome == "stop"]
    if stops:
        write_guard(guard, findings, counts, task, assigned.by)
        raise UserError(f"{stops[0].rule}: {stops[0].message}")


def _write_table(
    reviews: Path,
    destination: Path,
    description: TableDescription,
    rows: RowKeys,
    assigned: Assignment,
    excluded: Sequence[str],
) -> tuple[TrainStatistics, ProfileBuilder]:
    """Writes the table of stage "features", and returns what was counted on its train split."""
    statistics, profile = TrainStatistics(), ProfileBuilder()
    kept_columns = [column for column in columns_of(reviews) if column not in excluded]
    names = np.array(SPLITS)
    with ReviewsWriter(destination, "features", description) as writer:
        for partition in partitions(reviews, kept_columns, "write features"):
            kept = partition[assigned.splits[partition.index] != LEFT_OUT]
            groups = rows.groups[assigned.together[kept.index]].tolist()
            table = kept.assign(group=[name_of(group) for group in groups], split=names[assigned.splits[kept.index]])
            writer.write(table)
            train = table[table["split"] == "train"]
            statistics.update(train)
            profile.update(train)
    return statistics, profile


def _fit_vocabulary(statistics: TrainStatistics, options: FeatureOptions) -> list[str]:
    vocabulary = build_vocabulary(statistics.words, options.minimum_word_count, options.maximum_words)
    if not vocabulary:
        raise UserError(f"no word stands {options.minimum_word_count} times in train; lower --minimum-word-count")
    return vocabulary


def _write_word_vectors(
    directory: Path, vocabulary: list[str], statistics: TrainStatistics, options: FeatureOptions
) -> dict[str, EmbeddingSummary]:
    """Writes the embedding matrix of each of the user's word vectors; returns how well they fit, by name."""
    all_words = vocabulary + sorted(set(statistics.words) - set(vocabulary))
    summaries = {}
    for embedding in options.embeddings:
        if embedding == RANDOM:
            vectors = random_vectors(vocabulary, options.seed)
        elif embedding in FITTED:
            vectors = fit_vectors(embedding, directory / REVIEWS, all_words, options.minimum_word_count, options.seed)
        else:
            vectors = embeddings.load_vectors(embedding, all_words)
        coverage = embeddings.coverage(vectors, vocabulary, statistics.words)
        summaries[embedding_name(embedding)] = EmbeddingSummary(
            dimensions=vectors.vector_size,
            vocabulary_coverage=coverage.words,
            token_coverage=coverage.tokens,
            most_frequent_misses=coverage.misses,
        )
        write_embeddings(directory, embedding_name(embedding), embeddings.embedding_matrix(vectors, vocabulary))
    return summaries


def _class_weights(rows: RowKeys, assigned: Assignment, task: Task) -> tuple[float, ...]:
    train = rows.labels[assigned.splits == TRAIN]
    return tuple(compute_class_weight("balanced", classes=np.arange(len(task.labels)), y=train).tolist())


def _report(summary: FeaturesSummary, findings: Sequence[Finding]) -> None:
    rows = ", ".join(f"{split} {count:,}" for split, count in summary.rows_per_split.items())
    note(f"splits by {summary.split_by}: {rows}")
    for finding in findings:
        if finding.outcome != "passed":
            note(f"guard, {finding.rule}: {OUTCOMES[finding.outcome][1]}. {finding.message}")
    note(f"vocabulary: {summary.words:,} words; sequences of {summary.sequence_length} tokens")
    for name, embedding in summary.embeddings.items():
        note(
            f"{name}: {embedding.vocabulary_coverage:.1%} of the vocabulary and {embedding.token_coverage:.1%} "
            "of the running words have a vector"
        )
