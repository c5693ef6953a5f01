import gzip
import shutil

import numpy as np
import pytest

from components.evaluate import bench, machine, processes
from components.evaluate.evaluation import evaluate_candidates
from components.shared.behaviour_keys import CAPABILITIES, BehaviourCount
from components.shared.bundle import MANIFEST, load_bundle, read_manifest, write_bundle
from components.shared.errors import UserError
from components.shared.records.candidates import bundle_directory
from components.shared.records.features import DESCRIPTION, read_features, read_split
from components.shared.records.measurements import predictions_path, read_measurements, read_predictions
from components.shared.records.plan import Cell, read_plan
from components.shared.texts.text import TextPreprocessing, join_title


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(machine, "_SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(bench, "_STARTS", 1)


@pytest.fixture
def evaluate(trained, tmp_path):
    """Measures given sources; the majority candidate alone by default, because it is quick."""
    quick = tmp_path / "quick"
    shutil.copytree(bundle_directory(trained.sources[0], "majority"), bundle_directory(quick, "majority"))

    def run(
        sources=(quick,),
        champion=tmp_path / "champion",
        latency_reviews=5,
        plan=trained.plan,
        features=trained.features,
    ):
        evaluate_candidates(features, plan, sources, champion, latency_reviews, 0, tmp_path / "measurements", 1)
        return read_measurements(tmp_path / "measurements")

    return run


def _copy(source, destination, **manifest):
    """Copies a bundle with another manifest; "files" may be changed too."""
    files = {path.name: path.read_bytes() for path in source.iterdir() if path.name != MANIFEST}
    files |= manifest.pop("files", {})
    write_bundle(destination, read_manifest(source).model_copy(update=manifest), files)


def test_every_candidate_of_every_source_is_measured(trained, evaluate, tmp_path):
    result = evaluate(trained.sources)
    assert [one.candidate for one in result.candidates] == ["logistic", "majority", "lstm", "lstm-prune"]
    assert result.failures == {"lstm-cluster": "the weights did not converge"}
    assert result.champion.status == "none"
    lstm = next(one for one in result.candidates if one.candidate == "lstm")
    bundle = bundle_directory(trained.sources[1], "lstm")
    assert lstm.training.seconds == 7200
    assert lstm.size_bytes == sum(path.stat().st_size for path in bundle.iterdir())
    assert lstm.gzip_bytes == sum(len(gzip.compress(path.read_bytes())) for path in bundle.iterdir())
    for split in ("select", "test"):
        table = read_split(trained.features, split)
        texts = [join_title(title, text) for title, text in zip(table["title"], table["text"], strict=True)]
        expected = load_bundle(bundle).predict(texts)
        np.testing.assert_allclose(read_predictions(tmp_path / "measurements", "lstm", split), expected, rtol=1e-5)


def test_starting_and_the_memory_it_takes_are_measured_over_several_processes(evaluate, monkeypatch):
    monkeypatch.setattr(bench, "_STARTS", 3)
    one = evaluate().candidates[0]
    for spread in (one.startup_seconds, one.loaded_memory_spread):
        assert spread.repetitions == 3
        assert 0 < spread.low <= spread.median <= spread.high


def test_a_candidate_that_is_damaged_fails_and_the_others_go_on(trained, evaluate, tmp_path):
    source = tmp_path / "source"
    for name in ("majority", "logistic"):
        shutil.copytree(bundle_directory(trained.sources[0], name), bundle_directory(source, name))
    (bundle_directory(source, "logistic") / "weights.npz").write_bytes(b"cut off")
    result = evaluate([source])
    assert [one.candidate for one in result.candidates] == ["majority"]
    assert "damaged" in result.failures["logistic"]


def test_a_candidate_whose_process_crashes_fails_with_the_signal(evaluate, monkeypatch):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    real = processes.subprocess.run
    monkeypatch.setattr(
        processes.subprocess, "run", lambda command, **options: real([command[0], "-c", crash], **options)
    )
    result = evaluate()
    assert result.candidates == ()
    assert "SIGSEGV (exit code -11)" in result.failures["majority"]


def test_a_candidate_that_predicts_the_wrong_shape_fails_with_one_line(trained, evaluate, tmp_path):
    source = tmp_path / "source"
    _copy(
        bundle_directory(trained.sources[0], "majority"),
        bundle_directory(source, "majority"),
        preprocessing={"shares": [0.5, 0.5]},
    )
    reason = evaluate([source]).failures["majority"]
    assert "expected" in reason
    assert "exit code 1" in reason
    assert "\n" not in reason
    assert not predictions_path(tmp_path / "measurements", "majority").exists()


def test_a_candidate_that_takes_too_long_is_stopped(evaluate, monkeypatch):
    monkeypatch.setattr(processes, "_TIMEOUT_SECONDS", 0.01)
    assert "not done after" in evaluate().failures["majority"]


def test_a_planned_candidate_that_nobody_delivered_is_named(evaluate):
    result = evaluate()
    assert set(result.failures) == {"logistic", "lstm", "lstm-prune", "lstm-cluster"}
    assert "lstm-int8" not in result.failures


def test_a_variant_that_is_called_by_its_models_name_is_not_missed(trained, evaluate, tmp_path):
    plan = read_plan(trained.plan)
    cells = (*plan.cells, Cell(model="lstm", variant="random-frozen"), Cell(model="lstm", variant="random-tuned"))
    path = tmp_path / "plan.json"
    path.write_text(plan.model_copy(update={"cells": cells}).model_dump_json(), encoding="utf-8")
    result = evaluate(plan=path)
    assert set(result.failures) == {"logistic", "lstm", "lstm-prune", "lstm-cluster"}


def test_the_champion_is_measured_beside_the_candidates(trained, evaluate, tmp_path):
    champion = bundle_directory(trained.sources[1], "lstm")
    result = evaluate(champion=champion)
    assert result.champion.status == "measured"
    assert result.champion_measurement.candidate == "champion"
    assert result.champion_measurement.model == "lstm"
    assert result.champion_measurement.content != result.candidates[0].content
    assert read_predictions(tmp_path / "measurements", "champion", "select").shape == (120, 5)


def test_the_same_model_has_the_same_content_whatever_its_training_took(trained, evaluate, tmp_path):
    majority = bundle_directory(trained.sources[0], "majority")
    training = read_manifest(majority).training.model_copy(update={"seconds": 99.0})
    _copy(majority, tmp_path / "champion", training=training)
    result = evaluate()
    assert result.champion_measurement.content == result.candidates[0].content


def test_a_champion_with_other_labels_is_noted_and_not_measured(trained, evaluate, tmp_path):
    majority = bundle_directory(trained.sources[0], "majority")
    task = read_manifest(majority).task.model_copy(update={"labels": ("bad", "good"), "scores": (0, 1)})
    _copy(majority, tmp_path / "champion", task=task, preprocessing={"shares": [0.5, 0.5]})
    result = evaluate()
    assert result.champion.status == "other labels"
    assert "bad, good" in result.champion.note
    assert result.champion_measurement is None


def test_a_champion_that_the_store_has_lost_is_told_from_none(evaluate, tmp_path):
    (tmp_path / "champion").symlink_to("v0007")
    result = evaluate(champion=tmp_path / "champion")
    assert result.champion.status == "missing"
    assert "v0007" in result.champion.note


def test_a_paid_service_in_service_is_not_measured(trained, evaluate, tmp_path):
    majority = bundle_directory(trained.sources[0], "majority")
    _copy(majority, tmp_path / "champion", runtime="service")
    result = evaluate(champion=tmp_path / "champion")
    assert result.champion.status == "service"
    assert result.champion_measurement is None


def test_a_damaged_champion_is_noted(trained, evaluate, tmp_path):
    shutil.copytree(bundle_directory(trained.sources[0], "logistic"), tmp_path / "champion")
    (tmp_path / "champion" / "weights.npz").unlink()
    result = evaluate()
    assert result.champion.status == "unmeasured"
    assert "missing" in result.champion.note


def test_every_candidate_and_the_champion_are_asked_how_they_behave(trained, evaluate):
    result = evaluate(champion=bundle_directory(trained.sources[1], "lstm"))
    (majority,), champion = result.candidates, result.champion_measurement
    for one in (majority, champion):
        assert set(one.behaviours) == set(CAPABILITIES)
    assert majority.behaviours["plain_praise"].passed == 100
    assert majority.behaviours["plain_complaint"] == BehaviourCount(passed=0, cases=100, opposite=100)


def test_what_the_need_limits_is_asked_besides(trained, evaluate, tmp_path):
    plan = read_plan(trained.plan)
    constraints = plan.need.constraints.model_copy(update={"minimum_behaviour": {"another_name": 0.9}})
    need = plan.need.model_copy(update={"constraints": constraints})
    path = tmp_path / "plan.json"
    path.write_text(plan.model_copy(update={"need": need}).model_dump_json(), encoding="utf-8")
    assert set(evaluate(plan=path).candidates[0].behaviours) == {"another_name", *CAPABILITIES}


def test_reviews_in_another_language_leave_nothing_to_ask(trained, evaluate, tmp_path):
    features = tmp_path / "features"
    shutil.copytree(trained.features, features)
    description = read_features(features).model_copy(update={"text": TextPreprocessing(language="fr")})
    (features / DESCRIPTION).write_text(description.model_dump_json(), encoding="utf-8")
    assert evaluate(features=features).candidates[0].behaviours == {}


def test_no_candidate_at_all_is_an_error(evaluate, tmp_path):
    with pytest.raises(UserError, match="no candidate"):
        evaluate([tmp_path / "nothing"])
    assert not (tmp_path / "measurements").exists()


def test_latency_needs_a_review(evaluate):
    with pytest.raises(UserError, match="latency_reviews is 0"):
        evaluate(latency_reviews=0)
