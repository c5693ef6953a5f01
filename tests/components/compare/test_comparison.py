import json
import shutil

import numpy as np
import pandas as pd
import pytest
from kfp import dsl
from sklearn.metrics import f1_score

from components.compare import comparison as comparison_module
from components.compare.table import STATUSES
from components.shared.bundle import MODEL_CARD, content_fingerprint, load_bundle, read_manifest, write_bundle
from components.shared.errors import UserError
from components.shared.need import Quality
from components.shared.override import Override
from components.shared.predictors.running import Execution
from components.shared.records.candidates import list_bundles, onnx_directory
from components.shared.records.features import DESCRIPTION, read_features, read_split
from components.shared.records.measurements import (
    BUSY,
    MEASUREMENTS,
    Champion,
    predictions_path,
    read_measurements,
    read_predictions,
)
from components.shared.records.plan import read_plan


def test_a_comparison_writes_table_decision_winner_and_report(run):
    comparison, out = run()
    table = pd.read_csv(out / "candidates.csv")
    decision = json.loads((out / "decision.json").read_text())
    chosen = table[table["status"] == "chosen"]["candidate"].tolist()
    assert comparison.verdict == decision["verdict"] == "deploy"
    assert chosen == [decision["candidate"]]
    assert read_manifest(out / "winner").candidate == decision["candidate"]
    assert load_bundle(out / "winner").predict(["love it"]).shape == (1, 5)
    assert decision["candidate"] in (out / "report.html").read_text()
    assert sum(map(sum, comparison.winner_confusion)) == 100


def test_the_winner_is_the_bundle_of_the_fastest_run_time_with_how_to_run_it(run, trained, measurements, tmp_path):
    sources, measured = [tmp_path / source.name for source in trained.sources], tmp_path / "measured"
    for source, copy in zip(trained.sources, sources, strict=True):
        shutil.copytree(source, copy)
        for name, bundle in list_bundles(copy).items():
            manifest = read_manifest(bundle).model_copy(update={"runtime": "onnxruntime"})
            files = {file: (bundle / file).read_bytes() for file in manifest.files}
            write_bundle(onnx_directory(copy, name), manifest, files)
    shutil.copytree(measurements, measured)
    content = json.loads((measured / MEASUREMENTS).read_text())
    for one in content["candidates"]:
        one |= {"runtime": "onnxruntime", "threads": 1, "workers": 2, "batch_size": 4}
    (measured / MEASUREMENTS).write_text(json.dumps(content))
    _, out = run(sources=sources, measurements=measured)
    winner = read_manifest(out / "winner")
    assert winner.runtime == "onnxruntime"
    assert winner.execution == Execution(threads=1, workers=2, batch_size=4)
    assert load_bundle(out / "winner").predict(["love it"]).shape == (1, 5)


def test_the_winner_says_how_it_answers_to_reviews_of_each_label_of_select(run, trained):
    _, out = run()
    winner = read_manifest(out / "winner")
    sources = [list_bundles(source) for source in trained.sources]
    trained_bundle = next(bundles[winner.candidate] for bundles in sources if winner.candidate in bundles)
    assert sum(winner.responses.counts) == 120
    assert np.array(winner.responses.means).sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert content_fingerprint(winner) == content_fingerprint(read_manifest(trained_bundle))


