import pandas as pd

from components.explore.sample_figures import LENGTH_COLUMN, figures_of_sample, find_near_duplicates, other_languages
from components.shared.records.task import Task

_ENGLISH = "this dress fits very well and I have been wearing it to work every week since"
_GERMAN = "dieses Kleid passt sehr gut und ich trage es seitdem jede Woche zur Arbeit im Büro"


def test_near_duplicates_are_different_texts_with_the_same_words():
    texts = [
        _ENGLISH,
        _ENGLISH.upper(),
        f"{_ENGLISH} !!",
        f"{_ENGLISH} then",
        "something else entirely on another day",
    ]
    found = find_near_duplicates(texts)
    assert found.texts == 2
    assert found.examples[0][0] == _ENGLISH
    assert find_near_duplicates([]).texts == 0


def test_other_languages_are_counted_by_code():
    assert other_languages([_ENGLISH, _GERMAN, _GERMAN, "ok"], "en") == {"de": 2}
    assert other_languages([_ENGLISH, _GERMAN], "de") == {"en": 1}
    assert other_languages([], "en") == {}


def test_a_column_may_be_named_like_the_length():
    table = pd.DataFrame({"title": "", "text": ["a b", "c"] * 20, "label": ["x", "y"] * 20})
    table[f"source:{LENGTH_COLUMN}"] = [1.0, 2.0] * 20
    task = Task(labels=("x", "y"), scores=(0, 1), text_column="text")
    found = figures_of_sample(table, task, "en", 1)
    assert {one.column for one in found.associations} == {LENGTH_COLUMN, f"source:{LENGTH_COLUMN}"}
    strengths = {one.column: one.strength for one in found.associations}
    assert round(strengths[LENGTH_COLUMN], 6) == -1
    assert round(strengths[f"source:{LENGTH_COLUMN}"], 6) == 1
