import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from builders import conversion, measurement
from components.compare.explaining import ChoiceExplanation, Example
from components.compare.flips import Flip, Flips
from components.compare.reporting.report import ReportContent, render_report
from components.compare.run_costs import reckon_run
from components.compare.slices import Estimate, SlicedCandidate, SliceFigures
from components.compare.table import Evidence, make_rows
from components.compare.techniques import changes_of_quality, describe_gains
from components.shared.deciding.bootstrap import bootstrap_metric, interval
from components.shared.deciding.break_even import BreakEven, OwnCost
from components.shared.deciding.caveats import Caveat
from components.shared.deciding.costs import monthly_cost
from components.shared.deciding.decision import Candidate, Deployed
from components.shared.deciding.selection import decide
from components.shared.deciding.skill import Guessing, Skill
from components.shared.explanations import DrivingWords, Explanation, WordEffect
from components.shared.meter import Usage
from components.shared.metrics import quality, roc_of_label
from components.shared.need import parse_need
from components.shared.records.features import Features, Finding
from components.shared.records.history import History
from components.shared.records.measurements import (
    Champion,
    Machine,
    Measurements,
    Power,
    Spread,
    TriedRuntime,
)
from components.shared.records.plan import Cell, Plan
from components.shared.records.searches import Search, TrialRecord
from components.shared.records.sensitivity import PartSensitivity, Sensitivity
from components.shared.records.step_usage import StepUsage
from components.shared.records.task import Task
from components.shared.services.record import Offer
from components.shared.texts.text import TextPreprocessing

_HOSTILE = "<script>alert('review')</script><img src=https://evil.example/x onerror=alert(1)>\"'"
_FLIP = Flip(
    text="Lovely dress, but it came with a hole.",
    truth="2",
    before="2",
    before_probability=0.7,
    after="4",
    after_probability=0.6,
)
_CONVERSION = conversion(agreement=0.96, largest_difference=0.12, notes=("The embedding stays as it is.",))
_TECHNIQUES = ("dynamic", "float16", "int8", "qat", "prune", "cluster")


_POWER = Power(kind="estimated", how="4 W a thread", watts_per_core=4.0, ram_watts=2.0)
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def _run(need):
    """Returns what a run took whose cleaning came from the cache."""
    steps = (("clean", -60), ("define", 0), ("train-lstm", 1), ("evaluate", 9))
    usages = [
        StepUsage(
            step=step,
            started=_BEGUN + timedelta(minutes=minute),
            ended=_BEGUN + timedelta(minutes=minute, seconds=30),
            usage=Usage(seconds=30.0 + minute, cpu_seconds=20.0, peak_memory_mb=500.0),
        )
        for step, minute in steps
    ]
    return reckon_run(sorted(usages, key=lambda one: one.started), _POWER, need)


def _measurement(name, model, chain, number):
    return measurement(
        name,
        model=model,
        chain=chain,
        base_model="glove-6b-50d",
        size_bytes=90_000_000 // (1 + number),
        gzip_bytes=80_000_000 // (1 + number),
        latency_reviews=200,
        latency_p50_ms=12.0 / (1 + number % 5),
        latency_p95_ms=15.0 / (1 + number % 5),
        latency_p99_ms=18.0 / (1 + number % 5),
        latency_timings=600,
        cpu_seconds_per_1000=2.5,
        energy_wh_per_1000=0.004,
        power=_POWER,
        reviews_per_second=Spread(median=80.0 * (1 + number % 5), low=70.0, high=90.0, repetitions=3),
        peak_memory_mb=300.0,
        startup_seconds=Spread.of([0.8]),
        cpu_seconds=4.0,
        training=Usage(seconds=600.0 + number),
        load_average=0.4,
        busy_share=0.02,
    )


