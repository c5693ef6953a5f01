"""Where a finished run of the pipeline keeps its artifacts."""

from pathlib import Path

from components.shared.errors import UserError


def latest_steps(run: Path) -> Path:
    """Returns the directory of the steps of the latest finished pipeline run in OUT.

    Raises:
        UserError: There is none.
    """
    runs = sorted((run / "pipeline_root").glob("*/*/evaluate"))
    if not runs:
        raise UserError(f"{run}: no finished run of the pipeline; make one with: make run OUT={run}")
    return runs[-1].parent
