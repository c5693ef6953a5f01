import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.compare.charts.trade_off import Point, draw_trade_off


def _point(name="lstm", cost=1.0, **values):
    defaults = {"quality": 0.5, "low": 0.45, "high": 0.55, "offered": True, "on_front": True, "chosen": False}
    return Point(name=name, cost=cost, **(defaults | values))


def _texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("count", [1, 20, 60])
def test_every_candidate_is_named(count):
    points = [_point(f"lstm-{number}", cost=1 + number) for number in range(count)]
    assert {f"lstm-{number}  0.500" for number in range(count)} <= set(_texts(draw_trade_off(points, "q", "c")))


def test_the_chart_grows_with_its_candidates():
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
