import shutil

import numpy as np
import pytest

from components.probe_robustness import probing
from components.probe_robustness.noises import NOISES
from components.probe_robustness.probing import (
    Answers,
    bootstrap_means,
    probe_candidates,
)
from components.shared.behaviour import behavioural_tests, passes
from components.shared.behaviour_keys import BEHAVIOURS, CAPABILITIES
from components.shared.bundle import load_bundle
from components.shared.deciding.inputs import gather_inputs
from components.shared.records.features import DESCRIPTION, read_features, read_split
from components.shared.records.measurements import MEASUREMENTS, read_measurements
from components.shared.records.plan import read_plan
from components.shared.records.task import Task
from components.shared.texts.text import TextPreprocessing


@pytest.fixture(scope="module")
def probe(trained, measurements):
    def run(reviews=40, **changed):
        given = {"features": trained.features, "plan": trained.plan, "measurements": measurements}
        return probe_candidates(**(given | {"sources": trained.sources, "seed": 0} | changed), reviews=reviews)

    return run


@pytest.fixture(scope="module")
def found(probe):
    return probe()


@pytest.fixture(scope="module")
def found_on_all(probe):
    return probe(reviews=1000)


@pytest.fixture(scope="module")
def inputs(trained, measurements):
    features = read_features(trained.features)
    select = read_split(trained.features, "select")
    need = read_plan(trained.plan).need
    return gather_inputs(read_measurements(measurements), measurements, features, select, need, 0)


def _with_features(trained, directory, **changed):
    shutil.copytree(trained.features, directory)
    description = read_features(directory).model_copy(update=changed)
    (directory / DESCRIPTION).write_text(description.model_dump_json(), encoding="utf-8")
    return directory


def test_the_candidates_on_the_front_are_probed_the_chosen_one_first(found, inputs):
    decision = inputs.decide()
    front = {name for name, standing in decision.standings.items() if standing.on_front}
    assert set(found.candidates) == front
    assert found.candidates[0] == decision.chosen
    assert not found.left_out and not found.skipped
    for noise in found.noises:
        assert set(noise.curves) == front
    for test in found.behaviours:
        assert set(test.results) == front


def test_every_noise_has_a_point_a_strength_and_loses_nothing_at_strength_zero(found):
    assert [noise.name for noise in found.noises] == [noise.name for noise in NOISES]
    for noise, kind in zip(found.noises, NOISES, strict=True):
        for points in noise.curves.values():
            assert [point.strength for point in points] == [0.0, *kind.strengths]
            first = points[0]
            assert (first.changed, first.loss, first.loss_low, first.loss_high) == (0, 0, 0, 0)
            assert all(point.low <= point.high and point.loss_low <= point.loss_high for point in points)
            assert [point.changed for point in points] == sorted(point.changed for point in points)
            assert all(point.loss == pytest.approx(first.value - point.value) for point in points)


def test_without_noise_the_quality_on_all_reviews_is_that_of_the_decision(found_on_all, inputs):
    assert found_on_all.reviews == 120
    for name, points in found_on_all.noises[0].curves.items():
        assert points[0].value == pytest.approx(inputs.select[name].macro_f1)


def test_a_model_of_words_bears_capital_letters_and_suffers_from_missing_words(found_on_all):
    found = {noise.name: noise for noise in found_on_all.noises}
    for points in found["case"].curves.values():
        assert [point.loss for point in points] == [0] * len(points)
    for points in found["truncation"].curves.values():
        assert points[-1].loss > 0.1


def test_the_same_seed_finds_the_same(probe, found):
    assert probe() == found


def test_a_case_that_is_not_passed_is_shown_with_what_the_model_says(found):
    texts = {case.text for test in behavioural_tests(0) for case in test.cases}
    for test in found.behaviours:
        for result in test.results.values():
            assert len(result.failures) == min(3, test.cases - result.passed)
            for failure in result.failures:
                assert failure.text in texts
                parts = failure.got.split(", then ")
                assert len(parts) == (1 if test.kind == "minimum capability" else 2)
                assert all(1 <= float(part) <= 5 for part in parts)


def test_what_evaluate_asked_already_has_the_same_result(found, measurements):
    measured = {one.candidate: one.behaviours for one in read_measurements(measurements).candidates}
    results = {test.key: test.results for test in found.behaviours}
    assert tuple(results) == BEHAVIOURS
    for name in found.candidates:
        assert set(measured[name]) == set(CAPABILITIES)
        for key, count in measured[name].items():
            assert results[key][name].passed == count.passed


