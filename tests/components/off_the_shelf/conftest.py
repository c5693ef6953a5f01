"""The servers of the services' own tests, few reviews, and a quick place for the answers."""

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.shared.records.features import REVIEWS
from components.shared.reviews import read_reviews, write_reviews
from components.shared.texts.text import join_title

_SERVERS = Path(__file__).parents[1] / "shared" / "services" / "conftest.py"
_spec = importlib.util.spec_from_file_location("service_servers", _SERVERS)
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)

azure_server, chat_server, documented = _module.azure_server, _module.chat_server, _module.documented

_ROWS = {"train": 40, "tune": 25, "select": 40, "test": 25}


@pytest.fixture(scope="session")
def few(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of few reviews, every call costs time; read only."""
    directory = tmp_path_factory.mktemp("few") / "features"
    shutil.copytree(trained.features, directory)
    table = read_reviews(directory / REVIEWS, "features")
    table = table[table.groupby("split").cumcount() < table["split"].map(_ROWS)].reset_index(drop=True)
    table["natural"] = [join_title(title, text) for title, text in zip(table["title"], table["text"], strict=True)]
    (directory / REVIEWS).unlink()
    write_reviews(table, directory / REVIEWS, "features")
    return directory


@pytest.fixture
def answers_directory() -> Iterator[Path]:
    """Where answers are kept: in memory where that can be had, because a disk is slow to confirm each write."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        yield Path(directory) / "answers"
