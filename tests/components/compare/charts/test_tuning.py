from xml.etree import ElementTree

import pytest

from components.compare.charts.tuning import describe_search, draw_search
from components.shared.records.searches import Search, TrialRecord


def _search(*trials: tuple[str, float | None], best: int | None) -> Search:
    return Search(
        candidate="lstm",
        metric="macro_f1",
        minutes=10,
        how="Each trial trains.",
        best={"units": 64, "learning_rate": 0.00123456},
        best_trial=best,
        trials=tuple(
            TrialRecord(number=number, values={"units": 64}, outcome=outcome, score=score, seconds=30)
            for number, (outcome, score) in enumerate(trials)
        ),
    )


def test_the_picture_is_svg_with_a_mark_for_each_trial_and_colours_of_the_page() -> None:
    svg = draw_search(_search(("finished", 0.4), ("stopped", 0.3), ("finished", 0.5), ("stopped", None), best=2))
    root = ElementTree.fromstring(svg)
    marks = [one for one in root.iter("{http://www.w3.org/2000/svg}use") if "clip-path" not in one.attrib]
    assert root.tag.endswith("svg")
    assert marks
    assert "var(--accent)" in svg and "currentColor" in svg and "#0102" not in svg
    assert "macro-F1 on tune" in svg


def test_the_picture_is_the_same_for_the_same_search() -> None:
    one = _search(("finished", 0.4), ("finished", 0.5), best=1)
    assert draw_search(one) == draw_search(one)
    assert draw_search(one) != draw_search(_search(("finished", 0.5), ("finished", 0.4), best=0))


@pytest.mark.parametrize("trials", [[], [("stopped", None)]])
def test_without_a_score_there_is_no_picture_but_words(trials: list[tuple[str, float | None]]) -> None:
    one = _search(*trials, best=None)
    assert draw_search(one) == ""
    assert "None was finished, so that the settings stay: units=64, learning_rate=0.00123." in describe_search(one)


def test_a_search_without_a_finished_trial_still_has_a_picture() -> None:
    assert draw_search(_search(("stopped", 0.3), best=None)).startswith("<svg")


def test_the_words_tell_what_the_picture_shows() -> None:
    words = describe_search(_search(("finished", 0.4), ("stopped", 0.3), ("finished", 0.5), best=2))
    assert words == (
        "3 trials in 1.5 of 10.0 minutes, 1 of them stopped. The best, trial 3, has macro-F1 0.500 on tune, after "
        "0.400 with the settings that would be taken without a search. Chosen: units=64, learning_rate=0.00123."
    )
