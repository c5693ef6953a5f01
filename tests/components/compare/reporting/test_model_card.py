"""The model card: the usual headings, figures of the run, and hostile words that stay words."""

import importlib.util
import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from components.compare.average_on_test import AverageOnTest
from components.compare.reporting.model_card import figures_by_label, render_model_card
from components.compare.slices import Estimate, SlicedCandidate, SliceFigures
from components.shared.bundle import Manifest
from components.shared.meter import Usage
from components.shared.quantification import CorrectedAverage
from components.shared.records.features import Finding
from components.shared.records.measurements import Power
from components.shared.records.robustness import (
    Behaviour,
    BehaviourResult,
    Noise,
    Point,
    Robustness,
    Skipped,
)

_HEADINGS = [
    "What it cannot do, and what is not sure",
    "Model details",
    "Intended use",
    "Out of scope",
    "Training data",
    "Evaluation data",
    "Metrics",
    "Quantitative analyses",
    "Robustness",
    "Ethical considerations and limitations",
    "Cost and environmental impact",
    "How to reproduce",
    "Caveats",
]
_HOSTILE = "<script>alert(1)</script> ![x](https://evil.example/x) [go](javascript:alert(1)) | `a` *b*\n# Heading"


def _make_content(*arguments, **options):
    path = Path(__file__).with_name("test_report.py")
    spec = importlib.util.spec_from_file_location("report_content", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_content(*arguments, **options)


def _card(content, **manifest):
    values = {
        "candidate": content.decision.chosen,
        "task": content.task,
        "model": "distilbert",
        "base_model": "minilm",
        "chain": ("prune", "dynamic"),
        "runtime": "litert",
        "predictor": "distilbert",
        "preprocessing": {},
        "data_fingerprint": "d" * 16,
        "code_fingerprint": "c" * 16,
        "training": Usage(seconds=600.0, cpu_seconds=1100.0),
    }
    return render_model_card(content, Manifest.model_validate(values | manifest), None)


@pytest.fixture(scope="module")
def content():
    return _make_content(4)


def _section(card, heading):
    return card.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_card_has_the_usual_headings_in_order(content):
    card = _card(content)
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == _HEADINGS
    assert card.startswith(f"# Model card: {content.decision.chosen}\n")
    assert "The verdict of the run is to deploy it." in card


def test_the_card_holds_the_figures_of_the_chosen_model_on_both_splits(content):
    chosen = content.decision.chosen
    section = _section(_card(content), "Quantitative analyses")
    row = next(line for line in section.splitlines() if line.startswith("| macro-F1 |"))
    assert f"{content.select[chosen].macro_f1:.3f}" in row
    assert f"{content.test[chosen].macro_f1:.3f}" in row


def test_euros_are_marked_as_estimated_and_what_was_not_measured_is_said_not_to_be(content):
    section = _section(_card(content), "Cost and environmental impact")
    for line in section.splitlines():
        assert "€" not in line or "estimated" in line
    assert "| energy of the training's GPU | not measured |" in section


@pytest.mark.parametrize("kind", ["measured", "estimated"])
def test_energy_says_whether_it_was_measured_and_how(content, kind):
    power = Power(kind=kind, how="by a counter")
    measured = tuple(
        one.model_copy(update={"power": power, "energy_wh_per_1000": 0.25}) for one in content.measurements.candidates
    )
    measurements = content.measurements.model_copy(update={"candidates": measured})
    section = _section(_card(replace(content, measurements=measurements)), "Cost and environmental impact")
    assert f"| energy of 1,000 reviews, {kind} | 0.25 Wh (by a counter) |" in section


def test_without_a_chosen_model_the_card_is_one_line_below_its_title(content):
    decision = replace(content.decision, chosen=None, verdict="none")
    card = render_model_card(replace(content, decision=decision), None, None)
    assert card == "# Model card\n\nNo model was chosen, so there is none to describe: the report tells why.\n"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("keep", "the deployed model stays"), ("inconclusive", "inconclusive"), ("none", "nothing is deployed")],
)
def test_a_choice_that_is_not_deployed_is_said_not_to_be(content, verdict, words):
    card = _card(replace(content, decision=replace(content.decision, verdict=verdict)))
    assert words in card.splitlines()[2]
    assert "is to deploy it" not in card


def test_hostile_words_stay_words():
    content = _make_content(3, labels=("1", "2", "3", "4", _HOSTILE), use_case=_HOSTILE)
    finding = Finding(rule="label proxies", outcome="warning", message=_HOSTILE)
    features = content.features.model_copy(update={"findings": (finding,)})
    card = _card(replace(content, features=features), base_model=_HOSTILE)
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == _HEADINGS
    page = MarkdownIt("commonmark").enable("table").render(card)
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5
    assert not re.search(r"<(script|img|a)\b", page)
    assert page.count("<h1>") == 1


def test_every_table_of_the_card_has_rows_as_wide_as_its_heading(content):
    lines = _card(content).splitlines()
    for above, line in itertools.pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|")


