import os

import pytest

from components.evaluate.load import Reading, read_load, share_of_others


def test_what_is_idle_or_waits_for_a_disk_is_not_busy_and_guests_count_once(tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    counters = [seconds * ticks for seconds in (10, 2, 3, 100, 20, 1, 1, 3, 9, 1)]
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  {' '.join(map(str, counters))}\ncpu0 1 2 3 4\n")
    reading = read_load(stat)
    assert (reading.busy, reading.total) == (20, 140)
    assert reading.own > 0


def test_this_machine_counts():
    first = read_load()
    sum(range(10**6))
    second = read_load()
    assert first.busy <= second.busy <= second.total
    assert first.own < second.own


def test_the_share_of_others_is_what_was_busy_and_not_ours():
    before = Reading(busy=50.0, total=1000.0, own=7.0)
    after = Reading(busy=50.0 + 6.0, total=1000.0 + 20.0, own=2.0)
    assert share_of_others([(before, after)]) == pytest.approx(4 / 20)


def test_processes_one_after_the_other_count_by_how_long_they_took():
    idle = (Reading(0.0, 0.0, 0.0), Reading(busy=30.0, total=90.0, own=30.0))
    disturbed = (Reading(40.0, 100.0, 0.0), Reading(busy=50.0, total=110.0, own=5.0))
    assert share_of_others([idle, disturbed]) == pytest.approx(5 / 100)


def test_a_share_is_never_negative_and_unknown_where_nothing_is_counted():
    still = Reading(busy=5.0, total=9.0, own=0.0)
    assert share_of_others([(still, Reading(busy=6.0, total=10.0, own=1.01))]) == 0.0
    assert share_of_others([(still, still)]) is None
