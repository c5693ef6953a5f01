"""The pictures of a training, and what they say in words."""

import xml.etree.ElementTree as ElementTree

import pytest

from components.compare.charts.training_curves import describe_curves, draw_curves
from components.shared.records.history import History


def _history(epochs: int) -> History:
    return History(
        loss=[1.5 / (epoch + 1) for epoch in range(epochs)],
        gradient_norm=[2.0 + epoch for epoch in range(epochs)],
        tune_macro_f1=[0.3 + 0.01 * epoch for epoch in range(epochs)],
        tune_accuracy=[0.5] * epochs,
        seconds=[10.0] * epochs,
        reviews=1000,
        best_epoch=max(epochs - 2, 0),
    )


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_picture_has_four_panels_in_the_colours_of_the_page(epochs: int) -> None:
    svg = draw_curves(_history(epochs))
    root = ElementTree.fromstring(svg)
    words = " ".join(root.itertext())
    for title in ("training loss", "macro-F1 on tune", "gradient norm", "reviews/s"):
        assert title in words
    assert "var(--accent)" in svg and "currentColor" in svg and "#0102" not in svg


def test_the_same_history_gives_the_same_picture() -> None:
    assert draw_curves(_history(3)) == draw_curves(_history(3))


def test_the_words_say_what_the_picture_shows() -> None:
    words = describe_curves(_history(3))
    assert words.startswith("3 epochs; the weights of epoch 2 were kept.")
    assert "from 1.500 to 0.500" in words and "(kept: 0.310)" in words and "100 reviews/s" in words


def test_a_training_without_epochs_has_no_picture() -> None:
    assert draw_curves(History()) == "" and describe_curves(History()) == "No epoch was trained."


def test_zeros_are_drawn() -> None:
    flat = _history(2).model_copy(update={"gradient_norm": [0.0, 0.0]})
    assert "gradient norm" in draw_curves(flat)
