"""What a local run leaves: everything of it in OUT/runs/<stamp>, and the latest files again at the top of OUT."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from components.shared.files import atomic_path

#: Directory in OUT with the results of every run.
RUNS = "runs"
#: The chosen candidate's bundle among a run's results, whatever the gate said; in service is OUT/models/champion.
CANDIDATE = "candidate"
LOG = "run.log"
REPORT = "report.html"
#: Output of the pipeline -> file name.
FILES = {
    "report": REPORT,
    "model_card": "model_card.md",
    "candidates": "candidates.csv",
    "slices": "slices.csv",
    "decision": "decision.json",
}
#: Output of the pipeline with the chosen candidate's bundle; an empty directory if none was chosen.
_CHOSEN = "winner"


def keep_results(outputs: Mapping[str, Path], log: Path, out: Path, stamp: str) -> None:
    """Puts a run's results where people look for them; directory and files each appear whole or not at all.

    Args:
        outputs: Output of the pipeline to where it is.
        log: What the steps said; it is moved.
        out: Directory of the results.
        stamp: Name of the run; there is none of this name yet.
    """
    kept = out / RUNS / stamp
    with atomic_path(kept) as staged:
        staged.mkdir()
        for output, name in FILES.items():
            shutil.copyfile(outputs[output], staged / name)
        shutil.copyfile(log, staged / LOG)
        if any(outputs[_CHOSEN].iterdir()):
            shutil.copytree(outputs[_CHOSEN], staged / CANDIDATE)
    for name in (*FILES.values(), LOG):
        _copy(kept / name, out / name)
    log.unlink()


def keep_log(log: Path, out: Path, stamp: str) -> None:
    """Moves the log of a run that failed where people look for it; earlier results stay as they are."""
    for directory in (out / RUNS / stamp, out):
        _copy(log, directory / LOG)
    log.unlink()


def earlier_reports(out: Path, stamp: str) -> list[Path]:
    """Returns the reports of all runs but the named one, oldest first."""
    return sorted(path for path in (out / RUNS).glob(f"*/{REPORT}") if path.parent.name != stamp)


def _copy(source: Path, destination: Path) -> None:
    with atomic_path(destination) as staged:
        shutil.copyfile(source, staged)