def make_content(count, labels=("1", "2", "3", "4", "5"), failure="it diverged", use_case="A shop.", pages=None):
    """Returns a report's content with `count` measured candidates whose quality falls slowly."""
    generator = np.random.default_rng(3)
    truth = {split: generator.choice(5, size=300, p=(0.05, 0.07, 0.13, 0.22, 0.53)) for split in ("select", "test")}
    names = ["lstm", "distilbert", *(f"{m}-{t}" for t in _TECHNIQUES for m in ("lstm", "distilbert"))]
    names += ["distilbert-layers-trim-dynamic", "distilbert-prune-cluster-dynamic"]
    names += [f"lstm-extra{number}" for number in range(100)]
    measured, predicted = [], {"select": {}, "test": {}}
    for number, name in enumerate(names[:count]):
        model, *chain = name.split("-")
        measured.append(_measurement(name, model, tuple(chain), number))
        for split, labels_of_split in truth.items():
            wrong = generator.random(300) < 0.25 + 0.004 * number
            predicted[split][name] = np.eye(5)[np.where(wrong, generator.integers(0, 5, 300), labels_of_split)]
    task = Task(labels=labels, scores=(1, 2, 3, 4, 5), text_column="text")
    need = parse_need("").model_copy(update={"use_case": use_case})
    scores = np.array(task.scores)
    figures = {
        split: {name: quality(truth[split], rows, scores) for name, rows in by_name.items()}
        for split, by_name in predicted.items()
    }
    samples = bootstrap_metric(
        truth["select"],
        {name: rows.argmax(axis=1) for name, rows in predicted["select"].items()},
        classes=5,
        metric="macro_f1",
        seed=0,
        resamples=200,
    )
    candidates = {
        one.candidate: Candidate(
            name=one.candidate,
            quality=figures["select"][one.candidate].macro_f1,
            average_error=0.0,
            p95_ms=one.latency_p95_ms,
            memory_mb=one.peak_memory_mb,
            size_mb=one.size_bytes / 1e6,
            cost_eur=monthly_cost(one, need).total,
            cost=monthly_cost(one, need),
            changes=len(one.chain) + 1,
            skill=Skill(gain=0.4, low=0.3, p_value=0.001, strength=5.0),
        )
        for one in measured
    }
    guessing = Guessing(most_frequent=0.14, label_shares=0.2, lexicon=0.31)
    decision = decide(list(candidates.values()), need, guessing, samples, Deployed(), reviews=300)
    plan = Plan(
        need=need,
        models=("lstm",),
        cells=(Cell(model="lstm", chain=("qat", "int8"), applies=False, reason=failure),),
        code_fingerprint="c" * 16,
    )
    measurements = Measurements(
        machine=Machine(
            processor="A processor",
            cores=2,
            memory_mb=8000.0,
            flags=("avx2",),
            system="Linux 6",
            python="3.11",
            power=_POWER,
        ),
        candidates=tuple(measured),
        failures={"lstm-broken": failure},
        champion=Champion(status="none"),
    )
    intervals = {name: interval(values) for name, values in samples.items()}
    techniques = [one for one in measured if one.chain and one.model in ("lstm", "distilbert")]
    reached = {name: of.macro_f1 for name, of in figures["test"].items()}
    changes = changes_of_quality(measured, reached, samples)
    evidence = Evidence(
        select=figures["select"],
        test=figures["test"],
        intervals={"accuracy": intervals, "macro_f1": intervals},
        flips={one.candidate: Flips(one.model, 12, 300, (_FLIP,)) for one in techniques},
        conversions={one.candidate: _CONVERSION for one in techniques},
        changes=changes,
    )
    return ReportContent(
        decision=decision,
        rows=make_rows(plan, measurements, decision, evidence),
        gains=describe_gains(measured, changes, evidence.conversions),
        caveats=(
            Caveat("serious", "recall", "It finds none of the 12 test reviews labelled 1."),
            Caveat("warning", "guard", failure),
            Caveat("note", "language", "It learned from reviews in the language 'en' alone."),
        ),
        guessing=guessing,
        need=need,
        task=task,
        features=Features(
            task=task,
            text=TextPreprocessing(),
            sequence_length=10,
            embeddings=("glove-6b-50d",),
            class_weights=(1,) * 5,
            class_shares=(0.2,) * 5,
            data_fingerprint="d" * 16,
            code_fingerprint="c" * 16,
        ),
        plan=plan,
        measurements=measurements,
        select=figures["select"],
        test=figures["test"],
        samples=samples,
        seed=0,
        pages=pages or {},
        flips=evidence.flips,
        run=_run(need),
    )


