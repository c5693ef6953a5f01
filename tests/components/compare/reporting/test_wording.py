import pytest

from components.compare.reporting.wording import (
    describe_always_on,
    describe_tried,
    fastest_of_each_runtime,
    sentence,
)
from components.shared.need import parse_need
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


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (
            "batch",
            "lstm costs, started once a day and stopped when it is done, under 0.01 € a month: that is how the",
        ),
        ("always_on", "lstm costs, always on, 36.50 € a month: that is how the need runs it"),
    ],
)
def test_both_modes_are_priced_and_that_of_the_need_comes_first(mode, words):
    need = parse_need("").model_copy(update={"mode": mode})
    assert describe_always_on("lstm", 0.000175, 36.5, need).startswith(words)
