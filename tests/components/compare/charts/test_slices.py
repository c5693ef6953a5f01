from dataclasses import replace
from xml.etree import ElementTree

from components.compare.charts.slices import describe_slices, draw_slices
from components.compare.slices import Estimate, SlicedCandidate, SliceFigures

_TINY = SliceFigures("Department", "Trend", 12, flips=1)


def _slice(value, quality, **changed):
    return SliceFigures(
        attribute="Department",
        value=value,
        reviews=400,
        labels=5,
        quality=Estimate(quality, quality - 0.05, quality + 0.05),
        difference=Estimate(quality - 0.5, quality - 0.6, quality - 0.4),
        average_error=Estimate(0.02, -0.05, 0.09),
        **changed,
    )


_ALONE = SlicedCandidate(
    candidate="logistic",
    parent="",
    quality=0.5,
    slices=(_slice("Tops", 0.52), _slice("Dresses", 0.31, weaker=True), _TINY),
)
_COMPRESSED = SlicedCandidate(
    candidate="lstm-int8",
    parent="lstm",
    quality=0.5,
    slices=(
        _slice("Tops", 0.52, change=Estimate(0.01, -0.01, 0.03), flips=4),
        _slice("Dresses", 0.41, change=Estimate(-0.08, -0.12, -0.03), harmed=True, flips=60),
    ),
)


def _texts(svg):
    return "".join(ElementTree.fromstring(svg).itertext())


def test_the_picture_names_every_slice_that_is_large_enough_with_its_reviews():
    svg = draw_slices(_ALONE, "macro-F1")
    shown = _texts(svg)
    assert "Department" in shown and "Tops (400)" in shown and "Dresses (400)" in shown
    assert "Trend" not in shown
    assert "var(--against)" in svg and "#0102" not in svg


def test_names_of_slices_stay_text():
    hostile = replace(_slice("<script>alert(1)</script> $x$", 0.5), attribute="<b>")
    svg = draw_slices(SlicedCandidate("a", "", 0.5, (hostile,)), "macro-F1")
    assert "<script>alert" not in svg and "<b>" not in svg
    assert "<script>alert(1)</script> $x$ (400)" in _texts(svg)


def test_without_a_large_slice_there_is_no_picture_but_words():
    small = SlicedCandidate("a", "", 0.5, (_TINY,))
    assert draw_slices(small, "macro-F1") == ""
    assert describe_slices(small, "macro-F1") == "No slice has enough reviews to say anything of."


def test_words_name_the_weaker_slices():
    assert describe_slices(_ALONE, "macro-F1") == (
        "Significantly weaker than on the other reviews, by macro-F1: Department, Dresses (-0.190)."
    )


def test_words_name_no_more_than_the_five_weakest():
    weak = [
        replace(_slice(f"s{number}", 0.3, weaker=True), difference=Estimate(-0.1 - number / 100, -0.3, -0.05))
        for number in range(7)
    ]
    words = describe_slices(SlicedCandidate("a", "", 0.5, tuple(weak)), "macro-F1")
    assert "Department, s6 (-0.160); Department, s5" in words
    assert words.endswith("; and 2 more.")
    assert "s1 " not in words


def test_words_name_the_slices_that_compression_harmed():
    assert describe_slices(_COMPRESSED, "macro-F1") == (
        "On none of the 2 slices is it significantly weaker than on the other reviews. "
        "Compression harmed it, against lstm: Department, Dresses (-0.080)."
    )
    unharmed = replace(_COMPRESSED, slices=_COMPRESSED.slices[:1])
    assert describe_slices(unharmed, "accuracy").endswith(
        "On none did compression do significant harm, against lstm."
    )
