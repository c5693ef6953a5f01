"""From a table of reviews somewhere to the reviews table, in bounded memory."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from components.ingest import sentiment140
from components.ingest.adapters import choose_adapter, plan_columns
from components.ingest.columns import ColumnPlan, NamedColumns
from components.ingest.fetching import fetch
from components.ingest.labels import LabelOrder, LabelReader, order_labels
from components.ingest.mapping import Mapper
from components.ingest.reading import Source, open_source
from components.ingest.reading_page import write_reading
from components.ingest.sample import DEFAULT_ROWS, generate_sample
from components.ingest.sampling import StratifiedSample, UniformSample
from components.ingest.source_table import shown
from components.ingest.summary import IngestSummary, tell_plan, tell_summary
from components.ingest.usability import LabelCounts, check_labelled, check_usable
from components.shared.errors import UserError
from components.shared.fingerprints import TableFingerprint
from components.shared.records.task import Task, scores_of
from components.shared.reviews import MINIMUM_ROWS, PARTITION_ROWS, ReviewsWriter, TableDescription

_BUILT_IN = "built-in sample"
_Sample = StratifiedSample | UniformSample
_SAMPLES: dict[str, type[_Sample]] = {"stratified": StratifiedSample, "reservoir": UniformSample}


@dataclass(frozen=True)
class SourceOptions:
    """Where the reviews are and how to read them.

    Attributes:
        data: A file, folder or glob, an https:// or a gs:// URI; "" means the generated sample.
        sha256: Expected SHA-256 of the file; required for https://.
        encoding, delimiter: Of text files; "" means detected.
        adapter: clothing, sentiment140 or auto; "" means by the columns.
        text_column, title_column, label_column, group_column, time_column: Columns that go before the adapter's
            choice; "" leaves it to the adapter, "none" means that there is no title, group or time.
        labels: Labels from worst to best, any other is an error; () means the adapter's.
    """

    data: str = ""
    sha256: str = ""
    encoding: str = ""
    delimiter: str = ""
    adapter: str = ""
    text_column: str = ""
    title_column: str = ""
    label_column: str = ""
    labels: tuple[str, ...] = ()
    group_column: str = ""
    time_column: str = ""

    @property
    def name(self) -> str:
        """What the user calls the source, for messages."""
        return self.data or _BUILT_IN

    @property
    def columns(self) -> NamedColumns:
        """The columns that the user named."""
        return NamedColumns(
            text=self.text_column,
            title=self.title_column,
            label=self.label_column,
            group=self.group_column,
            time=self.time_column,
        )


def ingest_reviews(
    options: SourceOptions, sample_rows: int, sampling: str, seed: int, destination: Path, reading: Path
) -> IngestSummary:
    """Fetches a table of reviews, checks it, and writes the reviews table (stage "ingested").

    The table is read partition by partition; in memory are one partition, and the sample if there is one. A row's
    `review_id` is its number in the source, counted from 1 without the header. Rows without a label are left out
    and counted; rows without a text stay for `clean` to count.

    Args:
        options: The source and how to read it.
        sample_rows: Keep this many rows; 0 keeps all. For the generated sample: how many to generate, 0 meaning
            the usual number.
        sampling: How they are chosen: "stratified" (each label keeps its share) or "reservoir" (each row has the
            same chance).
        seed: Seed of sampling and of the generated sample.
        destination: The Parquet file to write.
        reading: The HTML page to write: how the source was read and understood.

    Raises:
        UserError: The source cannot be read or is no usable table of reviews.
    """
    if 0 < sample_rows < MINIMUM_ROWS:
        raise UserError(f"--sample-rows {sample_rows} is too few; at least {MINIMUM_ROWS} are needed")
    if sampling not in _SAMPLES:
        raise UserError(f"sampling: unknown '{shown(sampling)}'; known are {', '.join(_SAMPLES)}")
    with tempfile.TemporaryDirectory() as workspace:
        source = _open(options, sample_rows or DEFAULT_ROWS, seed, Path(workspace))
        adapter = choose_adapter(options.adapter, source.columns, options.label_column, options.name)
        head = source.head()
        plan = plan_columns(adapter, head, source.unreadable, options.columns, options.labels, options.name)
        tell_plan(plan, source)
        ingestion = _Ingestion(source, plan, Mapper(plan, head, options.name), options.name)
        sample = _SAMPLES[sampling](sample_rows, seed) if sample_rows else None
        ingestion.run(sample, sample_rows, destination)
    summary = ingestion.summary()
    write_reading(reading, summary.model_dump(), plan, ingestion.order, source.formats)
    tell_summary(summary)
    return summary


def _open(options: SourceOptions, generated_rows: int, seed: int, workspace: Path) -> Source:
    if not options.data:
        # Through a file like any other source, so that the sample exercises the same reading.
        path = workspace / "sample.csv"
        generate_sample(generated_rows, seed).to_csv(path, index=False)
        return open_source([path], options.name)
    paths = fetch(options.data, options.sha256, workspace)
    source = open_source(paths, options.name, options.encoding, options.delimiter)
    if options.adapter in ("", "sentiment140") and sentiment140.is_original(source.columns):
        if not options.encoding and source.repairs.all():  # not clean UTF-8: as it was published
            source = open_source(paths, options.name, sentiment140.ENCODING, options.delimiter)
        return source.without_header(sentiment140.COLUMNS)
    return source


class _Ingestion:
    """One pass over the source, and what it came to; two passes where contradictions must be known first.

    Attributes:
        order: The labels in their order; known when the source was read.
    """

    order: LabelOrder
    _description: TableDescription

    def __init__(self, source: Source, plan: ColumnPlan, mapper: Mapper, name: str) -> None:
        self._source, self._plan, self._mapper, self._name = source, plan, mapper, name
        self._contradictions = self._find_contradictions() if plan.drop_contradictions else None
        self._labelled, self._kept = LabelCounts(), LabelCounts()
        self._rows = self._unlabelled = self._contradicting = 0
        self._fingerprint = TableFingerprint()

    def run(self, sample: _Sample | None, sample_rows: int, destination: Path) -> None:
        """Reads the source and writes the reviews table; see `ingest_reviews`."""
        with ReviewsWriter(destination, "ingested") as writer:
            for table in self._labelled_tables():
                if sample is None:
                    self._write(writer, table)
                else:
                    sample.add(table)
            self._check()
            if sample is not None:
                for table in _partitions_of(sample.result()):
                    self._write(writer, table)
                self._check_enough(self._kept, f"{self._name}: --sample-rows {sample_rows}")
            self._description = self._describe()
            writer.description = self._description

    def _labelled_tables(self) -> Iterator[pd.DataFrame]:
        """Yields the labelled rows of each partition in the schema of reviews; counts what is left out."""
        for partition in self._source.partitions():
            table = self._mapper.map(partition)
            labelled = table[table["label"] != ""]
            self._rows += len(table)
            self._unlabelled += len(table) - len(labelled)
            if self._contradictions is not None:
                contradicting = self._contradictions.among(labelled["text"])
                self._contradicting += int(contradicting.sum())
                labelled = labelled[~contradicting]
            self._labelled.add(labelled)
            if len(labelled):
                yield labelled

    def _find_contradictions(self) -> sentiment140.Contradictions:
        labels = LabelReader(self._plan.named("label"), self._plan.labels, self._name)
        text = self._plan.named("text")
        return sentiment140.Contradictions(
            ((part[text].str.strip(), part[self._plan.named("label")]) for part in self._source.partitions()), labels
        )

    def _write(self, writer: ReviewsWriter, table: pd.DataFrame) -> None:
        writer.write(table)
        self._fingerprint.update(table)
        self._kept.add(table)

    def _check(self) -> None:
        """Settles the labels; raises UserError if the labelled reviews are not enough."""
        check_labelled(self._unlabelled, self._rows, self._plan.named("label"), self._name)
        found = self._labelled.rows
        if self._plan.labels:
            present = [
                label for label in self._plan.labels if found[label] or label not in self._plan.optional_labels
            ]
            self.order = LabelOrder(tuple(present), True, "given, from worst to best")
        else:
            self.order = order_labels(list(found))
        self._check_enough(self._labelled, self._name)

    def _check_enough(self, counts: LabelCounts, name: str) -> None:
        check_usable(counts.with_text, self.order.labels, self._plan.named("text"), name)

    def _describe(self) -> TableDescription:
        plan, labels = self._plan, self.order.labels
        return TableDescription(
            task=Task(
                labels=labels,
                scores=scores_of(labels),
                text_column=plan.named("text"),
                title_column=plan.named("title"),
                ordered=self.order.ordered,
            ),
            source=self._name,
            adapter=plan.adapter,
            label_column=plan.named("label"),
            group_column=plan.named("group"),
            time_column=plan.named("time"),
            identifiers=plan.all_named("identifier"),
        )

    def summary(self) -> IngestSummary:
        """Returns what was read and kept."""
        return IngestSummary(
            source=self._name,
            adapter=self._plan.adapter,
            rows_read=self._source.repairs.rows,
            rows_damaged=self._source.repairs.damaged,
            rows_without_label=self._unlabelled,
            rows_contradicting=self._contradicting,
            rows_sampled_out=self._labelled.rows.total() - self._kept.rows.total(),
            rows_kept=self._kept.rows.total(),
            rows_without_text=self._kept.without_text,
            rows_per_label={label: self._kept.rows[label] for label in self.order.labels},
            ordered=self.order.ordered,
            repairs=[*self._source.repairs.all(), *self._mapper.repairs.all()],
            fingerprint=self._fingerprint.hexdigest(self._description.model_dump_json()),
        )


def _partitions_of(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for first in range(0, len(table), PARTITION_ROWS):
        yield table.iloc[first : first + PARTITION_ROWS]
