import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from components.shared.bundle import MANIFEST, set_responses
from components.shared.quantification import measure_responses


@pytest.fixture
def unordered_bundle(logistic_bundle: Path, tmp_path: Path) -> Path:
    """The logistic bundle as if its labels had no order."""
    bundle = shutil.copytree(logistic_bundle, tmp_path / "unordered")
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    manifest["task"]["ordered"] = False
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return bundle


@pytest.fixture
def winning_bundle(logistic_bundle: Path, tmp_path: Path) -> Path:
    """The logistic bundle as a winner's, whose model was seen to take each label for the next but for the best."""
    bundle = shutil.copytree(logistic_bundle, tmp_path / "winning")
    truth = np.repeat([0, 1, 2], 200)
    answers = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.0, 0.0, 1.0]])
    set_responses(bundle, measure_responses(truth, answers[truth]))
    return bundle