def test_the_error_of_the_average_is_given_plain_and_corrected_with_its_interval(content):
    corrected = CorrectedAverage(value=4.21, low=4.1, high=4.3, shares=(0.2,) * 5, reviews=300)
    average = AverageOnTest(reviews=300, truth=4.2, plain=4.05, corrected=corrected, objection="")
    card = _card(replace(content, average=average))
    assert "| plain mean of the predictions | 4.050 | -0.150 |" in card
    assert "| corrected for the known bias (estimated) | 4.210 (4.100 to 4.300) | +0.010 (-0.100 to +0.100) |" in card
    assert "assumes that reviews of each label still read" in card


def test_an_average_that_is_not_corrected_is_given_with_the_reason(content):
    average = AverageOnTest(reviews=300, truth=4.2, plain=4.05, corrected=None, objection="too few reviews")
    assert "There is no corrected average: too few reviews." in _card(replace(content, average=average))


@pytest.mark.parametrize(
    ("model", "candidate", "words"),
    [
        ("lstm", "lstm-prune", "errors on rare labels weigh more"),
        ("distilbert", "distilbert-dynamic", "nothing is done"),
        ("logistic", "logistic-balanced", "errors on rare labels weigh more"),
        ("logistic", "logistic", "nothing is done"),
    ],
)
def test_what_training_did_about_rare_labels_is_told_of_the_model_itself(content, model, candidate, words):
    section = _section(_card(content, model=model, candidate=candidate), "Training data")
    assert f"Against their imbalance: {words}" in section


def test_a_model_that_the_run_did_not_train_is_said_not_to_be(content):
    section = _section(_card(content, model="vader"), "Training data")
    assert "was not trained by the run" in section and "imbalance" not in section


def test_slices_of_the_chosen_model_are_told_with_their_flags_and_stay_words(content):
    weak = Estimate(value=0.3, low=0.2, high=0.4)
    dresses = SliceFigures("Department", _HOSTILE, 80, quality=weak, average_error=weak, weaker=True)
    jackets = SliceFigures("Department", "Jackets", 7)
    sliced = (
        SlicedCandidate(content.decision.chosen, "", 0.5, (dresses, jackets)),
        SlicedCandidate("another", "", 0.5, (SliceFigures("Department", "Shoes", 90),)),
    )
    card = _card(replace(content, sliced=sliced, not_sliced={"Item": "It has 900 different values."}))
    section = _section(card, "Quantitative analyses")
    weaker = next(line for line in section.splitlines() if line.startswith("| Department: &lt;script&gt;"))
    assert weaker.endswith("| 80 | 0.300 (0.200 to 0.400) | +0.300 (+0.200 to +0.400) | weaker |")
    assert "| Department: Jackets | 7 | too few reviews | too few reviews |  |" in section
    assert "Shoes" not in section
    assert "Not by Item: It has 900 different values." in section
    assert "### By slice, on test\n\nNot measured." in _card(content)


def test_robustness_of_the_chosen_model_alone_is_told(content):
    chosen = content.decision.chosen
    point = Point(strength=0.2, changed=1, value=0.4, low=0.35, high=0.45, loss=0.1, loss_low=0.05, loss_high=0.15)
    weaker = point.model_copy(update={"strength": 0.1, "value": 0.49})
    noise = Noise(name="typos", meaning="of the words misspelt", measure="quality", curves={chosen: (weaker, point)})
    other = Noise(name="case", meaning="of the words in capitals", measure="quality", curves={"another": (point,)})
    result = BehaviourResult(passed=7, failures=())
    behaviour = Behaviour(
        key="another_product",
        name="another product",
        kind="invariance",
        expectation="the label stays",
        cases=8,
        results={chosen: result},
    )
    found = Robustness(reviews=500, noises=(noise, other), behaviours=(behaviour,))
    section = _section(_card(replace(content, robustness=found)), "Robustness")
    assert "| 20% of the words misspelt | macro-F1 | 0.400 (0.350 to 0.450) | +0.100 (+0.050 to +0.150) |" in section
    assert "in capitals" not in section and "0.490" not in section
    assert "| another product | invariance | the label stays | 7 of 8 |" in section


def test_what_was_not_probed_is_said(content):
    skipped = Robustness(skipped=(Skipped(name="typos", reason="Not asked for."),))
    assert "Not probed: typos. Not asked for." in _section(_card(replace(content, robustness=skipped)), "Robustness")
    assert "Not probed for this model." in _section(_card(content), "Robustness")


def test_figures_by_label_come_from_the_confusion_counts(content):
    figures = content.test[content.decision.chosen].model_copy(
        update={"confusion": [[3, 1], [2, 0]], "roc_auc": [0.9, None]}
    )
    first, second = figures_by_label(figures, ("1", "2"))
    assert (first.reviews, first.precision, first.recall) == (4, 3 / 5, 3 / 4)
    assert first.f1 == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert (second.precision, second.recall, second.f1, second.roc_auc) == (0, 0, 0, None)


def test_the_same_run_gives_the_same_card(content):
    assert _card(content) == _card(content)
