"""The page of the leak and sampling guard: what each rule found, and what the splits hold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from components.engineer_features.splits import SHARES
from components.shared.files import write_text
from components.shared.records.features import OUTCOMES, Finding
from components.shared.records.task import Task
from components.shared.reviews import SPLITS

_STYLES = {
    "passed": "good",
    "skipped": "soft",
    "repaired": "good",
    "allowed": "warn",
    "warning": "warn",
    "stop": "bad",
}


def write_guard(path: Path, findings: Sequence[Finding], counts: NDArray[np.int64], task: Task, by: str) -> None:
    """Writes one self-contained HTML file; everything that comes from the data is escaped.

    Args:
        path: The file.
        findings: What the rules found.
        counts: Reviews of each split and label, shape (splits, labels).
        task: Names the labels.
        by: What decided the splits.
    """
    environment = Environment(
        loader=PackageLoader("components.engineer_features", "."), autoescape=True, undefined=StrictUndefined
    )
    splits = [
        {"name": split, "rows": int(row.sum()), "wanted": SHARES[split], "shares": row / max(row.sum(), 1)}
        for split, row in zip(SPLITS, counts, strict=True)
    ]
    page = environment.get_template("guard.html").render(
        findings=findings,
        outcomes=OUTCOMES,
        styles=_STYLES,
        splits=splits,
        rows=int(counts.sum()),
        labels=task.labels,
        by=by,
    )
    write_text(path, page)
