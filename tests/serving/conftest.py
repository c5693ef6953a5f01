import json
import shutil
from pathlib import Path

import pytest

from components.shared.bundle import MANIFEST


@pytest.fixture
def unordered_bundle(logistic_bundle: Path, tmp_path: Path) -> Path:
    """The logistic bundle as if its labels had no order."""
    bundle = shutil.copytree(logistic_bundle, tmp_path / "unordered")
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    manifest["task"]["ordered"] = False
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return bundle
