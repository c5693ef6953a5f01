import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.compare.charts.trade_off import Point, draw_trade_off, place_labels


def _point(name="lstm", cost=1.0, **values):
    defaults = {"quality": 0.5, "low": 0.45, "high": 0.55, "offered": True, "on_front": True, "chosen": False}
    return Point(name=name, cost=cost, **(defaults | values))


def _texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("count", [1, 20])
def test_every_candidate_is_named(count):
    points = [_point(f"lstm-{number}", cost=1 + number) for number in range(count)]
    assert {f"lstm-{number}  0.500" for number in range(count)} <= set(_texts(draw_trade_off(points, "q", "c")))


def test_of_many_candidates_those_that_matter_to_the_choice_are_named():
    others = [_point(f"lstm-{number}", cost=3 + number, on_front=False) for number in range(57)]
    telling = [_point("on-front"), _point("choice", chosen=True), _point("best", on_front=False, best=True)]
    names = {text.split()[0] for text in _texts(draw_trade_off([*others, *telling], "q", "c")) if "  0.5" in text}
    assert names == {"on-front", "choice", "best"}


@pytest.mark.parametrize("count", [1, 60])
def test_every_point_has_its_details_as_title(count):
    points = [_point(f"<{number}>", details=("p95 2 ms", "<b>& more")) for number in range(count)]
    groups = [
        group
        for group in ElementTree.fromstring(draw_trade_off(points, "q", "c")).iter(f"{_SVG}g")
        if group.get("class") == "candidate"
    ]
    titles = {group.find(f"{_SVG}title").text for group in groups}
    assert titles == {f"<{number}>\np95 2 ms\n<b>& more" for number in range(count)}
    assert all(group.find(f".//{_SVG}use") is not None for group in groups)


@given(wanted=st.lists(st.floats(0, 1), min_size=1, max_size=20).map(sorted))
def test_labels_keep_their_order_their_distance_and_the_chart(wanted):
    gap = 0.05
    placed = place_labels(wanted, gap)
    assert all(later - earlier >= gap - 1e-9 for earlier, later in pairwise(placed))
    assert gap / 2 - 1e-9 <= placed[0] and placed[-1] <= 1 - gap / 2 + 1e-9


def test_labels_with_room_stand_where_they_are_wanted():
    assert place_labels([0.2, 0.5, 0.8], 0.1) == [0.2, 0.5, 0.8]


def test_the_chart_grows_with_its_names():
    few, many = (
        ElementTree.fromstring(draw_trade_off([_point(f"p{number}") for number in range(count)], "q", "c"))
        for count in (5, 60)
    )
    assert float(many.attrib["height"].removesuffix("pt")) > float(few.attrib["height"].removesuffix("pt"))


def test_costs_far_apart_are_drawn_on_a_logarithmic_scale():
    far = _texts(draw_trade_off([_point(cost=0.01), _point(cost=10.0)], "q", "c"))
    near = _texts(draw_trade_off([_point(cost=1.0), _point(cost=10.0)], "q", "c"))
    assert "10.0" not in far
    assert "10" in near


def test_a_cost_of_nothing_can_be_drawn():
    assert draw_trade_off([_point(cost=0.0), _point(cost=10.0)], "q", "c").startswith("<svg")


def test_without_points_there_is_no_chart():
    assert draw_trade_off([], "q", "c") == ""


@settings(max_examples=15, deadline=None)
@given(name=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12))
@example(name="$\\frac{1}$")
@example(name="</svg><script>&amp;")
def test_any_name_is_written_as_text(name):
    assert f"{name}  0.500" in _texts(draw_trade_off([_point(name)], "q", "c"))
