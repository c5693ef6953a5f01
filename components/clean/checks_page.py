"""The page of the cleaning: what was removed and changed, with examples, and the checked expectations."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from components.clean.expectations import Outcome
from components.shared.files import write_text


def write_checks(
    path: Path,
    summary: Mapping[str, object],
    examples: Mapping[str, Sequence[tuple[str, str]]],
    outcomes: Sequence[Outcome],
) -> None:
    """Writes one self-contained HTML file; all texts of reviews are escaped and shortened.

    Args:
        path: The file.
        summary: The fields of CleanSummary.
        examples: Kind of change to (text before, text after).
        outcomes: The checked expectations, in order.
    """
    environment = Environment(loader=PackageLoader("components.clean", "."), autoescape=True)
    page = environment.get_template("checks.html").render(summary=summary, examples=examples, outcomes=outcomes)
    write_text(path, page)
