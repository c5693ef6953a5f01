"""The model card: what the chosen model is, what it is for and how good it is, from the run's records alone.

The headings are those of Mitchell et al., "Model Cards for Model Reporting", 2019. Nothing in it is assumed: a
figure is measured, or marked as estimated, and what was not measured is said not to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from components.compare.reporting.markdown import escape_markdown, indented_block
from components.compare.reporting.report import ReportContent
from components.compare.slices import SlicedCandidate, SliceFigures
from components.shared.bundle import Manifest, content_fingerprint
from components.shared.class_weights import CLASS_WEIGHT_POWERS
from components.shared.deciding.bootstrap import CONFIDENCE, RESAMPLES
from components.shared.deciding.costs import usage_cost_eur
from components.shared.deciding.decision import METRIC_NAMES
from components.shared.deciding.wording import write_euros
from components.shared.metrics import QualityFigures
from components.shared.profile import Profile
from components.shared.quantification import ASSUMPTION
from components.shared.records.features import Features
from components.shared.records.plan import MODELS
from components.shared.records.robustness import Behaviour, Noise, Point, Robustness

_STATUS = {
    "deploy": "The verdict of the run is to deploy it.",
    "keep": "It is the best choice among the candidates, but the deployed model stays.",
    "inconclusive": "It is the best choice among the candidates, but the run is inconclusive: nothing is deployed.",
    "none": "It is the best choice among the candidates, but nothing is deployed.",
}
_WITHOUT_MODEL = "# Model card\n\nNo model was chosen, so there is none to describe: the report tells why.\n"
_IMBALANCE = {
    "weights": "errors on rare labels weigh more in training",
    "oversample": "reviews of rare labels are repeated in training",
    "undersample": "training takes fewer reviews of frequent labels",
    "none": "nothing is done",
}
_SPLIT = {
    "text": "text, so that copies of a text are all in one split",
    "group": "group, so that reviews of one group are all in one split",
    "time": "time: the test reviews are the latest",
}
#: Figure of a table's row -> its name and format; shown on select and on test, with the interval where there is one.
_QUALITY = {
    "accuracy": ("accuracy", "{:.3f}"),
    "macro_precision": ("macro precision", "{:.3f}"),
    "macro_recall": ("macro recall", "{:.3f}"),
    "macro_f1": ("macro-F1", "{:.3f}"),
    "weighted_precision": ("weighted precision", "{:.3f}"),
    "weighted_recall": ("weighted recall", "{:.3f}"),
    "weighted_f1": ("weighted F1", "{:.3f}"),
    "quadratic_kappa": ("quadratic kappa", "{:.3f}"),
    "mean_absolute_error": ("mean absolute error of a label", "{:.3f}"),
    "average_error": ("error of the average", "{:+.3f}"),
    "calibration_error": ("expected calibration error", "{:.3f}"),
}


@dataclass(frozen=True)
class LabelFigures:
    """How well one label is told from the others.

    Attributes:
        label: Its name.
        reviews: How many truly have it.
        precision, recall, f1: None where nothing was predicted, or nobody has it.
        roc_auc: Against all others; None where all reviews or none have it.
    """

    label: str
    reviews: int
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None


def render_model_card(content: ReportContent, manifest: Manifest | None, profile: Profile | None) -> str:
    """Returns the card as Markdown; every text that comes from outside is escaped.

    Args:
        content: What the report shows.
        manifest: Of the chosen model's bundle; None if none was chosen: the card is one line then.
        profile: What its train split looked like, if its bundle says so.
    """
    decision, need = content.decision, content.need
    chosen = next((row for row in content.rows if row.candidate == decision.chosen), None)
    if chosen is None or manifest is None:
        return _WITHOUT_MODEL
    environment = Environment(
        loader=PackageLoader("components.compare.reporting", "templates"),
        autoescape=True,
        finalize=escape_markdown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = _figure
    environment.filters["euros"] = write_euros
    measured = next(one for one in content.measurements.candidates if one.candidate == chosen.candidate)
    on_test = content.test[chosen.candidate]
    return environment.get_template("model_card.md").render(
        chosen=chosen,
        manifest=manifest,
        fingerprint=content_fingerprint(manifest),
        status=_STATUS[decision.verdict],
        decision=decision,
        caveats=content.caveats,
        need=need,
        need_yaml=indented_block(yaml.safe_dump(need.model_dump(), sort_keys=False, allow_unicode=True)),
        metric=METRIC_NAMES[need.quality.metric],
        task=content.task,
        features=content.features,
        profile=profile,
        shares_of_labels=list(zip(content.task.labels, content.features.class_shares, strict=True)),
        trained=manifest.model in MODELS and not content.plan.brought_model(manifest.model),
        imbalance=_against_imbalance(manifest, content.features),
        split=_SPLIT[content.features.split_by],
        warnings=[one for one in content.features.findings if one.outcome in ("warning", "allowed")],
        select_rows=content.select[chosen.candidate].rows,
        test_rows=on_test.rows,
        quality=[
            (name, _with_interval(chosen, figure, pattern), _with_interval(chosen, f"test_{figure}", pattern))
            for figure, (name, pattern) in _QUALITY.items()
            if getattr(chosen, figure) is not None
        ],
        labels=figures_by_label(on_test, content.task.labels),
        slices=_slices_of(chosen.candidate, content.sliced),
        not_sliced=content.not_sliced,
        flags=_flags,
        average=content.average,
        assumption=ASSUMPTION,
        robustness=content.robustness or Robustness(),
        noises=_noises_of(chosen.candidate, content.robustness),
        behaviours=_behaviours_of(chosen.candidate, content.robustness),
        flips=content.flips.get(chosen.candidate),
        measured=measured,
        energy=measured.power if measured.energy_wh_per_1000 is not None else None,
        training_eur=usage_cost_eur(manifest.training, need),
        machine=content.measurements.machine,
        code_fingerprint=content.plan.code_fingerprint,
        seed=content.seed,
        resamples=RESAMPLES,
        confidence=CONFIDENCE,
    )


def figures_by_label(figures: QualityFigures, labels: Sequence[str]) -> list[LabelFigures]:
    """Returns precision, recall, F1 and ROC AUC of each label, from the confusion counts."""
    predicted = [sum(column) for column in zip(*figures.confusion, strict=True)]
    by_label = []
    for index, label in enumerate(labels):
        right, reviews = figures.confusion[index][index], sum(figures.confusion[index])
        by_label.append(
            LabelFigures(
                label=label,
                reviews=reviews,
                precision=_share(right, predicted[index]),
                recall=_share(right, reviews),
                f1=_share(2 * right, reviews + predicted[index]),
                roc_auc=figures.roc_auc[index],
            )
        )
    return by_label


def _slices_of(candidate: str, sliced: Sequence[SlicedCandidate]) -> tuple[SliceFigures, ...]:
    return next((one.slices for one in sliced if one.candidate == candidate), ())


def _flags(figures: SliceFigures) -> str:
    return ", ".join(name for name, raised in (("weaker", figures.weaker), ("harmed", figures.harmed)) if raised)


def _noises_of(candidate: str, robustness: Robustness | None) -> list[tuple[Noise, Point]]:
    """Returns each noise that was added for a candidate, at its strongest."""
    noises = robustness.noises if robustness else ()
    return [(noise, noise.curves[candidate][-1]) for noise in noises if candidate in noise.curves]


def _behaviours_of(candidate: str, robustness: Robustness | None) -> list[tuple[Behaviour, int]]:
    """Returns each behavioural test of a candidate, with the number of cases it passes."""
    tests = robustness.behaviours if robustness else ()
    return [(test, test.results[candidate].passed) for test in tests if candidate in test.results]


def _against_imbalance(manifest: Manifest, features: Features) -> str:
    """Returns what training did about rare labels: class weights serve the LSTM and balanced linear models."""
    weighed = CLASS_WEIGHT_POWERS.get(manifest.model, 0) > 0 or manifest.candidate.endswith("-balanced")
    return _IMBALANCE["none" if features.imbalance == "weights" and not weighed else features.imbalance]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _figure(value: float | None, pattern: str = "{:.3f}") -> str:
    return "not measured" if value is None else pattern.format(value)


def _with_interval(row: object, figure: str, pattern: str) -> str:
    value: float | None = getattr(row, figure)
    low: float | None = getattr(row, f"{figure}_low", None)
    high: float | None = getattr(row, f"{figure}_high", None)
    if value is None or low is None or high is None:
        return _figure(value, pattern)
    return f"{pattern.format(value)} ({pattern.format(low)} to {pattern.format(high)})"
