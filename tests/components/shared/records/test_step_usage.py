from datetime import UTC, datetime, timedelta

import pytest

from components.shared.errors import UserError
from components.shared.meter import Usage
from components.shared.records.step_usage import StepUsage, read_step_usages, write_step_usages

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _step(step, minute, model=""):
    started = _NOON + timedelta(minutes=minute)
    return StepUsage(
        step=step, model=model, started=started, ended=started + timedelta(minutes=1), usage=Usage(seconds=60.0)
    )


def test_steps_of_several_files_come_in_the_order_in_which_they_started(tmp_path):
    write_step_usages(tmp_path / "a", [_step("prune", 5, "lstm"), _step("shrink", 2, "lstm")])
    write_step_usages(tmp_path / "b", [_step("define", 0)])
    read = read_step_usages([tmp_path / "a", tmp_path / "b"])
    assert [one.name for one in read] == ["define", "shrink lstm", "prune lstm"]
    assert read[0] == _step("define", 0)


def test_a_step_that_ended_before_the_run_began_came_from_the_cache():
    assert _step("clean", -10).is_cached(_NOON)
    assert not _step("clean", 0).is_cached(_NOON)


@pytest.mark.parametrize("content", [None, "{}", "[{}]", "not json"])
def test_what_is_no_usage_is_told_with_the_file(tmp_path, content):
    if content is not None:
        (tmp_path / "usage").write_text(content)
    with pytest.raises(UserError, match="usage: not readable as what a step took"):
        read_step_usages([tmp_path / "usage"])
