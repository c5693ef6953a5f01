"""The ingest component: from a table somewhere to the reviews table."""

from kfp import dsl

from components import images


@dsl.component(base_image=images.DATA, install_kfp_package=False)
def ingest(
    data: str,
    data_sha256: str,
    encoding: str,
    delimiter: str,
    adapter: str,
    text_column: str,
    title_column: str,
    label_column: str,
    labels: list[str],
    group_column: str,
    time_column: str,
    sample_rows: int,
    sampling: str,
    seed: int,
    code_fingerprint: str,
    reviews: dsl.Output[dsl.Dataset],
    reading: dsl.Output[dsl.HTML],
    usage: dsl.Output[dsl.Metrics],
) -> str:
    """Fetches a table of reviews, checks it, and writes the reviews table. Never cached.

    Args:
        data: A file, folder or glob, an https:// or a gs:// URI of CSV, TSV, JSON lines or Parquet, perhaps in a
            gzip or zip; empty means the generated sample.
        data_sha256: Expected SHA-256 of the file; required for https://.
        encoding: Of CSV, TSV and JSON lines; empty means detected.
        delimiter: Of CSV; empty means detected.
        adapter: How columns are understood: clothing, sentiment140 or auto; empty means by the columns.
        text_column: Column of the review text; empty means the adapter's.
        title_column: Column of the review title; empty means the adapter's, "none" that there is none.
        label_column: Column of the label; empty means the adapter's.
        labels: Labels from worst to best, any other is an error; empty means the adapter's.
        group_column: Column whose rows must share a split; empty means the adapter's, "none" that there is none.
        time_column: Column to split by time; empty or "none" means that splits do not go by time.
        sample_rows: Keep this many rows; 0 keeps all.
        sampling: How they are chosen: stratified (by label) or reservoir.
        seed: Seed of sampling and of the generated sample.
        code_fingerprint: Fingerprint of the code, from define.
        reviews: The reviews table as Parquet.
        reading: How the source was read and its columns understood, and what was repaired.
        usage: What the step took.

    Returns:
        The fingerprint of the table's content, which cached steps take as input.
    """
    from pathlib import Path

    from components.shared.step_meter import metered

    with metered("ingest", usage):
        from components.ingest.ingestion import SourceOptions, ingest_reviews

        summary = ingest_reviews(
            SourceOptions(
                data=data,
                sha256=data_sha256,
                encoding=encoding,
                delimiter=delimiter,
                adapter=adapter,
                text_column=text_column,
                title_column=title_column,
                label_column=label_column,
                labels=tuple(labels),
                group_column=group_column,
                time_column=time_column,
            ),
            sample_rows=sample_rows,
            sampling=sampling,
            seed=seed,
            destination=Path(reviews.path),
            reading=Path(reading.path),
        )
        reviews.metadata.update(summary.model_dump())
        return summary.fingerprint
