"""The dry run's plan: what would be built, and an estimate of its time, disk and money.

The speeds are those of two cores of a recent Xeon without GPU, with reviews of 75 word pieces; every figure
derived from them is labelled an estimate.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.shared.chains import STEP_OF_TECHNIQUE
from components.shared.records.plan import LINEAR_MODELS, Cell, Plan
from components.shared.services.calibration import CALIBRATION_ROWS
from components.shared.services.catalogue import describe_service, tariff_of
from components.shared.services.interface import PAID_SERVICES
from pipelines.preflight import describe_anatomies

_TRAIN_SHARE, _TUNE_SHARE, _SELECT_AND_TEST_SHARE = 0.70, 0.08, 0.22
_SAMPLE_ROWS = 3000
#: Files that can be counted without parsing them.
_LINES_ARE_ROWS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
#: Assumed where the data cannot be counted before it is fetched.
_UNKNOWN_ROWS = 20000
#: Reviews a second while training (128 LSTM units; 128 word pieces), and how much slower a technique trains.
_TRAINING_SPEED = {"lstm": 2500.0, "distilbert": 40.0}
_TECHNIQUE_FACTOR = {"prune": 1.7, "cluster": 2.5, "qat": 2.5}
#: Reviews a second while measuring, and MB of one bundle, by model and last technique ("" is float).
_SCORING_SPEED = {"logistic": 15000.0, "hashing": 15000.0, "lstm": 3000.0, "distilbert": 250.0}
_SIZE_MB = {"logistic": 2.0, "hashing": 2.0, "lstm": 4.0, "distilbert": 90.0}
_SIZE_FACTOR = {
    "dynamic": 0.25,
    "int8": 0.25,
    "qat": 0.25,
    "float16": 0.5,
    "layers": 0.75,
    "width": 0.7,
    "trim": 0.65,
}
#: How often the scan of sensitivity predicts its reviews: once, and for each part with each of three treatments.
_SCAN_PASSES = {"lstm": 13, "distilbert": 43}
#: How often probing noise predicts its reviews: as they came, and with each noise at each strength.
_PROBE_PASSES = 23
#: Layers of the packaged MiniLM, and what predicting costs against training.
_LAYERS, _PREDICTION_FACTOR = 6, 0.3
#: Share of the work that is left by techniques that train what they leave; attention is a third of it, the rest is of
#: feed-forward parts.
_STAYS: dict[str, Callable[[dict[str, Any]], float]] = {
    "layers": lambda parameters: parameters["kept_layers"] / _LAYERS,
    "width": lambda parameters: (parameters["kept_head_share"] + 2 * parameters["kept_neuron_share"]) / 3,
}
_STEP_OF_MODEL = {
    **dict.fromkeys(LINEAR_MODELS, "train floor"),
    "lstm": "train lstm",
    "distilbert": "finetune distilbert",
}
_DATA_STEPS_SECONDS_PER_ROW, _SECONDS_PER_TASK = 0.003, 8.0
#: What a service is assumed to be asked about: a review of the usual length, with five labels.
_REVIEW, _LABELS = "x" * 300, ("1", "2", "3", "4", "5")


def describe(plan: Plan, parameters: dict[str, Any]) -> str:
    """Returns the plan of a run in words.

    Args:
        plan: What would be built.
        parameters: Every parameter of the pipeline.
    """
    rows, known = _count_rows(parameters)
    seconds = _seconds(plan, parameters, rows)
    total = sum(seconds.values())
    lines = [f"Use case: {plan.need.use_case}", f"Reviews: {rows:,}{'' if known else ' (assumed; not counted)'}", ""]
    lines.append("Candidates:")
    lines.extend(f"  {cell.candidate:<28} {cell.reason}".rstrip() for cell in plan.cells if cell.applies)
    lines.extend(_empty_cells(plan))
    lines.extend(describe_anatomies(plan.anatomies))
    lines.extend(_paid_services(plan, parameters, rows))
    lines.extend(["", "Steps, estimated seconds:"])
    lines.extend(f"  {step:<28} {took:8.0f}" for step, took in seconds.items())
    price = plan.need.prices.cpu_hour_eur
    lines.extend(
        [
            "",
            f"Estimated on two cores without GPU: {total / 60:.0f} minutes, {_disk_mb(plan):,.0f} MB of disk, "
            f"{total / 3600 * price:.3f} € at {price} €/h.",
        ]
    )
    return "\n".join(lines)


def _empty_cells(plan: Plan) -> list[str]:
    """Returns a line for each reason why candidates will not be built, with their names."""
    candidates: dict[str, list[str]] = defaultdict(list)
    for cell in plan.cells:
        if not cell.applies:
            candidates[cell.reason].append(cell.candidate)
    return [f"Not built, because {reason}: {', '.join(names)}" for reason, names in candidates.items()]


def _paid_services(plan: Plan, parameters: dict[str, Any], rows: int) -> list[str]:
    """Returns lines on the paid services that would be called: what they may cost at most, and what they would."""
    named = [name for name in PAID_SERVICES if name in parameters["services"]]
    if not named:
        return []
    most_calls, most_eur = parameters["service_maximum_calls"], parameters["service_maximum_eur"]
    reviews = round(min(rows * _TUNE_SHARE, CALIBRATION_ROWS) + rows * _SELECT_AND_TEST_SHARE)
    takes = {name: _calls_and_eur(name, plan, parameters, reviews) for name in named}
    caps = f"at most {most_calls:,} calls and {most_eur:g} € in all"
    lines = [f"Paid services, if there is a key: {', '.join(named)}; {caps}"]
    lines += [f"  {name:<28} about {calls:,} calls, {eur:.2f} €" for name, (calls, eur) in takes.items()]
    calls, eur = map(sum, zip(*takes.values(), strict=True))
    if calls > most_calls or eur > most_eur:
        lines.append(
            "  That is more than the caps allow, and a service that would exceed one is not measured: raise "
            "--service-maximum-calls and --service-maximum-eur to have it measured"
        )
    return lines


def _calls_and_eur(name: str, plan: Plan, parameters: dict[str, Any], reviews: int) -> tuple[int, float]:
    """Returns what asking a service about so many reviews takes."""
    model = parameters["chat_model"]
    tariff = tariff_of(name, model, plan.need)
    service = describe_service(name, "", model, parameters["language"], _LABELS, tariff)
    return math.ceil(reviews / service.batch), reviews * service.price_eur(_REVIEW)


def _count_rows(parameters: dict[str, Any]) -> tuple[int, bool]:
    data, wanted = parameters["data"], parameters["sample_rows"]
    if not data:
        return wanted or _SAMPLE_ROWS, True
    path = Path(data)
    if not path.is_file() or path.suffix.lower() not in _LINES_ARE_ROWS:
        return wanted or _UNKNOWN_ROWS, False
    with path.open("rb") as stream:
        rows = max(sum(1 for _ in stream) - 1, 0)
    return min(rows, wanted) if wanted else rows, True


def _seconds(plan: Plan, parameters: dict[str, Any], rows: int) -> dict[str, float]:
    """Returns the estimated seconds of each step, in order."""
    train = rows * _TRAIN_SHARE
    seconds: dict[str, float] = defaultdict(float)
    seconds["data steps"] = 5 * _SECONDS_PER_TASK + rows * _DATA_STEPS_SECONDS_PER_ROW
    if parameters["tune_minutes"]:
        seconds["automatic tuning"] = 60.0 * parameters["tune_minutes"]
    for cell in plan.built:
        speed = _training_speed(cell.model, parameters)
        if not cell.chain:
            step = _STEP_OF_MODEL[cell.model]
            reviews = 0 if plan.brought_model(cell.model) else _training_reviews(cell.model, parameters, train)
            seconds[step] += _SECONDS_PER_TASK + reviews / speed
        else:
            technique = cell.chain[-1]
            step = f"{STEP_OF_TECHNIQUE[technique]} {cell.model}"
            seconds[step] += _SECONDS_PER_TASK + _technique_effort(cell, parameters, train) / speed
    for model in filter(plan.optimises, _SCAN_PASSES):
        if reviews := parameters["sensitivity_reviews"]:
            effort = _SCAN_PASSES[model] * reviews * _PREDICTION_FACTOR
            seconds["scan sensitivity"] += _SECONDS_PER_TASK + effort / _training_speed(model, parameters)
    scored = rows * _SELECT_AND_TEST_SHARE
    seconds["evaluate"] = sum(_SECONDS_PER_TASK + scored / _SCORING_SPEED[cell.model] for cell in plan.built)
    if reviews := parameters["robustness_reviews"]:
        # As if a candidate of each model were on the front.
        speeds = [_SCORING_SPEED[model] for model in dict.fromkeys(cell.model for cell in plan.built)]
        seconds["probe robustness"] = _SECONDS_PER_TASK + sum(_PROBE_PASSES * reviews / speed for speed in speeds)
    seconds["compare and deploy"] = 3 * _SECONDS_PER_TASK
    return dict(seconds)


def _training_speed(model: str, parameters: dict[str, Any]) -> float:
    """Returns reviews a second; longer inputs and larger layers are slower in proportion."""
    if model == "lstm":
        return _TRAINING_SPEED["lstm"] * 128 / parameters["lstm_units"] / parameters["lstm_directions"]
    if model == "distilbert":
        return _TRAINING_SPEED["distilbert"] * 128 / parameters["distilbert_max_length"]
    return 1000.0


def _training_reviews(model: str, parameters: dict[str, Any], train: float) -> float:
    """Returns how many reviews training sees at most, all epochs together."""
    if model in LINEAR_MODELS:
        return train
    rows = min(parameters["distilbert_train_rows"] or train, train) if model == "distilbert" else train
    return rows * parameters[f"{model}_epochs"]


def _technique_effort(cell: Cell, parameters: dict[str, Any], train: float) -> float:
    """Returns what a cell's last technique costs, as the number of reviews that the plain model trains on."""
    if cell.chain[-1] in _STAYS:
        rows = min(parameters["shrink_rows"] or train, train)
        left = math.prod(_STAYS[technique](parameters) for technique in cell.chain if technique in _STAYS)
        return rows * (parameters["shrink_epochs"] * left + _PREDICTION_FACTOR)
    rows = min(parameters[f"{cell.model}_technique_rows"] or train, train)
    return rows * parameters[f"{cell.model}_technique_epochs"] * _TECHNIQUE_FACTOR.get(cell.chain[-1], 0.0)


def _disk_mb(plan: Plan) -> float:
    """Returns the estimated size of all bundles and checkpoints."""
    total = 0.0
    for cell in plan.built:
        size = _SIZE_MB[cell.model] * math.prod(_SIZE_FACTOR.get(technique, 1.0) for technique in cell.chain)
        ends = bool(cell.chain) and STEP_OF_TECHNIQUE[cell.chain[-1]] == "quantize"
        total += size if ends else 2 * size
    return total
