"""A directory of candidates: what each training or technique step emits.

<candidate>/bundle/          the model bundle, ready to score
<candidate>/onnx/            the same candidate as a bundle for ONNX Runtime; only where there is one
<candidate>/no-onnx.txt      why there is none; only of those for which it was tried
<candidate>/checkpoint/      what further techniques start from; only where there are any
<candidate>/history.json     how its training went; only of those that were trained epoch by epoch
<candidate>/conversion.json  what its last technique did; only of those with a technique
tuning.json                  the automatic searches; only if there were any
sensitivity.json             which parts suffer from which technique; only where it was scanned
failures.json                candidate -> reason, for chains that were tried and failed
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from components.shared.bundle import MANIFEST
from components.shared.files import atomic_path, write_text
from components.shared.records.conversions import CONVERSION
from components.shared.records.history import HISTORY
from components.shared.records.searches import Search, read_searches, write_searches
from components.shared.records.sensitivity import SENSITIVITY

_FAILURES, _NO_ONNX = "failures.json", "no-onnx.txt"
_LONGEST_REASON = 300


def bundle_directory(candidates: Path, candidate: str) -> Path:
    """Returns where the bundle of a candidate is."""
    return candidates / candidate / "bundle"


def onnx_directory(candidates: Path, candidate: str) -> Path:
    """Returns where the bundle of a candidate for ONNX Runtime is, if it has one."""
    return candidates / candidate / "onnx"


def write_no_onnx(candidates: Path, candidate: str, reason: str) -> None:
    """Records why a candidate has no bundle for ONNX Runtime, in one line."""
    write_text(candidates / candidate / _NO_ONNX, " ".join(reason.split())[:_LONGEST_REASON] + "\n")


def read_no_onnx(candidates: Path, candidate: str) -> str:
    """Returns why a candidate has no bundle for ONNX Runtime; empty if nobody said."""
    path = candidates / candidate / _NO_ONNX
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def checkpoint_directory(candidates: Path, candidate: str) -> Path:
    """Returns where the checkpoint of a candidate is."""
    return candidates / candidate / "checkpoint"


def list_bundles(candidates: Path) -> dict[str, Path]:
    """Returns the bundle directory of each candidate, by identifier, sorted."""
    return {path.parents[1].name: path.parent for path in sorted(candidates.glob(f"*/bundle/{MANIFEST}"))}


def write_failures(candidates: Path, failures: dict[str, str]) -> None:
    """Records the chains that were tried and failed, candidate to reason; creates the directory."""
    with atomic_path(candidates / _FAILURES) as staged:
        staged.write_text(json.dumps(failures, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_failures(candidates: Path) -> dict[str, str]:
    """Returns what `write_failures` recorded; empty if there is no record."""
    path = candidates / _FAILURES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def gather(sources: Iterable[Path], destination: Path) -> None:
    """Puts what several directories hold into one, all but checkpoints.

    Files are hard-linked where the file system allows it, so that gathering costs no disk locally.
    """
    destination.mkdir(parents=True, exist_ok=True)
    failures: dict[str, str] = {}
    searches: list[Search] = []
    for source in sources:
        failures |= read_failures(source)
        searches += read_searches(source)
        if (source / SENSITIVITY).is_file():
            _link_or_copy(str(source / SENSITIVITY), str(destination / SENSITIVITY))
        for candidate, bundle in list_bundles(source).items():
            shutil.copytree(bundle, bundle_directory(destination, candidate), copy_function=_link_or_copy)
            onnx = onnx_directory(source, candidate)
            if onnx.is_dir():
                shutil.copytree(onnx, onnx_directory(destination, candidate), copy_function=_link_or_copy)
            for name in (HISTORY, CONVERSION, _NO_ONNX):
                if (source / candidate / name).is_file():
                    _link_or_copy(str(source / candidate / name), str(destination / candidate / name))
    write_searches(destination, searches)
    write_failures(destination, failures)


def _link_or_copy(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
