"""The page of the cleaning: what was removed and changed, with examples, and the checked expectations."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from components.clean.expectations import Outcome
from components.shared.files import write_text

#: What each step does, in the order they are taken.
STEPS_IN_WORDS = {
    "encoding": "broken encodings repaired",
    "html": "HTML entities read, tags taken out",
    "links": "links taken out",
    "controls": "control and invisible characters taken out",
    "emoji": "emoji put into words",
    "stop-words": "stop words taken out (token view)",
    "lemmas": "words put into their dictionary form (token view)",
}


def write_checks(
    path: Path,
    summary: Mapping[str, object],
    examples: Mapping[str, Sequence[tuple[str, str]]],
    outcomes: Sequence[Outcome],
) -> None:
    """Writes one self-contained HTML file; all texts of reviews are escaped.

    Args:
        path: The file.
        summary: The fields of CleanSummary.
        examples: Step or reason to (text before, text after).
        outcomes: The checked expectations, in order.
    """
    environment = Environment(loader=PackageLoader("components.clean", "."), autoescape=True)
    page = environment.get_template("checks.html").render(
        summary=summary, examples=examples, outcomes=outcomes, steps=STEPS_IN_WORDS
    )
    write_text(path, page)