def make_scan(parts=("embeddings", "transformer.layer.0.attention", "classifier")):
    """Returns a scan whose parts bear the given names."""
    figures = [
        PartSensitivity(
            part=part, layers=part, treatment=treatment, used=True, macro_f1_loss=0.01, agreement=0.9, shift=shift
        )
        for number, part in enumerate(parts)
        for treatment, shift in (("int8", 0.001), ("prune", 0.03 + 0.01 * number), ("cluster", 0.01))
    ]
    return Sensitivity(
        model="distilbert",
        reviews=100,
        macro_f1=0.5,
        sparsity=0.5,
        clusters=32,
        seconds=9.0,
        figures=tuple(figures),
    )


def make_explained(word="love", label="5"):
    """Returns an explanation in which `word` and `label` stand wherever words and labels of strangers do."""
    labels = ("1", "2", "3", "4", label)
    values = [(-0.1, 0.0, 0.0, 0.0, 0.1), (0.05, 0.0, 0.0, 0.0, -0.05)]
    explanation = Explanation(
        labels=labels,
        words=(word, "but"),
        contributions=tuple(values),
        base=(0.2, 0.1, 0.1, 0.1, 0.5),
        prediction=(0.15, 0.1, 0.1, 0.1, 0.55),
        complete=False,
    )
    drivers = [
        DrivingWords(
            label=name,
            raising=(WordEffect(word=word, contribution=0.1, occurrences=3),),
            lowering=(WordEffect(word="but", contribution=-0.05, occurrences=4),),
        )
        for name in labels
    ]
    examples = [Example(kind=kind, truth=label, explanation=explanation) for kind in ("right", "wrong", "mixed")]
    return ChoiceExplanation(candidate="lstm", reviews=100, drivers=tuple(drivers), examples=tuple(examples))


class _Reader(HTMLParser):
    """Collects the tags, their addresses, and the tags that never close."""

    _VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self._VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _read(html):
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("count", [0, 1, 20, 60])
def test_the_report_names_every_candidate_whatever_their_number(count):
    content = make_content(count)
    html = render_report(content)
    _read(html)
    for one in content.measurements.candidates:
        assert f'<th scope="row">{one.candidate}</th>' in html


def test_what_the_winner_cannot_do_stands_in_the_head_the_most_severe_first_and_not_by_colour_alone():
    html = render_report(make_content(3))
    head = html[: html.index("<section")]
    assert "What lstm cannot do" in head
    assert "✕</span> serious</strong> It finds none of the 12 test reviews labelled 1." in head
    assert head.index("serious</strong>") < head.index("warning</strong>") < head.index("It learned from reviews")
    assert head.index("What lstm cannot do") < head.index('<ul aria-label="Reasons">')


def test_without_anything_serious_that_is_said():
    content = make_content(3)
    html = render_report(replace(content, caveats=content.caveats[2:]))
    assert "Nothing of it is serious." in html


def test_the_report_says_the_verdict_first():
    content = make_content(3)
    body = render_report(content).split("<main>")[1]
    assert body.strip().startswith(f"<h1>Deploy {content.decision.chosen}</h1>")
    assert body.index(content.decision.reasons[0][:20]) < body.index("<section")


def test_nothing_in_the_report_points_outside():
    reader = _read(render_report(make_content(5)))
    assert all(address.startswith("#") for address in reader.addresses)
    assert not {"link", "img", "object", "embed"} & set(reader.tags)


