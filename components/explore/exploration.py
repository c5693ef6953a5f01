"""The data as it came, on one page that a product owner reads."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.explore.advice import advice, is_telling
from components.explore.charts import Bar, bars_of_counts, boxes_of_lengths, columns_of_lengths, strips_of_shares
from components.explore.sample_figures import SIMILARITY, SampleFigures, figures_of_sample
from components.explore.table_figures import TableFigures, figures_of_table
from components.explore.table_scan import reviews_of, rows_at, sample_positions, scan_reviews
from components.explore.wording import correlation, count_of, number, percent, printable
from components.explore.words import Word
from components.shared.files import write_text
from components.shared.reviews import ATTRIBUTE_PREFIX, TableDescription, read_description
from components.shared.texts.text import default_stop_words

#: Costly figures of larger tables are taken from a random sample of so many reviews.
SAMPLE_ROWS = 50_000
_CONTRADICTIONS = 5
_MOST_COLUMNS = 25
_WORD, _SHORT, _LONG = 18, 40, 240


def write_exploration(reviews: Path, language: str, seed: int, report: Path) -> None:
    """Writes one self-contained HTML file; all texts from the source are escaped and shortened.

    Counts are of the whole table; words, languages, near-duplicates and associations of a random sample.

    Args:
        reviews: Table of stage "ingested".
        language: ISO 639-1 code of the reviews.
        seed: Of the sample.
        report: The HTML file to write.

    Raises:
        UserError: The file is not a reviews table.
    """
    description = read_description(reviews)
    task = description.task
    table = figures_of_table(scan_reviews(reviews, task), len(task.labels), _CONTRADICTIONS)
    rows = rows_at(reviews, sample_positions(table.rows, SAMPLE_ROWS, seed))
    sample = figures_of_sample(rows, task, language, seed)
    write_text(report, render(description, language, table, sample, _contradictions(reviews, table)))


def _contradictions(reviews: Path, table: TableFigures) -> list[list[tuple[str, str]]]:
    """Returns label and text of each of the example rows, a list for each contradicting text."""
    found = []
    for positions in table.copies.examples:
        rows = rows_at(reviews, positions, ["title", "text", "label"])
        found.append(list(zip(rows["label"].tolist(), reviews_of(rows), strict=True)))
    return found


def render(
    description: TableDescription,
    language: str,
    table: TableFigures,
    sample: SampleFigures,
    contradictions: list[list[tuple[str, str]]],
) -> str:
    """Returns the page.

    Args:
        description: What the labels and columns mean.
        language: ISO 639-1 code of the reviews.
        table, sample: The figures.
        contradictions: Label and text of rows with the same text, a list for each text.
    """
    environment = Environment(
        loader=PackageLoader("components.explore", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": lambda text: printable(text, _SHORT),
        "quote": lambda text: printable(text, _LONG),
    }
    environment.filters |= {"word": lambda text: printable(text, _WORD), "percent": percent, "number": number}
    environment.filters |= {
        "correlation": correlation,
        "column": lambda name: printable(name.removeprefix(ATTRIBUTE_PREFIX), _SHORT),
    }
    labels = description.task.labels
    said = advice(table, sample, labels)
    return environment.get_template("exploration.html").render(
        description=description,
        language=language,
        table=table,
        sample=sample,
        sampled=_sampled(table, sample),
        advice=[one for one in said if one.kind != "fine"],
        fine=[one for one in said if one.kind == "fine"],
        balance=bars_of_counts(dict(zip(labels, table.class_counts, strict=True)), table.rows),
        histogram=columns_of_lengths(table),
        lengths=boxes_of_lengths(labels, table.lengths_of_labels),
        associations=sample.associations[:_MOST_COLUMNS],
        is_telling=is_telling,
        missing=_missing(description, table),
        languages=_languages(language, sample),
        duplicates=_duplicates(table, sample),
        similarity=SIMILARITY,
        contradictions=contradictions,
        drift=strips_of_shares(labels, table.drift) if table.drift else [],
        widest={"telling": _widest(one.telling for one in sample.words)}
        | {"frequent": _widest(one.frequent for one in sample.words)},
        has_stop_words=bool(default_stop_words(language)),
        count_of=count_of,
    )


def _widest(words_of_labels: Iterable[Iterable[Word]]) -> float:
    return max((word.here for words in words_of_labels for word in words), default=1.0)


def _sampled(table: TableFigures, sample: SampleFigures) -> str:
    if sample.rows == table.rows:
        return ""
    return f"From a random sample of {number(sample.rows)} of {number(table.rows)} reviews."


def _missing(description: TableDescription, table: TableFigures) -> list[Bar]:
    """Returns the columns that lack values, under the names they have in the source, the emptiest first."""
    task = description.task
    names = {"title": task.title_column, "text": task.text_column}
    names |= {"group_key": description.group_column, "time": description.time_column}
    counts = {
        names.get(column) or column.removeprefix(ATTRIBUTE_PREFIX): count
        for column, count in table.missing.items()
        if count and (column != "title" or task.title_column)
    }
    most = dict(sorted(counts.items(), key=lambda item: -item[1])[:_MOST_COLUMNS])
    return bars_of_counts(most, table.rows)


def _languages(language: str, sample: SampleFigures) -> list[Bar]:
    others = dict(list(sample.languages.items())[:10])
    rest = sum(sample.languages.values()) - sum(others.values())
    wanted = sample.rows_with_text - sum(sample.languages.values())
    counts = {f"{language}, or too short to tell": wanted} | others | ({"others": rest} if rest else {})
    return bars_of_counts(counts, max(sample.rows_with_text, 1))


def _duplicates(table: TableFigures, sample: SampleFigures) -> list[Bar]:
    whole, of_sample = max(table.rows_with_text, 1), max(sample.rows_with_text, 1)
    return [
        *bars_of_counts({"exact copies": table.copies.copies}, whole),
        *bars_of_counts({"near-duplicates": sample.near_duplicates.texts}, of_sample),
        *bars_of_counts({"contradicting labels": table.copies.contradicting_rows}, whole),
    ]
