import re

import pytest

from components.compare.charts.sensitivity import describe_sensitivity, draw_sensitivity
from components.shared.records.sensitivity import PartSensitivity, Sensitivity


def _figure(part, treatment, shift, used=True):
    return PartSensitivity(
        part=part,
        layers=f"{part}.*",
        treatment=treatment,
        used=used,
        macro_f1_loss=0.012,
        agreement=0.97,
        shift=shift,
    )


def _scan(*figures):
    return Sensitivity(
        model="distilbert", reviews=100, macro_f1=0.5, sparsity=0.5, clusters=32, seconds=1.0, figures=figures
    )


_SCAN = _scan(
    _figure("embeddings", "int8", 0.001),
    _figure("embeddings", "prune", 0.3, used=False),
    _figure("embeddings", "cluster", 0.01, used=False),
    _figure("ffn", "int8", 0.002),
    _figure("ffn", "prune", 0.096),
    _figure("ffn", "cluster", 0.05),
    _figure("head", "int8", 0.025),
    _figure("head", "prune", 0.0),
    _figure("head", "cluster", 0.0),
)


def test_the_most_sensitive_parts_are_named_each_once_with_how_to_keep_them_in_float():
    assert describe_sensitivity(_SCAN) == (
        "Most sensitive: ffn (50% of the weights zero: 9.6% of the probability moves), "
        "head (weights in int8: 2.5% of the probability moves). "
        "To keep their layers in float: --kept-in-float 'ffn.*,head.*'."
    )


def test_a_model_that_suffers_nowhere_is_said_to():
    words = describe_sensitivity(_scan(_figure("head", "int8", 0.001)))
    assert "nothing to keep in float" in words
    assert "--kept-in-float" not in words


def test_the_heat_map_has_a_cell_for_each_part_and_technique_in_the_colours_of_the_page():
    svg = draw_sensitivity(_SCAN)
    assert svg.count("F1 -0.012") == len(_SCAN.figures)
    for text in ("embeddings", "ffn", "weights in int8", "50% of the weights zero", "32 distinct weights", "9.6%"):
        assert text in svg
    assert "var(--against)" in svg
    assert "currentColor" in svg


def test_what_a_technique_leaves_alone_stands_in_brackets():
    assert re.search(r"\(30\.0%[^<]*\)", draw_sensitivity(_SCAN))


def test_no_change_has_a_plus():
    unchanged = _figure("head", "int8", 0.001).model_copy(update={"macro_f1_loss": 0.0})
    assert "F1 +0.000" in draw_sensitivity(_scan(unchanged))


@pytest.mark.parametrize("figures", [(), (_figure("head", "int8", 0.0),)])
def test_a_scan_without_figures_or_without_loss_draws_too(figures):
    assert ("<svg" in draw_sensitivity(_scan(*figures))) == bool(figures)
