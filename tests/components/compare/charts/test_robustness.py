import re

import pytest

from components.compare.charts.robustness import describe_robustness, draw_robustness, largest_losses
from components.shared.records.robustness import Noise, Point, Robustness


def _point(strength, loss, low=None, high=None, value=0.6):
    low, high = loss - 0.05 if low is None else low, loss + 0.05 if high is None else high
    return Point(
        strength=strength,
        changed=min(1.0, 2 * strength),
        value=value - loss,
        low=value - loss - 0.1,
        high=value - loss + 0.1,
        loss=loss,
        loss_low=low,
        loss_high=high,
    )


def _noise(name, meaning, measure="quality", **losses):
    curves = {
        candidate: (_point(0.0, 0.0, 0.0, 0.0), *(_point(strength, loss) for strength, loss in by_strength.items()))
        for candidate, by_strength in losses.items()
    }
    return Noise(name=name, meaning=meaning, measure=measure, curves=curves)


_FOUND = Robustness(
    reviews=100,
    metric="macro_f1",
    candidates=("logistic", "lstm"),
    noises=(
        _noise("typos", "of the words have a typo", logistic={0.1: 0.08, 0.4: 0.2}, lstm={0.1: 0.01, 0.4: 0.04}),
        _noise("case", "of the words shout", logistic={1.0: 0.0}, lstm={1.0: -0.02}),
        _noise("negation", "of the sentences", "probability", logistic={1.0: 0.3}, lstm={1.0: 0.02}),
    ),
)


def test_the_words_say_what_typos_cost_what_costs_most_and_how_negation_is_taken():
    logistic, lstm = describe_robustness(_FOUND, "macro-F1")
    assert logistic == (
        "logistic loses 0.080 (0.030 to 0.130) macro-F1 when 10% of the words have a typo. "
        "Most it loses when 40% of the words have a typo: 0.200 (0.150 to 0.250). "
        "When every sentence that can be is negated, the label that it gave falls by 0.300 in probability, "
        "as it should."
    )
    assert lstm == (
        "lstm is not shown to lose macro-F1 (change -0.010, -0.060 to +0.040) when 10% of the words have a typo. "
        "No noise is shown to cost it anything. "
        "When every sentence that can be is negated, the label that it gave is not shown to become less likely."
    )


def test_the_largest_losses_are_one_a_candidate_and_noise_and_never_negation():
    found = [(name, noise.name, point.loss) for name, noise, point in largest_losses(_FOUND)]
    assert found == [
        ("logistic", "typos", 0.2),
        ("lstm", "typos", 0.04),
    ]


def test_the_picture_has_a_panel_a_noise_and_a_line_a_candidate_in_the_colours_of_the_page():
    svg = draw_robustness(_FOUND, "macro-F1")
    for text in ("typos", "case", "negation", "macro-F1", "probability of its label", "logistic", "lstm", "40%"):
        assert text in svg
    assert "var(--accent)" in svg and "currentColor" in svg


def test_lines_are_told_apart_by_more_than_their_colour():
    dashes = set(re.findall(r"stroke-dasharray: ([\d. ,]+)", draw_robustness(_FOUND, "macro-F1")))
    assert dashes, "the second line is dashed"


def test_the_same_record_draws_the_same_picture():
    assert draw_robustness(_FOUND, "macro-F1") == draw_robustness(_FOUND, "macro-F1")


def test_without_noises_there_is_neither_picture_nor_loss():
    assert draw_robustness(Robustness(), "macro-F1") == ""
    assert largest_losses(Robustness()) == []
    assert describe_robustness(Robustness(), "macro-F1") == []


@pytest.mark.parametrize("candidates", [1, 6])
def test_one_candidate_and_six_are_drawn(candidates):
    losses = {f"candidate-{number}": {0.1: 0.01 * number} for number in range(candidates)}
    found = Robustness(noises=(_noise("typos", "of the words", **losses),), candidates=tuple(losses))
    svg = draw_robustness(found, "accuracy")
    assert all(name in svg for name in losses)
