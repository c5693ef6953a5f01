"""The compiled YAML: golden, deterministic, and free of machine-learning imports."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"


def _compile(output: Path, hash_seed: str = "0") -> None:
    command = [sys.executable, "-W", "ignore", str(ROOT / "pipelines" / "compile.py"), "--output", str(output)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run(command, check=True, cwd=output, env=environment, capture_output=True)


def _comparable(text: str) -> str:
    """Leaves out what may differ: the compiler's version and the images' registry and tag."""
    text = re.sub(r"sdkVersion: .*", "", text)
    return re.sub(r"\S+/(data|train|evaluate|serve):[\w.-]+", r"\1", text)


def test_compiled_pipelines_equal_the_golden_files(tmp_path: Path) -> None:
    _compile(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in GOLDEN.iterdir())
    for golden in GOLDEN.iterdir():
        compiled = (tmp_path / golden.name).read_text(encoding="utf-8")
        assert _comparable(compiled) == _comparable(golden.read_text(encoding="utf-8")), "make golden rewrites it"


def test_compiling_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory, hash_seed in ((first, "1"), (second, "2")):
        directory.mkdir()
        _compile(directory, hash_seed)
    assert (first / "training.yaml").read_bytes() == (second / "training.yaml").read_bytes()


@pytest.mark.parametrize("module", ["pipelines.compile", "pipelines.local"])
def test_pipelines_import_no_machine_learning_library(module: str) -> None:
    code = (
        f"import sys, {module}; heavy = {{'tensorflow', 'keras', 'tf_keras', 'transformers', 'sklearn', 'torch', "
        "'gensim', 'scipy'} & set(sys.modules); sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    finished = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
