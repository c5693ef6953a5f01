"""The report: one HTML file that opens from disk, asks nothing of the network, and prints."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from components.compare.average_on_test import AverageOnTest
from components.compare.charts.run_costs import describe_run, draw_run_costs
from components.compare.charts.sensitivity import describe_sensitivity, draw_sensitivity, treatments_in_words
from components.compare.charts.trade_off import Point, draw_trade_off
from components.compare.charts.training_curves import describe_curves, draw_curves
from components.compare.charts.tuning import describe_search, draw_search
from components.compare.charts.words import draw_driving_words, draw_review_words
from components.compare.explaining import MINIMUM_OCCURRENCES, ChoiceExplanation, Example
from components.compare.flips import Flips
from components.compare.reporting.calibration import show_calibration
from components.compare.reporting.reproduction import NEED_FILE, need_as_yaml, repeat_command
from components.compare.reporting.robustness import show_robustness
from components.compare.reporting.slices import show_slices
from components.compare.reporting.wording import (
    describe_always_on,
    describe_tried,
    fastest_of_each_runtime,
    write_headline,
)
from components.compare.run_costs import RunCosts
from components.compare.slices import SlicedCandidate
from components.compare.table import Row
from components.compare.techniques import Gain
from components.shared.deciding.bootstrap import CONFIDENCE, RESAMPLES, Samples, interval
from components.shared.deciding.break_even import BreakEven, OwnCost
from components.shared.deciding.caveats import Caveat, worst
from components.shared.deciding.decision import METRIC_NAMES, Decision
from components.shared.deciding.skill import Guessing
from components.shared.deciding.wording import write_euros
from components.shared.files import write_text
from components.shared.metrics import QualityFigures, RocCurve
from components.shared.need import Need
from components.shared.records.features import OUTCOMES, Features
from components.shared.records.history import History
from components.shared.records.measurements import Measurements
from components.shared.records.plan import Plan
from components.shared.records.robustness import Robustness
from components.shared.records.searches import Search
from components.shared.records.sensitivity import PartSensitivity, Sensitivity
from components.shared.records.task import Task
from components.shared.texts.printable import printable

_MISSING = "–"
#: Severity of a caveat -> its sign and its words: never told by colour alone.
_SEVERITIES = {"serious": ("✕", "serious"), "warning": ("▲", "warning"), "note": ("○", "note")}


@dataclass(frozen=True)
class ReportContent:
    """Everything the report shows.

    Attributes:
        decision, rows, gains: Of this run.
        caveats: What the chosen candidate cannot do, most severe first.
        guessing: What guessing reaches on select.
        need, task, features, plan, measurements: What it was decided from.
        select, test: Quality by candidate; test only of those whose test figures may be shown.
        samples: Bootstrap values of the deciding metric by candidate.
        seed: Of the bootstrap.
        pages: Title to self-contained HTML file.
        explained: The words that the chosen candidate goes by, if that was asked for.
        services: Each paid service against the chosen model.
        own: What the chosen model costs; None if none was chosen.
        histories: How the training of each candidate went that was trained epoch by epoch.
        searches: The automatic searches for hyperparameters.
        flips: Which reviews change their label, of each candidate with a chain.
        sensitivities: Which parts suffer from which technique, model by model.
        robustness: How the candidates on the front bear noise, and how they behave.
        sliced: Quality by slice, the chosen candidate's first; empty if none was chosen.
        not_sliced: Attribute to the reason why there are no slices by it.
        roc: Label to the chosen candidate's ROC curve on test.
        average: The chosen model's average sentiment of test; None if none was chosen or the labels have no order.
        redacted: Whether no text of a review may be shown; single words that stand for many reviews may.
        versions: Library to version, where the report is written.
        run: What the steps before this one took; None if nothing is known of them.
    """

    decision: Decision
    rows: list[Row]
    gains: list[Gain]
    caveats: Sequence[Caveat]
    guessing: Guessing
    need: Need
    task: Task
    features: Features
    plan: Plan
    measurements: Measurements
    select: Mapping[str, QualityFigures]
    test: Mapping[str, QualityFigures]
    samples: Mapping[str, Samples]
    seed: int
    pages: Mapping[str, Path]
    explained: ChoiceExplanation | None = None
    services: Sequence[BreakEven] = ()
    own: OwnCost | None = None
    histories: Mapping[str, History] = field(default_factory=dict)
    searches: Sequence[Search] = ()
    flips: Mapping[str, Flips] = field(default_factory=dict)
    sensitivities: Sequence[Sensitivity] = ()
    robustness: Robustness | None = None
    sliced: Sequence[SlicedCandidate] = ()
    not_sliced: Mapping[str, str] = field(default_factory=dict)
    roc: Mapping[str, RocCurve] = field(default_factory=dict)
    average: AverageOnTest | None = None
    redacted: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    run: RunCosts | None = None


@dataclass(frozen=True)
class _ShownExample:
    """One explained review, as the page shows it.

    Attributes:
        heading, predicted, truth: In words.
        words: Each word with its sign ("+", "−", or "" for a weak one) and its strength in 0..1.
        picture: Bars of its strongest words.
        complete: See `Explanation`.
    """

    heading: str
    predicted: str
    truth: str
    words: list[tuple[str, str, float]]
    picture: Markup
    complete: bool


@dataclass(frozen=True)
class _ShownScan:
    """One scan of sensitivity, as the page shows it.

    Attributes:
        model, reviews: What was scanned.
        picture: The heat map.
        words: What it shows.
        treatments: Headings of the columns.
        parts: Part to its figures, one a column.
    """

    model: str
    reviews: int
    picture: Markup
    words: str
    treatments: list[str]
    parts: dict[str, list[PartSensitivity]]


_EXAMPLE_HEADINGS = {
    "right": "Right, with the most confidence",
    "wrong": "Wrong, with the most confidence",
    "mixed": "Undecided",
}
#: A review is shown up to here.
_LONGEST_TEXT = 400
_SECTION = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')
_REDACTED = "[review text redacted]"
#: Weaker words, measured by the strongest of the review, get no sign.
_WEAK = 0.1


def write_report(content: ReportContent, path: Path) -> None:
    """Writes the report, atomically."""
    write_text(path, render_report(content))


def render_report(content: ReportContent) -> str:
    """Returns the report as HTML; every text that comes from outside is escaped."""
    environment = Environment(
        loader=PackageLoader("components.compare.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    environment.filters["euros"] = _euros
    environment.filters["contents"] = _contents
    environment.filters["review"] = partial(_review, redacted=content.redacted)
    decision = content.decision
    chosen = next((row for row in content.rows if row.status == "chosen"), None)
    shown = [row for row in content.rows if row.status != "not applicable"]
    return environment.get_template("report.html").render(
        headline=write_headline(decision),
        decision=decision,
        caveats=worst(content.caveats),
        notes=[caveat for caveat in content.caveats if caveat.severity == "note"],
        severities=_SEVERITIES,
        chosen=chosen,
        average=content.average,
        rows=content.rows,
        shown=shown,
        models=sorted({row.model for row in shown if row.model}),
        techniques=sorted({technique for row in shown for technique in row.chain.split("+") if technique}),
        gains=content.gains,
        failed=[row for row in content.rows if row.status == "failed"],
        empty=_empty_cells(content.rows),
        tried={
            one.candidate: "; ".join(map(describe_tried, fastest_of_each_runtime(one.tried)))
            for one in content.measurements.candidates
        },
        redacted=content.redacted,
        versions=content.versions,
        command=repeat_command(content.plan),
        need_file=NEED_FILE,
        measurements=content.measurements,
        flips=content.flips,
        scans=list(map(_shown_scan, content.sensitivities)),
        robustness=show_robustness(content.robustness, METRIC_NAMES[content.need.quality.metric])
        if content.robustness
        else None,
        slices=show_slices(content.sliced, content.not_sliced, METRIC_NAMES[content.need.quality.metric]),
        calibration=show_calibration(content.test[decision.chosen], content.roc, content.task.labels)
        if decision.chosen
        else None,
        need=content.need,
        need_yaml=need_as_yaml(content.need),
        metric=METRIC_NAMES[content.need.quality.metric],
        labels=content.task.labels,
        confusion=_shaded_confusion(content),
        # Safe: drawn by the chart library, which escapes the names it writes.
        chart=Markup(_chart(content)),
        against=_horizontal(content)[1],
        # Safe, as the chart is.
        searches=[
            # Safe, as the chart is.
            (one.candidate, Markup(draw_search(one)), describe_search(one), one.how)
            for one in content.searches
        ],
        trainings=[
            (name, Markup(draw_curves(history)), describe_curves(history))
            for name, history in content.histories.items()
        ],
        services=content.services,
        own=content.own,
        explained=content.explained,
        # Safe, as the chart is.
        drivers=Markup(draw_driving_words(content.explained.drivers) if content.explained else ""),
        examples=[_shown(example) for example in content.explained.examples] if content.explained else [],
        minimum_occurrences=MINIMUM_OCCURRENCES,
        always_on=_always_on(chosen, content.need),
        run=content.run,
        # Safe, as the chart is.
        run_chart=Markup(draw_run_costs(content.run.steps) if content.run else ""),
        run_words=describe_run(content.run.steps) if content.run else "",
        machine=content.measurements.machine,
        plan=content.plan,
        features=content.features,
        outcomes=OUTCOMES,
        guessing=content.guessing,
        select_rows=_rows(content.select),
        test_rows=_rows(content.test),
        resamples=RESAMPLES,
        confidence=CONFIDENCE,
        seed=content.seed,
        pages={title: path.read_text(encoding="utf-8") for title, path in content.pages.items()},
    )


def _always_on(chosen: Row | None, need: Need) -> str:
    """Returns what starting and stopping the chosen model saves; empty if there is nothing to stop."""
    if chosen is None or chosen.batch_per_month_eur is None or chosen.always_on_per_month_eur is None:
        return ""
    return describe_always_on(chosen.candidate, chosen.batch_per_month_eur, chosen.always_on_per_month_eur, need)


def _euros(value: float | None) -> str:
    """Returns an amount to the cent, for a table; a dash for what was not measured."""
    return _MISSING if value is None else write_euros(value)


def _figure(value: float | None, pattern: str = "{:.3f}", unit: str = "") -> str:
    """Returns a figure in words fit for a table; a dash for what was not measured."""
    if value is None:
        return _MISSING
    return pattern.format(value) + (f"\u202f{unit}" if unit else "")


def _shown(example: Example) -> _ShownExample:
    explanation = example.explanation
    label = explanation.predicted
    values = explanation.of_label(label)
    largest = max(map(abs, values), default=0.0) or 1.0
    signs = ["" if abs(value) < _WEAK * largest else "+" if value > 0 else "−" for value in values]
    return _ShownExample(
        heading=_EXAMPLE_HEADINGS[example.kind],
        predicted=f"{explanation.labels[label]} ({explanation.prediction[label]:.0%})",
        truth=example.truth,
        words=[
            (printable(word), sign, abs(value) / largest)
            for word, sign, value in zip(explanation.words, signs, values, strict=True)
        ],
        # Safe, as the chart is.
        picture=Markup(draw_review_words(explanation, label)),
        complete=explanation.complete,
    )


def _contents(body: str) -> list[tuple[str, str]]:
    """Returns anchor and title of every section of a page."""
    return [(anchor, Markup(title).unescape()) for anchor, title in _SECTION.findall(body)]


def _review(text: str, redacted: bool) -> str:
    """Returns the text of a review fit for a page and not too long for it; words that stand for it if redacted."""
    if redacted:
        return _REDACTED
    text = printable(text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()} …"


def _shown_scan(sensitivity: Sensitivity) -> _ShownScan:
    parts: dict[str, list[PartSensitivity]] = {}
    for one in sensitivity.figures:
        parts.setdefault(one.part, []).append(one)
    return _ShownScan(
        model=sensitivity.model,
        reviews=sensitivity.reviews,
        # Safe, as the chart is.
        picture=Markup(draw_sensitivity(sensitivity)),
        words=describe_sensitivity(sensitivity),
        treatments=list(treatments_in_words(sensitivity).values()),
        parts=parts,
    )


def _empty_cells(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Returns each reason why candidates do not apply, with their names."""
    candidates: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.status == "not applicable":
            candidates[row.reason].append(row.candidate)
    return list(candidates.items())


