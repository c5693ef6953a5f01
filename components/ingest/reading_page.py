"""The page of the reading: how the source was read, what each column is taken for, and what was repaired."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from components.ingest.columns import ColumnPlan
from components.ingest.labels import LabelOrder
from components.shared.files import write_text
from components.shared.texts.printable import printable


def write_reading(
    path: Path, summary: Mapping[str, object], plan: ColumnPlan, order: LabelOrder, formats: Sequence[str]
) -> None:
    """Writes one self-contained HTML file; all that comes from the source is escaped.

    Args:
        path: The file.
        summary: The fields of IngestSummary.
        plan: The role of each column.
        order: The labels in their order.
        formats: How each file was read.
    """
    environment = Environment(
        loader=PackageLoader("components.ingest", "."), autoescape=True, finalize=_without_control_characters
    )
    page = environment.get_template("reading.html").render(summary=summary, plan=plan, order=order, formats=formats)
    write_text(path, page)


def _without_control_characters(value: object) -> object:
    return printable(value) if isinstance(value, str) else value
