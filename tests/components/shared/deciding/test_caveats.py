import pytest

from components.shared.behaviour_keys import BehaviourCount
from components.shared.deciding.caveats import Findings, LabelRecall, Lengths, Simpler, find_caveats, worst
from components.shared.deciding.decision import Difference, Expected

_GOOD = {"plain_praise": BehaviourCount(passed=98, cases=100, opposite=1)}


def _findings(**values):
    plain = {
        "metric": "macro-F1",
        "expected": Expected(0.5, 0.45, 0.55, 0.01),
        "on_test": 0.5,
        "select_reviews": 500,
        "behaviours": _GOOD,
    }
    return Findings(**(plain | values))


def _found(**values):
    return {caveat.about: caveat for caveat in find_caveats(_findings(**values))}


def test_where_all_is_well_only_notes_are_left():
    assert worst(find_caveats(_findings())) == []


@pytest.mark.parametrize(
    ("found", "severity", "words"),
    [
        (0, "serious", "It finds none of the 40 test reviews labelled 1 (0%, 95 % interval 0% to 9%)"),
        (3, "serious", "It finds 3 of the 40"),
        (8, "warning", "(20%, 95 % interval 10% to 35%)"),
    ],
)
def test_a_label_that_is_hardly_found_is_told_with_its_interval(found, severity, words):
    caveat = _found(recalls=[LabelRecall("1", 40, found), LabelRecall("5", 40, 39)])["recall"]
    assert caveat.severity == severity
    assert words in caveat.sentence


def test_a_label_that_is_found_often_enough_is_no_caveat():
    assert "recall" not in _found(recalls=[LabelRecall("1", 40, 10)])


def test_of_a_label_with_few_reviews_it_is_said_that_nothing_is_known():
    assert "Only 1 test review is labelled 1" in _found(recalls=[LabelRecall("1", 1, 1)])["recall"].sentence


def test_complaints_called_praise_are_serious_and_counted():
    caveat = _found(behaviours={"plain_complaint": BehaviourCount(passed=1, cases=100, opposite=99)})[
        "plain-complaint"
    ]
    assert caveat.severity == "serious"
    assert "It calls 99 of 100 plain complaints praise" in caveat.sentence


def test_complaints_called_middling_are_serious_too():
    caveat = _found(behaviours={"plain_complaint": BehaviourCount(passed=10, cases=100, opposite=5)})[
        "plain-complaint"
    ]
    assert caveat.severity == "serious"
    assert "In only 10 of 100 sentences it takes a plain complaint for a complaint" in caveat.sentence


@pytest.mark.parametrize(("passed", "told"), [(79, True), (80, False)])
def test_any_behaviour_below_four_of_five_is_a_warning(passed, told):
    found = _found(behaviours={"another_name": BehaviourCount(passed=passed, cases=100)})
    assert ("another-name" in found) is told
    if told:
        assert found["another-name"].severity == "warning"


def test_behaviour_that_was_not_measured_is_noted():
    assert _found(behaviours={})["behaviour"].severity == "note"


@pytest.mark.parametrize(("on_test", "severity", "word"), [(0.44, "serious", "below"), (0.56, "note", "above")])
def test_a_test_figure_outside_what_was_expected_is_told(on_test, severity, word):
    caveat = _found(on_test=on_test)["test"]
    assert caveat.severity == severity
    assert f"{word} the 0.450 to 0.550" in caveat.sentence


@pytest.mark.parametrize(
    ("difference", "severity", "words"),
    [
        (Difference(-0.01, -0.05, 0.03), "serious", "no better than logistic"),
        (Difference(0.01, -0.02, 0.04), "warning", "not shown to be better than logistic"),
        (Difference(0.05, 0.01, 0.09), None, ""),
    ],
)
def test_something_simpler_that_is_as_good_on_test_is_told(difference, severity, words):
    found = _found(simpler=[Simpler("logistic", difference)])
    if severity is None:
        assert "simpler" not in found
    else:
        assert found["simpler"].severity == severity
        assert words in found["simpler"].sentence


@pytest.mark.parametrize(("wanted", "told"), [(500, False), (501, True), (None, False)])
def test_fewer_reviews_than_the_margin_needs_are_told(wanted, told):
    assert ("few-reviews" in _found(margin_reviews=wanted)) is told


def test_a_busy_machine_and_the_doubts_of_the_guard_are_told():
    found = _found(busy="the machine was busy", doubts=["Column 'x' may give the label away."])
    assert found["busy-machine"].sentence == "The machine was busy."
    assert found["guard"].severity == "warning"


@pytest.mark.parametrize(("outside", "severity"), [(0.02, "note"), (0.3, "warning")])
def test_lengths_that_train_hardly_had_are_told(outside, severity):
    caveat = _found(lengths=Lengths(3, 110, outside))["length"]
    assert caveat.severity == severity
    assert "3 to 110 words" in caveat.sentence


def test_the_most_severe_come_first():
    severities = [
        caveat.severity
        for caveat in find_caveats(
            _findings(
                behaviours={"another_name": BehaviourCount(passed=1, cases=100)},
                on_test=0.1,
                lengths=Lengths(3, 110, 0.0),
            )
        )
    ]
    assert severities == ["serious", "warning", "note", "note"]


def test_of_several_simpler_ones_the_nearest_is_told_and_apart_from_it_the_nearest_that_breaks_a_limit():
    simpler = [
        Simpler("logistic", Difference(0.02, -0.02, 0.06)),
        Simpler("hashing", Difference(0.01, -0.05, 0.03)),
        Simpler("balanced", Difference(-0.04, -0.08, 0.0), fit=False),
    ]
    found = [caveat for caveat in find_caveats(_findings(simpler=simpler)) if caveat.about == "simpler"]
    assert [caveat.severity for caveat in found] == ["warning", "warning"]
    assert "not shown to be better than hashing, which is simpler:" in found[0].sentence
    assert "no better than balanced, which is simpler, but breaks a limit of the need:" in found[1].sentence
