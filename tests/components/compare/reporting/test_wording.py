import pytest

from components.compare.reporting.wording import (
    describe_always_on,
    describe_tried,
    fastest_of_each_runtime,
    sentence,
)
from components.shared.records.measurements import TriedRuntime

_SLOW = TriedRuntime(runtime="litert", reviews_per_second=100.0)
_FAST = TriedRuntime(runtime="litert", threads=2, batch_size=16, reviews_per_second=1312.4, note="one scale a row")
_BROKEN = TriedRuntime(runtime="onnxruntime", note="no such operator")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("two\n lines", "Two lines."), ("Why not?", "Why not?"), (" \n", ""), ("1 of 9 stays", "1 of 9 stays.")],
)
def test_a_text_becomes_one_sentence_on_one_line(text, expected):
    assert sentence(text) == expected


def test_a_way_to_run_is_told_with_its_speed_or_why_it_does_not_work():
    assert describe_tried(_FAST) == "litert, 1 × 2 threads, batch 16: 1,312 reviews/s (one scale a row)"
    assert describe_tried(_BROKEN) == "onnxruntime: no such operator"


def test_of_each_run_time_the_fastest_way_is_taken_also_where_none_works():
    assert fastest_of_each_runtime([_SLOW, _FAST, _SLOW, _BROKEN]) == [_FAST, _BROKEN]
    assert fastest_of_each_runtime([]) == []


@pytest.mark.parametrize(("stopped", "words"), [(0.000175, "208,571 times as much"), (12.0, "3.04 times as much")])
def test_what_always_on_costs_is_told_as_a_number_that_people_read(stopped, words):
    assert words in describe_always_on("lstm", stopped, 36.5, runs_per_day=1)
