"""The meter around a step."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.shared.errors import UserError
from components.shared.gpu import GpuMeter, GpuUse
from components.shared.records.step_usage import read_step_usages
from components.shared.step_meter import metered

_STEP = """
import sys, time
from types import SimpleNamespace
sum(range(3_000_000))
before = time.process_time()
from components.shared.step_meter import metered
with metered("clean", SimpleNamespace(path=sys.argv[1], metadata={})):
    pass
print(before)
"""


def _output(path: Path) -> SimpleNamespace:
    return SimpleNamespace(path=str(path), metadata={})


def test_a_step_writes_what_it_took_and_shows_it(tmp_path: Path) -> None:
    output = _output(tmp_path / "usage")
    with metered("prune", output, "lstm"):
        sum(range(300_000))
    (record,) = read_step_usages([tmp_path / "usage"])
    assert record.name == "prune lstm"
    assert record.started < record.ended <= datetime.now(UTC)
    assert output.metadata["seconds"] == record.usage.seconds > 0
    assert output.metadata["device"] == "cpu"
    assert "gpu_share" not in output.metadata and "cost_eur" not in output.metadata


def test_what_the_process_did_before_the_block_counts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _STEP, str(tmp_path / "usage")]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    (record,) = read_step_usages([tmp_path / "usage"])
    assert record.usage.cpu_seconds >= float(finished.stdout)
    assert record.usage.seconds > 0
    assert record.usage.seconds == pytest.approx((record.ended - record.started).total_seconds(), abs=0.5)


def test_the_usages_of_earlier_steps_are_handed_on(tmp_path: Path) -> None:
    with metered("shrink", _output(tmp_path / "shrink"), "lstm"):
        pass
    with metered("gather", _output(tmp_path / "gather"), "lstm", earlier=[tmp_path / "shrink"]):
        pass
    assert {one.step for one in read_step_usages([tmp_path / "gather"])} == {"shrink", "gather"}


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError), metered("ingest", _output(tmp_path / "usage")):
        raise UserError("no such file")
    assert not (tmp_path / "usage").exists()


def test_a_machine_with_a_gpu_is_paid_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(self: GpuMeter, *_: object) -> None:
        self.use = GpuUse(share=0.0, memory_mb=300.0, energy_wh=None)

    monkeypatch.setattr(GpuMeter, "__exit__", leave)
    output = _output(tmp_path / "usage")
    with metered("train-lstm", output):
        pass
    (record,) = read_step_usages([tmp_path / "usage"])
    assert record.usage.device == "gpu" and record.usage.gpu_share == 0.0
    assert output.metadata["gpu_memory_mb"] == 300.0