def _rows(quality: Mapping[str, QualityFigures]) -> int:
    return next((figures.rows for figures in quality.values()), 0)


def _shaded_confusion(content: ReportContent) -> list[list[tuple[int, float]]]:
    """Returns the winner's confusion counts on test with their share of the true label's reviews."""
    chosen = content.decision.chosen
    if chosen is None:
        return []
    return [[(count, count / max(sum(row), 1)) for count in row] for row in content.test[chosen].confusion]


def _horizontal(content: ReportContent) -> tuple[Mapping[str, float | None], str]:
    """Returns where each candidate stands on the chart's horizontal axis, and the name of the axis.

    That is what "cheapest" means to the need. Where all costs tie it is processor time: the chart would show
    differences that decide nothing.
    """
    weights = content.need.weights
    measured = [row for row in content.rows if row.candidate in content.decision.standings]
    if weights.latency or weights.memory or weights.size:
        burdens = {name: standing.burden for name, standing in content.decision.standings.items()}
        return burdens, "burden (weighted share of the need's limits)"
    costs = {row.candidate: row.cost_per_month_eur for row in measured}
    known = [cost for cost in costs.values() if cost is not None]
    seconds = {row.candidate: row.cpu_s_per_1000 for row in measured}
    tied = known and max(known) - min(known) <= content.need.worthwhile_saving_eur
    if tied and any(value is not None for value in seconds.values()):
        return seconds, "processor seconds for 1,000 reviews (measured)"
    return costs, "€ a month (estimated)"