def test_hostile_text_stays_text(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<p>{_HOSTILE}</p>")
    labels = (_HOSTILE, "2", "3", "4", "$\\frac$")
    html = render_report(make_content(3, labels, _HOSTILE, _HOSTILE, {_HOSTILE: page}))
    reader = _read(html)
    assert reader.tags.count("script") == 1
    assert "img" not in reader.tags
    assert reader.tags.count("iframe") == 1
    assert re.search(r'<iframe sandbox="" title="[^"]*" srcdoc="[^"]*">', html)


def test_the_report_lists_what_the_guard_found_escaped():
    assert "Leak and sampling guard" not in render_report(make_content(1))
    content = make_content(1)
    findings = (
        Finding(rule="label proxies", outcome="repaired", message=_HOSTILE, columns=(_HOSTILE,)),
        Finding(rule="split sizes", outcome="warning", message="train 90%"),
    )
    html = render_report(replace(content, features=content.features.model_copy(update={"findings": findings})))
    reader = _read(html)
    assert "img" not in reader.tags
    assert "<strong>label proxies</strong>" in html
    assert "repaired. " in html
    assert '▲</span> warning. <span class="note">train 90%</span>' in html


def test_the_chart_takes_its_colours_from_the_page():
    html = render_report(make_content(4))
    svg = html[html.index("<svg") : html.index("</svg>")]
    assert "currentColor" in svg
    assert "var(--accent)" in svg
    assert "#01020" not in svg


def test_the_same_content_gives_the_same_report():
    assert render_report(make_content(4)) == render_report(make_content(4))


def test_the_words_that_drive_the_choice_are_shown_with_signs_and_pictures():
    html = render_report(replace(make_content(3), explained=make_explained()))
    _read(html)
    section = html.split('<section aria-labelledby="words">')[1].split("</section>")[0]
    assert section.count("<svg") == 4
    assert "var(--accent)" in section and "var(--against)" in section
    assert "love<sup>+</sup>" in section and "but<sup>−</sup>" in section
    for heading in ("Right, with the most confidence: says 5 (55%)", "Wrong, with the most", "Undecided"):
        assert heading in section
    assert "Neighbours may share" in section


def test_hostile_words_stay_text():
    explained = make_explained(_HOSTILE + "\x1b[31m\u202e", _HOSTILE)
    html = render_report(replace(make_content(3), explained=explained))
    reader = _read(html)
    assert reader.tags.count("script") == 1
    assert "img" not in reader.tags
    assert "\x1b" not in html and "\u202e" not in html


def test_without_an_explanation_there_is_no_section_for_it():
    assert 'aria-labelledby="words"' not in render_report(make_content(3))


def test_a_model_that_no_word_changes_is_explained_in_a_sentence():
    explained = make_explained().model_copy(update={"drivers": (), "examples": ()})
    assert "No word that occurs at least 3 times" in render_report(replace(make_content(3), explained=explained))


def _with_services(content, reviews):
    offer = Offer(
        service="azure-language",
        model=_HOSTILE,
        status="no key",
        price_per_1000_eur=0.9,
        basis="0.9 € per 1,000 records",
    )
    return replace(
        content,
        services=[BreakEven(offer, reviews, "The sentence on the volume.")],
        own=OwnCost("lstm", 0.0123, 0.0000045),
    )


def test_the_report_gives_the_break_even_volume_with_its_formula():
    html = render_report(_with_services(make_content(3), 12345))
    _read(html)
    section = _section(html, "services")
    assert "<td>12,345</td>" in section and "not measured: no key" in section
    assert "lstm costs an estimated 0.01 € a day" in section and "under 0.01 € for 1,000 reviews" in section
    assert "n &gt; fixed / (price − own)" in section and "spread over 90 days" in section
    assert "0.9 € per 1,000 records" in section and "The sentence on the volume." in section


def test_a_service_that_is_never_dearer_has_a_dash_for_a_volume():
    assert "<td>–</td>" in _section(render_report(_with_services(make_content(3), None)), "services")


def test_without_services_the_report_has_no_such_section():
    assert "Buying it instead" not in render_report(make_content(3))


def test_the_report_shows_how_each_training_went_in_a_picture_and_in_words():
    history = History(
        loss=[1.2, 0.9],
        gradient_norm=[2.0, 1.5],
        tune_macro_f1=[0.4, 0.45],
        tune_accuracy=[0.6, 0.65],
        seconds=[10.0, 10.0],
        reviews=500,
        best_epoch=1,
    )
    page = render_report(replace(make_content(3), histories={"<b>lstm</b>": history}))
    section = page[page.index('id="trainings"') :]
    section = section[: section.index("</section>")]
    assert "&lt;b&gt;lstm&lt;/b&gt;" in section and "<b>lstm" not in section
    assert 'role="img"' in section and section.count("Training loss from 1.200 to 0.900") == 2
    assert "gradient norm" in section and "50 reviews/s" in section


def test_without_a_training_by_epochs_there_is_no_section_for_it():
    assert 'id="trainings"' not in render_report(make_content(3))


def test_automatic_searches_are_pictured_told_and_escaped():
    search = Search(
        candidate="lstm",
        metric="macro_f1",
        minutes=5,
        how=_HOSTILE,
        best={"word_vectors": _HOSTILE},
        best_trial=1,
        trials=tuple(
            TrialRecord(number=number, values={}, outcome="finished", score=score, seconds=60)
            for number, score in enumerate((0.41, 0.47))
        ),
    )
    page = render_report(replace(make_content(2), searches=[search]))
    section = page[page.index('id="tuning"') :]
    section = section[: section.index("</section>")]
    assert "<svg" in section and "macro-F1 0.470 on tune, after 0.410" in section
    assert _HOSTILE not in page and "&lt;script&gt;" in section
    assert 'role="img" aria-label="Search for lstm. 2 trials' in section


def test_without_a_search_there_is_no_section_on_tuning():
    assert 'id="tuning"' not in render_report(make_content(2))


def _section(page, name):
    return page[page.index(f'aria-labelledby="{name}">') :].partition("</section>")[0]


def test_quality_stands_with_its_interval_and_flips_in_the_table():
    content = make_content(4)
    section = _section(render_report(content), "candidates")
    low, high = interval(content.samples["lstm"])
    assert f"{low:.3f} to {high:.3f}" in section
    assert '<td data-value="12">12</td>' in section


def test_what_a_technique_left_and_took_stands_in_the_second_table():
    section = _section(render_report(make_content(4)), "details")
    assert '<td data-value="0.5">50%</td>' in section
    assert '<td data-value="32">32</td>' in section
    assert '<td data-value="36.0">36.0</td>' in section


def test_the_fastest_way_on_each_run_time_is_told_with_why():
    content = make_content(3)
    tried = (
        TriedRuntime(runtime="litert", reviews_per_second=10.0),
        TriedRuntime(runtime="litert", threads=2, reviews_per_second=20.0),
        TriedRuntime(runtime="onnxruntime", note=_HOSTILE),
    )
    first, *others = content.measurements.candidates
    measured = (first.model_copy(update={"tried": tried, "batch_size": 16}), *others)
    page = render_report(
        replace(content, measurements=content.measurements.model_copy(update={"candidates": measured}))
    )
    section = _section(page, "details")
    assert "litert, 1 × 2 threads: 20 reviews/s; onnxruntime: &lt;script&gt;" in section
    assert "10 reviews/s" not in section


def test_every_technique_is_told_in_words_and_failures_with_their_reason():
    section = _section(render_report(make_content(20, failure="it collapsed on tune")), "techniques")
    assert section.count('96.0%<br><span class="note">0.12</span>') == 18
    assert section.count("The embedding stays as it is.") == 18
    assert "<strong>lstm-broken</strong>: It collapsed on tune." in section


def test_flips_are_shown_with_text_labels_and_probabilities_and_stay_text():
    long = replace(_FLIP, text=_HOSTILE + "\x1b[31m\u202e" + "very " * 200)
    flips = {"lstm-prune": Flips("lstm", 12, 300, (_FLIP, long))}
    page = render_report(replace(make_content(3), flips=flips))
    reader = _read(page)
    section = _section(page, "flips")
    assert reader.tags.count("script") == 1
    assert "img" not in reader.tags
    assert "\x1b" not in page and "\u202e" not in page
    assert "lstm-prune: 12 of 300 flip" in section
    assert "<td>2</td><td>2 (70%)</td><td>4 (60%)</td>" in section
    assert section.count("very") < 100 and " …</td>" in section


def test_redaction_leaves_no_text_of_a_review(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>The itchy sweater was quoted.</p>")
    flips = {"lstm-prune": Flips("lstm", 12, 300, (replace(_FLIP, text="An itchy sweater"),))}
    content = replace(
        make_content(3, pages={"Cleaning": page}), flips=flips, explained=make_explained("sweater", "5")
    )
    drivers = content.explained.model_copy(update={"drivers": make_explained("love").drivers})
    shown = render_report(replace(content, explained=drivers))
    redacted = render_report(replace(content, explained=drivers, redacted=True))
    assert "An itchy sweater" in shown and "was quoted" in shown and "sweater<sup>+</sup>" in shown
    assert "sweater" not in redacted and "was quoted" not in redacted
    assert "[review text redacted]" in _section(redacted, "flips")
    assert _section(redacted, "words").count("[review text redacted]") == 3
    assert "love" in _section(redacted, "words")  # single words that drive many reviews stay
    assert "Cleaning" in _section(redacted, "data")


def test_the_scan_is_drawn_told_and_given_in_figures():
    page = render_report(replace(make_content(3), sensitivities=[make_scan(("embeddings", "<b>ffn</b>"))]))
    _read(page)
    section = _section(page, "sensitivity")
    assert section.count("<svg") == 1
    assert "distilbert, 100 reviews" in section
    assert "--kept-in-float" in section
    assert "<b>ffn" not in section and "&lt;b&gt;ffn" in section
    assert section.count("<td>90.0%</td>") == 6


def test_quality_stands_in_full_with_its_intervals_and_test_figures_only_where_they_may():
    content = make_content(6)
    rows = [replace(row, test_accuracy=None) if row.candidate == "lstm-dynamic" else row for row in content.rows]
    section = _section(render_report(replace(content, rows=rows)), "quality")
    on_select, on_test = section.split("On the 300 test reviews")
    one = next(row for row in rows if row.candidate == "lstm-dynamic")
    for value in (one.weighted_precision, one.quadratic_kappa, one.mean_absolute_error, one.calibration_error):
        assert f"{value:.3f}" in on_select
    assert f"{one.accuracy_low:.3f} to {one.accuracy_high:.3f}" in on_select
    assert ">lstm<" in on_test and ">lstm-dynamic<" not in on_test


def _sliced(value="Dresses"):
    estimate = Estimate(0.41, 0.35, 0.47)
    weak = SliceFigures(
        attribute="Department",
        value=value,
        reviews=120,
        labels=4,
        quality=estimate,
        difference=Estimate(-0.12, -0.2, -0.04),
        weaker=True,
        average_error=Estimate(0.11, 0.02, 0.2),
        change=Estimate(-0.03, -0.06, 0.01),
        flips=9,
    )
    return SlicedCandidate("lstm-int8", "lstm", 0.5, (weak, SliceFigures("Department", "Trend", 7, flips=0)))


def test_slices_are_drawn_told_and_given_in_figures():
    page = render_report(replace(make_content(4), sliced=[_sliced()], not_sliced={"Class": "20 different values"}))
    section = _section(page, "slices")
    assert "<svg" in section and 'aria-label="macro-F1 by slice. Significantly weaker' in section
    assert "Department, Dresses (-0.120)" in section
    assert all(figure in section for figure in ("0.410", "-0.120", "+0.110", "-0.030", ">weaker<", "4 of 5"))
    assert "too few reviews" in section
    assert "Class (20 different values)" in section


def test_hostile_names_of_slices_stay_text():
    page = render_report(replace(make_content(4), sliced=[_sliced(_HOSTILE)], not_sliced={_HOSTILE: "many values"}))
    assert "<script>alert('review')" not in page
    assert "<img" not in page


def test_the_probabilities_of_the_chosen_candidate_are_judged_on_test():
    content = make_content(4)
    figures = content.test[content.decision.chosen]
    section = _section(render_report(content), "calibration")
    assert f"Expected calibration error {figures.calibration_error:.3f}" in section
    assert section.count("<svg") == 1
    truth, probabilities = np.array([0, 1, 2, 3, 4] * 4), np.random.default_rng(0).dirichlet(np.ones(5), 20)
    curves = {str(label + 1): roc_of_label(truth, probabilities, label) for label in range(5)}
    section = _section(render_report(replace(content, roc=curves)), "calibration")
    assert section.count("<svg") == 2
    assert all(f"{area:.3f}" in section for area in figures.roc_auc)


def test_without_a_choice_there_are_no_sections_on_slices_and_probabilities():
    page = render_report(make_content(0))
    assert 'id="slices"' not in page and 'id="calibration"' not in page


def test_without_a_scan_or_a_flip_there_are_no_sections_for_them():
    page = render_report(replace(make_content(1), flips={}))
    assert 'id="sensitivity"' not in page
    assert 'id="flips"' not in page


def test_what_running_costs_is_told_in_words_and_figures():
    html = " ".join(render_report(make_content(3)).split())
    assert "What running costs" in html
    assert re.search(
        r"lstm costs, started once a day and stopped when it is done, .* For comparison: always on, 36", html
    )
    assert "Energy is estimated: 4 W a thread." in html
    assert "There is no GPU that could be measured." in html and "no GPU</span>" in html


def test_where_the_time_went_has_a_picture_a_table_and_what_came_from_the_cache():
    html = render_report(make_content(3))
    assert "Where the time and money went" in html
    assert 'aria-label="Seconds and euros by step. Of 100 seconds in 3 steps' in html
    assert '<th scope="row">train-lstm</th>' in html
    assert "A step from the cache did not run this time" in html
    assert "This step, the comparison, writes this page" in html


def test_without_usages_of_steps_there_is_no_section_on_them():
    assert "Where the time and money went" not in render_report(replace(make_content(2), run=None))


def test_the_contents_link_to_every_section_in_the_order_of_the_page(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>about the data</p>")
    content = replace(make_content(3, pages={"Data": page}), explained=make_explained())
    html = render_report(content)
    linked = re.findall(r'<li><a href="#([^"]+)">', html)
    assert linked == re.findall(r'<h2 id="([^"]+)">', html)
    order = ["winner", "trade-off", "candidates", "techniques", "flips", "words", "data", "reproduce"]
    assert [name for name in linked if name in order] == order


def test_a_run_can_be_repeated_from_the_report():
    content = make_content(3)
    plan = content.plan.model_copy(update={"parameters": {"data": _HOSTILE, "seed": 7}})
    html = render_report(replace(content, plan=plan, versions={"numpy": "2.4.6"}))
    _read(html)
    section = _section(html, "reproduce")
    assert "python -m pipelines.local" in section and "--seed=7" in section and "--preset=full" in section
    assert "numpy 2.4.6" in section
    for fingerprint in ("d" * 16, "c" * 16, f"fingerprint of {content.decision.chosen}"):
        assert fingerprint in section
    assert "<script>" not in section


def test_without_known_parameters_no_command_is_promised():
    assert "python -m pipelines.local" not in _section(render_report(make_content(1)), "reproduce")


@pytest.mark.parametrize("count", [1, 60])
def test_every_row_can_be_filtered_by_what_the_filters_offer(count):
    html = render_report(make_content(count))
    offered = {kind: set(re.findall(r"<option>([^<]+)</option>", select)) for kind, select in _selects(html).items()}
    table = html[html.index('<table id="table"') :].partition("</table>")[0]
    rows = re.findall(r'data-model="([^"]*)" data-techniques="([^"]*)"', table)
    assert len(rows) == count + 1  # and the one that failed
    assert {model for model, _ in rows} - {""} == offered["model"]
    assert {name for _, chain in rows for name in chain.split()} - {"none"} == offered["techniques"]


def _selects(html):
    return dict(re.findall(r'<select data-filter="(\w+)">(.*?)</select>', html, re.DOTALL))
