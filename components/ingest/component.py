"""The ingest component: from a table somewhere to the reviews table."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def ingest(
    data: str,
    data_sha256: str,
    text_column: str,
    title_column: str,
    label_column: str,
    labels: list[str],
    sample_rows: int,
    seed: int,
    code_fingerprint: str,
    reviews: dsl.Output[dsl.Dataset],
) -> str:
    """Fetches a table of reviews, checks it, and writes the reviews table. Never cached.

    Args:
        data: A local path, an https:// or a gs:// URI of a CSV file; empty means the generated sample.
        data_sha256: Expected SHA-256 of the file; required for https://.
        text_column: Column of the review text.
        title_column: Column of the review title; empty if there is none.
        label_column: Column of the label.
        labels: Labels from worst to best; any other label is an error.
        sample_rows: Keep this many rows, stratified by label; 0 keeps all.
        seed: Seed of sampling and of the generated sample.
        code_fingerprint: Fingerprint of the code, from define.
        reviews: The reviews table as Parquet.

    Returns:
        The fingerprint of the table's content, which cached steps take as input.
    """
    from pathlib import Path

    from components.ingest.ingestion import ingest_reviews

    summary = ingest_reviews(
        data=data,
        sha256=data_sha256,
        text_column=text_column,
        title_column=title_column,
        label_column=label_column,
        labels=labels,
        sample_rows=sample_rows,
        seed=seed,
        destination=Path(reviews.path),
    )
    reviews.metadata.update(summary.model_dump())
    return summary.fingerprint