def test_the_model_card_describes_the_winner_and_stands_beside_its_bundle(run):
    _, out = run()
    card = (out / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith(f"# Model card: {read_manifest(out / 'winner').candidate}\n")
    assert (out / "winner" / MODEL_CARD).read_text(encoding="utf-8") == card
    assert "on fewer than 10 reviews of a label" in card  # select has few ones


def test_test_figures_are_shown_only_of_the_winner_the_floors_and_the_float_parents(run):
    _, out = run()
    table = pd.read_csv(out / "candidates.csv").set_index("candidate")
    shown = table[table["test_macro_f1"].notna()].index
    assert set(shown) == {"majority", "logistic", "lstm"}
    assert table.loc["lstm-prune", "macro_f1"] > 0


def test_the_table_has_a_row_for_what_failed_and_what_does_not_apply(run):
    _, out = run()
    table = pd.read_csv(out / "candidates.csv").set_index("candidate")
    assert table.loc["lstm-cluster", "status"] == "failed"
    assert table.loc["lstm-cluster", "reason"] == "The weights did not converge."
    assert table.loc["lstm-int8", "status"] == "not applicable"
    assert "no int8 kernel" in table.loc["lstm-int8", "reason"]
    assert table["status"].map(STATUSES.index).is_monotonic_increasing
    assert table["reason"].notna().all()


def test_the_winner_and_compressed_candidates_on_the_front_are_sliced(run):
    _, out = run()
    slices = pd.read_csv(out / "slices.csv")
    chosen = json.loads((out / "decision.json").read_text())["candidate"]
    assert slices["candidate"].iloc[0] == chosen
    of_chosen = slices[slices["candidate"] == chosen]
    assert set(of_chosen["attribute"]) == {"Review length", "Title"}
    assert of_chosen.groupby("attribute")["reviews"].sum().tolist() == [100, 100]
    assert of_chosen[of_chosen["reviews"] >= 50]["quality"].notna().all()
    assert 'id="slices"' in (out / "report.html").read_text()


def test_the_winner_has_a_roc_curve_for_each_label_that_kfp_can_log(run):
    comparison, _ = run()
    assert list(comparison.winner_roc) == comparison.labels
    shown = dsl.ClassificationMetrics()
    shown.log_roc_curve(*comparison.winner_roc["5"].thinned())
    points = json.loads(json.dumps(shown.metadata["confidenceMetrics"], allow_nan=False))
    assert all(0 <= value <= 1 for point in points for value in point.values())


def test_a_need_that_goes_by_order_is_refused_for_labels_without_one(run, trained, tmp_path):
    features = tmp_path / "features"
    shutil.copytree(trained.features, features)
    description = read_features(features)
    task = description.task.model_copy(update={"ordered": False})
    (features / DESCRIPTION).write_text(description.model_copy(update={"task": task}).model_dump_json())
    plan = read_plan(trained.plan)
    need = plan.need.model_copy(update={"quality": Quality(metric="quadratic_kappa")})
    (tmp_path / "plan.json").write_text(plan.model_copy(update={"need": need}).model_dump_json())
    with pytest.raises(UserError, match="quadratic_kappa"):
        run(features=features, plan=tmp_path / "plan.json")


def test_the_winner_metrics_hold_figures_of_both_splits(run):
    comparison, _ = run()
    assert {"select_macro_f1", "test_macro_f1", "p95_ms", "cost_per_month_eur"} <= set(comparison.winner_metrics)
    assert comparison.labels == ["1", "2", "3", "4", "5"]


def test_the_same_measurements_give_the_same_files(run):
    _, out = run()
    names = ("candidates.csv", "decision.json", "report.html")
    first = [(out / name).read_bytes() for name in names]
    run()
    assert [(out / name).read_bytes() for name in names] == first


def _change_need(trained, path, **constraints):
    plan = read_plan(trained.plan)
    limits = plan.need.constraints.model_copy(update=constraints)
    changed = plan.model_copy(update={"need": plan.need.model_copy(update={"constraints": limits})})
    path.write_text(changed.model_dump_json())
    return path


def test_without_a_winner_its_directory_is_empty(run, trained, tmp_path):
    comparison, out = run(plan=_change_need(trained, tmp_path / "plan.json", minimum_quality=0.99))
    assert comparison.verdict == "none"
    assert comparison.winner_confusion == []
    assert comparison.winner_metrics == {}
    assert list((out / "winner").iterdir()) == []
    assert json.loads((out / "decision.json").read_text())["candidate"] is None
    assert (out / "model_card.md").read_text(encoding="utf-8").count("\n") == 3
    assert "Deploy nothing" in (out / "report.html").read_text()


def test_a_missing_page_is_left_out_of_the_report(run):
    _, out = run()
    html = (out / "report.html").read_text()
    assert "about the data" in html
    assert "<summary>Cleaning</summary>" not in html


def test_the_deployed_winner_is_kept_and_stands_in_the_table(run, trained, measurements, tmp_path):
    champion = tmp_path / "measured"
    shutil.copytree(measurements, champion)
    content = read_measurements(measurements)
    lstm = next(one for one in content.candidates if one.candidate == "lstm")
    deployed = content.model_copy(
        update={
            "champion": Champion(status="measured"),
            "champion_measurement": lstm.model_copy(update={"candidate": "champion"}),
        }
    )
    (champion / "measurements.json").write_text(deployed.model_dump_json())
    shutil.copy(predictions_path(champion, "lstm"), predictions_path(champion, "champion"))
    comparison, out = run(measurements=champion)
    decision = json.loads((out / "decision.json").read_text())
    table = pd.read_csv(out / "candidates.csv").set_index("candidate")
    assert comparison.verdict == "keep"
    assert decision["champion"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert table.loc["champion", "status"] == "deployed"
    assert read_manifest(out / "winner").candidate == "lstm"


def test_a_killed_comparison_leaves_an_earlier_winner_whole(run, monkeypatch):
    _, out = run()
    before = sorted(path.name for path in (out / "winner").iterdir())

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison_module.shutil, "copytree", fail)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert sorted(path.name for path in (out / "winner").iterdir()) == before


def test_an_override_deploys_the_named_candidate_and_stands_in_decision_table_and_report(run):
    override = Override("deploy", "Ada <b>", "The sale starts.", "majority")
    comparison, out = run(override=override)
    decision = json.loads((out / "decision.json").read_text())
    table = pd.read_csv(out / "candidates.csv").set_index("candidate")
    html = (out / "report.html").read_text()
    assert (comparison.verdict, decision["candidate"]) == ("deploy", "majority")
    assert decision["override"]["override"]["by"] == "Ada <b>"
    assert decision["override"]["chosen"] != "majority"
    assert read_manifest(out / "winner").candidate == "majority"
    assert table.loc["majority", "status"] == "chosen"
    assert table.loc["majority", "reason"].startswith("An override chose it.")
    assert "An override chose another." in table.loc[decision["override"]["chosen"], "reason"]
    assert "A person decided otherwise than the rules" in html
    assert "Ada &lt;b&gt;" in html and "Ada <b>" not in html


def test_a_refusal_deploys_nothing_and_keeps_the_winner_for_later(run):
    comparison, out = run(override=Override("refuse", "Ada", "Not before the audit."))
    assert comparison.verdict == "none"
    assert list((out / "winner").iterdir())
    assert "Deployment refused by an override" in (out / "report.html").read_text()


def test_what_was_not_probed_stands_in_the_report_with_the_reason(run):
    _, out = run()
    assert "Not probed: robustness. Not asked for." in (out / "report.html").read_text()


def test_the_same_measurements_from_a_busy_machine_lead_to_the_same_choice(run, measurements, tmp_path):
    busy = tmp_path / "busy"
    shutil.copytree(measurements, busy)
    content = json.loads((busy / MEASUREMENTS).read_text())
    for number, one in enumerate(content["candidates"]):
        factor = 3 + number % 4
        for name in ("latency_p50_ms", "latency_p95_ms", "cpu_seconds_per_1000"):
            one[name] *= factor
        for name in ("median", "low", "high"):
            one["reviews_per_second"][name] /= factor
            one["startup_seconds"][name] *= 10 / factor
    (busy / MEASUREMENTS).write_text(json.dumps(content))
    _, out = run()
    idle = json.loads((out / "decision.json").read_text())
    _, out = run(measurements=busy)
    later = json.loads((out / "decision.json").read_text())
    assert (later["verdict"], later["candidate"], later["decided_by"]) == (
        idle["verdict"],
        idle["candidate"],
        idle["decided_by"],
    )


def test_the_decision_says_what_to_expect_what_the_winner_cannot_do_and_how_it_runs(run):
    _, out = run()
    decision = json.loads((out / "decision.json").read_text())
    expected, figures = decision["expected"], decision["figures"]
    assert expected["low"] < expected["value"] < expected["high"]
    assert expected["value"] == pytest.approx(figures["macro_f1"] - expected["flattered_by"], abs=1e-5)
    assert decision["mode"] == "batch"
    assert {"severity", "about", "sentence"} == set(decision["caveats"][0])
    assert decision["thresholds"]["guessing"]["best"] == pytest.approx(
        max(decision["thresholds"]["guessing"][name] for name in ("most_frequent", "label_shares"))
    )
    skill = decision["standings"][decision["candidate"]]["skill"]
    assert skill["strength"] > 1 and skill["p_value"] < 0.025


def test_what_a_technique_cost_in_quality_is_told_from_test(run, trained, measurements):
    _, out = run()
    table = pd.read_csv(out / "candidates.csv").set_index("candidate")
    truth = read_split(trained.features, "test")["label"].tolist()
    said = {
        name: [str(1 + row.argmax()) for row in read_predictions(measurements, name, "test")]
        for name in ("lstm", "lstm-prune")
    }
    on_test = {name: f1_score(truth, labels, average="macro", zero_division=0) for name, labels in said.items()}
    assert table.loc["lstm-prune", "change"] == pytest.approx(on_test["lstm-prune"] - on_test["lstm"], abs=1e-4)
    assert np.isnan(table.loc["lstm", "change"])


def test_a_measurement_beside_something_else_is_told_of_the_winner(run, measurements, tmp_path):
    busy = tmp_path / "busy"
    shutil.copytree(measurements, busy)
    content = json.loads((busy / MEASUREMENTS).read_text())
    for one in content["candidates"]:
        one["warnings"] = [f"{BUSY}, 90% of its processors just before (measured once): times may be too long"]
    (busy / MEASUREMENTS).write_text(json.dumps(content))
    _, out = run(measurements=busy)
    told = [
        one for one in json.loads((out / "decision.json").read_text())["caveats"] if one["about"] == "busy-machine"
    ]
    assert [one["severity"] for one in told] == ["warning"]
    assert told[0]["sentence"].startswith("The machine was busy, 90% of its processors")