def test_what_is_asked_again_is_answered_as_it_was_when_it_was_measured(probe, found, measurements, tmp_path):
    forgetful = tmp_path / "measurements"
    shutil.copytree(measurements, forgetful)
    measured = read_measurements(measurements)
    nothing = tuple(one.model_copy(update={"behaviours": {}}) for one in measured.candidates)
    (forgetful / MEASUREMENTS).write_text(measured.model_copy(update={"candidates": nothing}).model_dump_json())
    assert probe(measurements=forgetful).behaviours == found.behaviours


def test_candidates_that_are_too_many_are_named(probe, monkeypatch):
    monkeypatch.setattr(probing, "candidates_to_probe", lambda inputs: ["lstm", "lstm-prune", "logistic"])
    monkeypatch.setattr(probing, "MOST_CANDIDATES", 1)
    found = probe()
    assert found.candidates == ("lstm",)
    assert found.left_out == ("lstm-prune", "logistic")


def test_nothing_is_probed_that_was_not_asked_for(tmp_path):
    missing = tmp_path / "missing"
    found = probe_candidates(missing, missing, missing, [], reviews=0, seed=0)
    assert not found.noises and not found.behaviours
    assert "robustness_reviews is 0" in found.skipped[0].reason


def test_without_a_candidate_that_meets_the_need_nothing_is_probed(probe, trained, tmp_path):
    plan = read_plan(trained.plan)
    limits = plan.need.constraints.model_copy(update={"minimum_quality": 0.999})
    path = tmp_path / "plan.json"
    path.write_text(
        plan.model_copy(update={"need": plan.need.model_copy(update={"constraints": limits})}).model_dump_json()
    )
    found = probe(plan=path)
    assert not found.candidates and not found.noises
    assert "No candidate meets the need" in found.skipped[0].reason


def test_in_another_language_what_knows_english_only_is_skipped_with_the_reason(probe, trained, tmp_path):
    features = _with_features(trained, tmp_path / "features", text=TextPreprocessing(language="fr"))
    found = probe(features=features)
    assert [noise.name for noise in found.noises] == [noise.name for noise in NOISES if not noise.english]
    assert not found.behaviours
    assert {one.name for one in found.skipped} == {"synonyms", "negation", "behavioural tests"}
    assert all("'fr'" in one.reason for one in found.skipped)


def test_labels_without_an_order_have_no_direction(probe, trained, tmp_path):
    task = Task(**(read_features(trained.features).task.model_dump() | {"ordered": False}))
    found = probe(features=_with_features(trained, tmp_path / "features", task=task))
    assert {test.kind for test in found.behaviours} == {"invariance"}
    assert len(found.noises) == len(NOISES)
    assert all("no order" in one.reason for one in found.skipped)
    assert len(found.skipped) + len(found.behaviours) == len(behavioural_tests(0))


def test_a_model_is_asked_for_each_text_once():
    class Counting:
        def __init__(self):
            self.asked = []

        def predict(self, texts):
            self.asked += texts
            return np.array([[len(text), 0.0] for text in texts], dtype=np.float32)

    predictor = Counting()
    answers = Answers(predictor, ["a", "bb", "a", "ccc", "bb"], "counting")
    assert predictor.asked == ["a", "bb", "ccc"]
    assert answers.of(["ccc", "a", "ccc"])[:, 0].tolist() == [3, 1, 3]


def test_means_are_resampled_together():
    values = {0.0: np.array([0.9, 0.5, 0.1, 0.7]), 1.0: np.array([0.8, 0.4, 0.0, 0.6])}
    samples = bootstrap_means(values, seed=1)
    np.testing.assert_allclose(samples[0.0] - samples[1.0], 0.1)
    assert samples[0.0].mean() == pytest.approx(0.55, abs=0.02)
    assert samples[0.0].std() > 0.05


def test_a_floor_model_is_invariant_to_words_it_never_saw_and_understands_those_that_it_did(logistic_bundle):
    tests = {test.name: test for test in behavioural_tests(0)}
    predictor = load_bundle(logistic_bundle)
    texts = [text for test in tests.values() for case in test.cases for text in (case.text, case.changed)]
    answers = Answers(predictor, texts, "logistic")

    def passed(name):
        cases = tests[name].cases
        before, after = (answers.of([getattr(case, part) for case in cases]) for part in ("text", "changed"))
        return passes(tests[name], before, after, predictor.task)

    for name in ("another name", "another number", "another product", "a typo in a neutral word"):
        assert passed(name).all()
    praised = ["perfect" in case.text for case in tests["plain praise"].cases]
    condemned = ["awful" in case.text for case in tests["a plain complaint"].cases]
    denied = ["perfect" in case.text for case in tests["negated praise"].cases]
    assert any(praised) and passed("plain praise")[praised].all()
    assert any(condemned) and passed("a plain complaint")[condemned].all()
    # A bag of words that never met a "not" takes what is denied for praise.
    assert any(denied) and not passed("negated praise")[denied].any()
