"""From measurements to the decision, the table, the winner and the report."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.compare.average_on_test import check_average
from components.compare.explaining import ChoiceExplanation, explain_choice
from components.compare.flips import find_flips
from components.compare.reporting.model_card import render_model_card
from components.compare.reporting.report import ReportContent, write_report
from components.compare.reporting.reproduction import installed_versions
from components.compare.run_costs import describe_run_costs, reckon_run
from components.compare.slices import slice_candidates, write_slices
from components.compare.slicing import find_slices
from components.compare.table import Evidence, Row, make_rows, write_rows
from components.compare.techniques import changes_of_quality, describe_gains, float_parents
from components.compare.winner_caveats import find_winner_caveats
from components.shared.bundle import MODEL_CARD, read_manifest, set_execution, set_responses
from components.shared.deciding.bootstrap import CONFIDENCE, RESAMPLES, intervals_of
from components.shared.deciding.break_even import compare_with_services, own_cost
from components.shared.deciding.caveats import Caveat
from components.shared.deciding.decision import Decision, Verdict
from components.shared.deciding.gate import DECISIVE_SAVING, MINIMUM_SAVING
from components.shared.deciding.inputs import DecisionInputs, gather_inputs, resample_quality
from components.shared.files import atomic_path, write_text
from components.shared.metrics import RocCurve, quality, roc_of_label
from components.shared.override import Override
from components.shared.profile import PROFILE, read_profile_file
from components.shared.quantification import LabelResponses, measure_responses
from components.shared.records.conversions import read_conversions
from components.shared.records.features import Features, read_features, read_split
from components.shared.records.history import read_histories
from components.shared.records.measured_bundles import measured_bundle, measured_execution
from components.shared.records.measurements import (
    Measurement,
    Measurements,
    read_measurements,
    read_predictions,
)
from components.shared.records.plan import DEEP_MODELS, Plan, read_plan
from components.shared.records.robustness import read_robustness
from components.shared.records.searches import read_searches
from components.shared.records.sensitivity import read_sensitivities
from components.shared.records.step_usage import read_step_usages
from components.shared.records.task import Task

_FORMAT_VERSION = 2


@dataclass(frozen=True)
class Comparison:
    """What the compare component hands on.

    Attributes:
        verdict: deploy, keep, inconclusive or none.
        labels: From worst to best.
        winner_metrics: Figures of the chosen candidate, select_... and test_...; empty if none was chosen.
        winner_confusion: Its confusion matrix on test, rows true, columns predicted; empty if none was chosen.
        winner_roc: Label to its ROC curve on test; empty if none was chosen.
    """

    verdict: Verdict
    labels: list[str]
    winner_metrics: dict[str, float]
    winner_confusion: list[list[int]]
    winner_roc: dict[str, RocCurve]


def compare_candidates(
    features: Path,
    plan: Path,
    measurements: Path,
    robustness: Path,
    sources: Sequence[Path],
    pages: Mapping[str, Path],
    step_usages: Sequence[Path],
    explained_reviews: int,
    redact_reviews: bool,
    override: Override | None,
    seed: int,
    table: Path,
    slices: Path,
    decision: Path,
    winner: Path,
    explanations: Path,
    report: Path,
    model_card: Path,
) -> Comparison:
    """Decides, and writes table (CSV), decision (JSON), the winner's bundle and model card (Markdown), report (HTML).

    The decision is made on select. What is said of it afterwards is of test, which no choice was made on: quality of
    the winner, the floors and the float parents, what each technique changed, slices, and what the winner cannot do.

    Args:
        features: Directory of features.
        plan: The plan, from define; holds the need.
        measurements: What evaluate wrote.
        robustness: What probe_robustness wrote.
        sources: Directories of candidates: where the winner's bundle is copied from, and how training went.
        pages: Title to HTML file of pages shown in the report; those that are not there are left out.
        step_usages: What the steps before this one took, see components/shared/records/step_usage.py.
        explained_reviews: The words that the winner goes by are looked for in so many select reviews; 0: not at all.
        redact_reviews: Whether the report shows no text of a review.
        override: What a person decides instead of the rules, if anybody does.
        seed: Seed of the bootstrap and of the sample that is explained.
        slices: What to write quality by slice of test to (CSV): of the winner, and of compressed candidates on the
            front.
        table, decision, winner, report: What to write. `winner` becomes an empty directory if none is chosen.
        model_card: What to write the winner's model card to; it also stands beside the winner's bundle.
        explanations: What to write the words that the winner goes by to (JSON); null if nothing is explained.

    Raises:
        UserError: The measurements cannot be read.
    """
    description, agreed, measured = read_features(features), read_plan(plan), read_measurements(measurements)
    need, task = agreed.need, description.task
    scores = np.array(task.scores)
    reviews = {split: read_split(features, split) for split in ("select", "test")}
    select_truth, test_truth = (task.indices(split["label"].tolist()) for split in reviews.values())

    inputs = gather_inputs(measured, measurements, description, reviews["select"], need, seed)
    result = inputs.decide(override)
    predicted, select, resampled, samples = inputs.predicted, inputs.select, inputs.resampled, inputs.samples

    predicted_on_test = {
        one.candidate: read_predictions(measurements, one.candidate, "test") for one in measured.candidates
    }
    tested = {name: quality(test_truth, rows, scores, task.ordered) for name, rows in predicted_on_test.items()}
    test_samples = resample_quality(test_truth, predicted_on_test, task, seed)
    on_metric = test_samples[need.quality.metric]
    changes = changes_of_quality(
        measured.candidates, {name: getattr(of, need.quality.metric) for name, of in tested.items()}, on_metric
    )
    shown = [one.candidate for one in measured.candidates if _may_show_test(one, result)]
    test = {name: tested[name] for name in shown}
    evidence = Evidence(
        select=select,
        test=test,
        intervals=intervals_of(resampled),
        test_intervals=intervals_of(
            {figure: {name: of[name] for name in shown} for figure, of in test_samples.items()}
        ),
        flips=find_flips(measured.candidates, predicted, reviews["select"], task.labels),
        conversions=read_conversions(sources),
        changes=changes,
    )
    rows = make_rows(agreed, measured, result, evidence)
    run = reckon_run(read_step_usages(step_usages), measured.machine.power, need)
    probed = read_robustness(robustness)
    caveats = find_winner_caveats(
        inputs, result, measured, tested, on_metric, probed, features, description, reviews.values()
    )
    record = _record(result, caveats, rows, agreed, description, measured, inputs, seed) | {
        "run": describe_run_costs(run)
    }
    # Of select: no model was trained or stopped on it, and test is for reporting.
    responses = measure_responses(select_truth, predicted[result.chosen]) if result.chosen else None
    chosen = next((one for one in measured.candidates if one.candidate == result.chosen), None)
    _copy_winner(chosen, responses, sources, winner)
    explained = (
        explain_choice(winner, reviews["select"], predicted[result.chosen], explained_reviews, seed)
        if result.chosen
        else None
    )
    own = own_cost(chosen, need) if chosen else None
    slicing = find_slices(reviews["test"])
    sliced = slice_candidates(
        test_truth,
        predicted_on_test,
        _candidates_to_slice(measured.candidates, result),
        slicing.slices,
        task,
        need.quality.metric,
        seed,
    )
    roc = _roc_curves(test_truth, predicted_on_test[result.chosen], task) if result.chosen else {}
    content = ReportContent(
        decision=result,
        rows=rows,
        caveats=caveats,
        guessing=inputs.guessing,
        gains=describe_gains(measured.candidates, changes, evidence.conversions),
        need=need,
        task=task,
        features=description,
        plan=agreed,
        measurements=measured,
        select=select,
        test=test,
        samples=samples,
        seed=seed,
        services=compare_with_services(measured.services, own, need),
        own=own,
        explained=explained,
        histories=read_histories(sources),
        searches=[one for source in sources for one in read_searches(source)],
        flips=evidence.flips,
        sensitivities=read_sensitivities(sources),
        robustness=probed,
        average=check_average(responses, test_truth, predicted_on_test[result.chosen], task, seed)
        if responses and result.chosen
        else None,
        sliced=sliced,
        not_sliced=slicing.left_out,
        roc=roc,
        redacted=redact_reviews,
        versions=installed_versions(),
        run=run,
        pages={title: path for title, path in pages.items() if path.is_file()},
    )

    write_rows(rows, table)
    write_slices(sliced, slices)
    write_text(decision, json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
    write_text(explanations, _as_json(explained))
    write_report(content, report)
    _write_card(content, winner, model_card)
    return Comparison(
        verdict=result.verdict,
        labels=list(task.labels),
        winner_metrics=_winner_metrics(rows),
        winner_confusion=test[result.chosen].confusion if result.chosen else [],
        winner_roc=roc,
    )


def _candidates_to_slice(measured: Sequence[Measurement], decision: Decision) -> dict[str, str]:
    """Returns the chosen candidate, then the compressed ones on the front, to their float parents ("": none)."""
    if decision.chosen is None:
        return {}
    parents = float_parents(measured)
    compressed = {one.candidate: one.model for one in measured if one.chain and one.model in parents}
    front = [name for name in compressed if decision.standings[name].on_front]
    return {
        name: parents[compressed[name]].candidate if name in compressed else "" for name in (decision.chosen, *front)
    }


def _roc_curves(truth: NDArray[np.int64], predicted: NDArray[np.floating[Any]], task: Task) -> dict[str, RocCurve]:
    curves = {label: roc_of_label(truth, predicted, index) for index, label in enumerate(task.labels)}
    return {label: curve for label, curve in curves.items() if curve is not None}


def _may_show_test(one: Measurement, decision: Decision) -> bool:
    is_floor = one.model not in DEEP_MODELS
    is_float_parent = not one.chain
    return is_floor or is_float_parent or one.candidate == decision.chosen


def _winner_metrics(rows: list[Row]) -> dict[str, float]:
    chosen = next((asdict(row) for row in rows if row.status == "chosen"), {})
    return {
        f"select_{name}" if f"test_{name}" in chosen else name: value
        for name, value in chosen.items()
        if isinstance(value, float)
    }


def _record(
    decision: Decision,
    caveats: Sequence[Caveat],
    rows: list[Row],
    plan: Plan,
    features: Features,
    measurements: Measurements,
    inputs: DecisionInputs,
    seed: int,
) -> dict[str, object]:
    """Returns the content of decision.json."""
    need = plan.need
    return {
        "format_version": _FORMAT_VERSION,
        "verdict": decision.verdict,
        "summary": decision.summary,
        "caveats": [asdict(caveat) for caveat in caveats],
        "reasons": decision.reasons,
        "override": asdict(decision.override) if decision.override else None,
        "more_reviews": decision.more_reviews,
        "candidate": decision.chosen,
        "best": decision.best,
        "decided_by": decision.decided_by,
        "expected": asdict(decision.expected) if decision.expected else None,
        "mode": need.mode,
        "thresholds": {
            **need.quality.model_dump(),
            **need.constraints.model_dump(),
            "weights": need.weights.model_dump(),
            "guessing": {**asdict(inputs.guessing), "best": inputs.guessing.best},
            "minimum_saving": MINIMUM_SAVING,
            "decisive_saving": DECISIVE_SAVING,
            "worthwhile_saving_eur": need.worthwhile_saving_eur,
        },
        "figures": next((asdict(row) for row in rows if row.status == "chosen"), None),
        "champion": {
            **measurements.champion.model_dump(),
            "difference": asdict(decision.gain) if decision.gain else None,
            "figures": next((asdict(row) for row in rows if row.status == "deployed"), None),
        },
        "standings": {
            name: asdict(standing) | {"skill": asdict(skill) if (skill := inputs.figures[name].skill) else None}
            for name, standing in decision.standings.items()
        },
        "bootstrap": {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": seed},
        "fingerprints": {
            "data": features.data_fingerprint,
            "code": plan.code_fingerprint,
            "candidate": next(
                (one.content for one in measurements.candidates if one.candidate == decision.chosen), None
            ),
        },
        "machine": measurements.machine.model_dump(),
    }


def _as_json(explained: ChoiceExplanation | None) -> str:
    content = explained.model_dump() if explained else None
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write_card(content: ReportContent, winner: Path, destination: Path) -> None:
    """Writes the model card, and beside the winner's bundle if there is one."""
    manifest = read_manifest(winner, verify=False) if content.decision.chosen else None
    profile = read_profile_file(winner / PROFILE) if manifest and PROFILE in manifest.files else None
    card = render_model_card(content, manifest, profile)
    write_text(destination, card)
    if manifest:
        write_text(winner / MODEL_CARD, card)


def _copy_winner(
    chosen: Measurement | None, responses: LabelResponses | None, sources: Iterable[Path], winner: Path
) -> None:
    """Copies the bundle of the run time that was the fastest, to be run as it was measured, with its responses."""
    with atomic_path(winner) as staged:
        if chosen is None:
            staged.mkdir()
            return
        shutil.copytree(measured_bundle(chosen, sources), staged)
        if execution := measured_execution(chosen):
            set_execution(staged, execution)
        if responses is not None:
            set_responses(staged, responses)
