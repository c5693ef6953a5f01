from xml.etree import ElementTree

import numpy as np
import pytest

from components.compare.charts.calibration import describe_reliability, describe_roc, draw_reliability, draw_roc
from components.shared.metrics import quality, roc_of_label

_SCORES = np.array([1.0, 2.0])


def _figures(confidence, right, rows=1000):
    truth = (np.arange(rows) >= right * rows).astype(int)
    return quality(truth, np.tile([confidence, 1 - confidence], (rows, 1)), _SCORES)


def test_the_reliability_curve_is_svg_in_the_colours_of_the_page():
    svg = draw_reliability(_figures(0.8, 0.6).reliability)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "var(--accent)" in svg and "#0102" not in svg
    assert draw_reliability([]) == ""


@pytest.mark.parametrize(
    ("confidence", "right", "words"),
    [
        (0.8, 0.6, "surer than it should be"),
        (0.6, 0.8, "less sure than it could be"),
        (0.7, 0.7, "can be taken as they are"),
    ],
)
def test_words_say_whether_a_model_is_too_sure(confidence, right, words):
    assert describe_reliability(_figures(confidence, right)).endswith(f"{words}.")


def test_errors_in_both_directions_do_not_cancel_out_in_words():
    truth = np.repeat([0, 1, 0, 1], [60, 40, 100, 0])
    probabilities = np.repeat([[0.85, 0.15], [0.75, 0.25]], [100, 100], axis=0)
    assert "too sure of some reviews and not sure enough of others" in describe_reliability(
        quality(truth, probabilities, _SCORES)
    )


def test_each_label_has_a_panel_with_its_curve_and_stays_text():
    generator = np.random.default_rng(1)
    truth, probabilities = generator.integers(0, 7, 300), generator.dirichlet(np.ones(7), 300)
    labels = ["<b>", *"bcdefg"]
    svg = draw_roc({label: roc_of_label(truth, probabilities, index) for index, label in enumerate(labels)})
    texts = [(one.text or "").strip() for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [one for one in texts if one in labels] == labels
    assert "<b>" not in svg
    assert draw_roc({}) == ""


def test_words_name_the_labels_told_apart_best_and_worst():
    words = describe_roc({"1": 0.9, "2": None, "3": 0.7})
    assert "best from the others: 1 (area under the curve 0.900), worst: 3 (0.700)" in words
    assert describe_roc({"1": None}) == ""