def _chart(content: ReportContent) -> str:
    """Returns the trade-off chart."""
    metric, (places, name) = content.need.quality.metric, _horizontal(content)
    points = []
    for row in content.rows:
        standing, place = content.decision.standings.get(row.candidate), places.get(row.candidate)
        if standing is None or place is None:
            continue
        low, high = interval(content.samples[row.candidate])
        quality = getattr(content.select[row.candidate], metric)
        points.append(
            Point(
                name=row.candidate,
                cost=place,
                quality=quality,
                low=low,
                high=high,
                offered=not standing.objections,
                on_front=standing.on_front,
                chosen=row.candidate == content.decision.chosen,
                best=row.candidate == content.decision.best,
                details=_details(row, f"{METRIC_NAMES[metric]} {quality:.3f} ({low:.3f} to {high:.3f})"),
            )
        )
    return draw_trade_off(points, f"{METRIC_NAMES[metric]} on select (measured)", name)


def _details(row: Row, quality: str) -> tuple[str, ...]:
    """Returns what the chart says of a candidate where the pointer is, line by line."""
    return (
        row.status + (", on the front" if row.on_front else ""),
        quality,
        f"{_euros(row.cost_per_month_eur)} a month, estimated",
        f"p95 of one review {_figure(row.p95_ms, '{:.3g}', 'ms')}",
        f"{_figure(row.reviews_per_second, '{:,.0f}', 'reviews/s')}",
        f"{_figure(row.size_mb, '{:.3g}', 'MB')} on disk",
    )
