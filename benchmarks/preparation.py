"""The data steps as the pipeline does them by default, for benchmarks that train."""

from collections.abc import Sequence
from pathlib import Path

from components.clean.cleaning import clean_reviews
from components.clean.expectations import Thresholds
from components.engineer_features.features import FeatureOptions, engineer
from components.ingest.ingestion import SourceOptions, ingest_reviews
from pipelines.arguments import defaults


def clean_table(data: Path, workspace: Path) -> Path:
    """Reads and cleans a table of reviews, its columns understood by themselves; returns the cleaned reviews.

    Args:
        data: A table that the pipeline can read.
        workspace: Directory to write in.
    """
    parameters = defaults()
    reviews, cleaned = workspace / "reviews.parquet", workspace / "clean.parquet"
    ingest_reviews(
        SourceOptions(data=str(data)),
        sample_rows=0,
        sampling=parameters["sampling"],
        seed=0,
        destination=reviews,
        reading=workspace / "reading.html",
    )
    clean_reviews(
        reviews,
        parameters["language"],
        parameters["clean_steps"],
        Thresholds(**{name: parameters[name] for name in Thresholds.__dataclass_fields__}),
        cleaned,
        workspace / "checks.html",
        workspace / "data_docs",
    )
    return cleaned


def engineer_features(cleaned: Path, embeddings: Sequence[str], seed: int, features: Path) -> None:
    """Writes the directory of features, splits included; the splits do not depend on the seed.

    Args:
        cleaned: Cleaned reviews.
        embeddings: Word vectors.
        seed: Of word vectors that are random or fitted.
        features: The directory to write.
    """
    parameters = defaults()
    options = FeatureOptions(
        language=parameters["language"],
        clean_steps=tuple(parameters["clean_steps"]),
        near_duplicate_similarity=parameters["near_duplicate_similarity"],
        imbalance=parameters["imbalance"],
        word_dropout=parameters["word_dropout"],
        embeddings=tuple(embeddings),
        minimum_word_count=parameters["minimum_word_count"],
        maximum_words=parameters["maximum_words"],
        seed=seed,
    )
    engineer(cleaned, options, "data", "code", features, features.with_suffix(".html"))
