from dataclasses import replace

import numpy as np
import pytest

from components.explore.advice import advice
from components.explore.associations import Association
from components.explore.sample_figures import LENGTH_COLUMN, NearDuplicates, SampleFigures
from components.explore.table_figures import Copies, Drift, Groups, Histogram, TableFigures

_NO_COPIES = Copies(0, 0, 0, 0, [])
_TABLE = TableFigures(
    rows=1000,
    rows_with_text=1000,
    class_counts=[500, 500],
    missing={},
    lengths=[5.0, 20.0, 60.0, 80.0, 100.0],
    lengths_of_labels=[[5.0, 20.0, 60.0, 80.0, 100.0]] * 2,
    histogram=Histogram(np.array([0, 100]), np.array([1000])),
    copies=_NO_COPIES,
    groups=None,
    drift=None,
)
_SAMPLE = SampleFigures(
    rows=1000,
    rows_with_text=1000,
    words=[],
    near_duplicates=NearDuplicates(0, []),
    languages={},
    associations=[],
)


def _said(table=_TABLE, sample=_SAMPLE, labels=("bad", "good")):
    return {one.heading: (one.kind, one.text.replace("\u202f", " ")) for one in advice(table, sample, labels)}


def test_a_clean_table_asks_for_nothing():
    said = advice(_TABLE, _SAMPLE, ["bad", "good"])
    assert {one.heading for one in said if one.kind != "fine"} == {"The level to beat", "Length"}


def test_what_asks_for_action_comes_first():
    said = advice(replace(_TABLE, class_counts=[950, 50]), _SAMPLE, ["bad", "good"])
    kinds = [one.kind for one in said]
    assert kinds == sorted(kinds, key=["act", "know", "fine"].index)
    assert kinds[0] == "act"


def test_the_majority_rate_is_the_level_to_beat():
    _, text = _said(replace(_TABLE, class_counts=[437, 563]))["The level to beat"]
    assert "“good” is right for 56 %" in text


@pytest.mark.parametrize(("counts", "heading"), [([749, 251], "Class balance"), ([750, 250], "Unequal classes")])
def test_classes_are_unequal_from_three_to_one(counts, heading):
    assert heading in _said(replace(_TABLE, class_counts=counts))


def test_imbalance_says_what_it_does_to_accuracy():
    kind, text = _said(replace(_TABLE, class_counts=[40, 960]))["Unequal classes"]
    assert kind == "act"
    assert "24 times" in text and "ignore “bad” and lose only 4.0 %" in text


def test_classes_below_a_hundred_reviews_are_named():
    kind, text = _said(replace(_TABLE, class_counts=[99, 901]))["Small classes"]
    assert kind == "act" and "“bad” (99)" in text
    assert _said(replace(_TABLE, class_counts=[100, 900]))["Small classes"][0] == "fine"
    assert "“bad” (0)" in _said(replace(_TABLE, class_counts=[0, 1000]))["Small classes"][1]


def test_lengths_are_told_in_word_pieces():
    kind, text = _said()["Length"]
    assert kind == "know"
    assert "60 words" in text and "at most 100" in text and "136 word pieces" in text


def test_reviews_longer_than_distilbert_reads_ask_for_action():
    long = replace(_TABLE, lengths=[50.0, 100.0, 200.0, 300.0, 400.0])
    assert _said(long)["Long reviews"][0] == "act"
    assert "No texts" in _said(replace(_TABLE, rows_with_text=0))


@pytest.mark.parametrize(("with_text", "kind"), [(1000, "fine"), (951, "know"), (950, "act")])
def test_reviews_without_a_text_ask_for_action_from_a_twentieth(with_text, kind):
    assert _said(replace(_TABLE, rows_with_text=with_text))["Reviews without a text"][0] == kind


@pytest.mark.parametrize(("copies", "kind"), [(0, "fine"), (9, "know"), (10, "act")])
def test_copies_ask_for_action_from_one_in_a_hundred(copies, kind):
    assert _said(replace(_TABLE, copies=replace(_NO_COPIES, copies=copies)))["Duplicates"][0] == kind
    near = replace(_SAMPLE, near_duplicates=NearDuplicates(copies, []))
    assert _said(sample=near)["Near-duplicates"][0] == kind


def test_contradicting_labels_bound_what_is_possible():
    few = Copies(3, 2, 4, 2, [])
    kind, text = _said(replace(_TABLE, copies=few))["Contradicting labels"]
    assert kind == "know" and "2 texts stand" in text and "4 reviews" in text
    many = Copies(80, 40, 120, 50, [])
    kind, text = _said(replace(_TABLE, copies=many))["Contradicting labels"]
    assert kind == "act" and "more than 95 %" in text


def test_other_languages_are_counted_and_the_sample_is_named():
    kind, text = _said(sample=replace(_SAMPLE, languages={"de": 8, "fr": 2}))["Other languages"]
    assert kind == "act" and "10 reviews are" in text and "1.0 %)" in text
    sampled = replace(_SAMPLE, rows=500, rows_with_text=500, languages={"de": 1})
    kind, text = _said(sample=sampled)["Other languages"]
    assert kind == "know" and "0.2 % of a random sample of 500" in text


@pytest.mark.parametrize(
    ("strength", "information", "kind"),
    [(0.49, 0.19, "fine"), (0.5, 0.1, "act"), (-0.8, 0.1, "act"), (0.0, 0.2, "act")],
)
def test_columns_that_give_the_label_away_are_named(strength, information, kind):
    found = [Association("source:Recommended", "Spearman", strength, information)]
    said = _said(sample=replace(_SAMPLE, associations=found))["Columns that give the label away"]
    assert said[0] == kind
    assert ("“Recommended”" in said[1]) == (kind == "act")


def test_the_length_is_no_column_that_gives_the_label_away():
    found = [Association(LENGTH_COLUMN, "Spearman", 0.9, 0.9)]
    assert _said(sample=replace(_SAMPLE, associations=found))["Columns that give the label away"][0] == "fine"


def _drift(earliest, latest):
    return Drift(["2020"], np.array([1000]), np.array([[0.5, 0.5]]), np.array(earliest), np.array(latest))


def test_drift_asks_for_action_from_five_points():
    assert _said(replace(_TABLE, drift=_drift([0.5, 0.5], [0.54, 0.46])))["Change over time"][0] == "fine"
    kind, text = _said(replace(_TABLE, drift=_drift([0.3, 0.7], [0.4, 0.6])))["Change over time"]
    assert kind == "act" and "30 %" in text and "40 %" in text
    few = replace(_drift([0.5, 0.5], [0.5, 0.5]), earliest=None, latest=None)
    assert "too few" in _said(replace(_TABLE, drift=few))["Change over time"][1]


def test_a_large_group_asks_for_action():
    assert _said(replace(_TABLE, groups=Groups(30, 49, 0, 1000)))["Groups"][0] == "fine"
    kind, text = _said(replace(_TABLE, groups=Groups(30, 50, 0, 1000)))["A large group"]
    assert kind == "act" and "5.0 %" in text and "30 groups" in text
    assert "Groups" not in _said(replace(_TABLE, groups=Groups(0, 0, 0, 0)))
