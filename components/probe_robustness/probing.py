"""Adds noise to reviews, asks the candidates on the front what they make of it, and runs the behavioural tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from components.probe_robustness.noises import NOISES, Noise, add_noise, share_with_synonym
from components.shared.behaviour import (
    LANGUAGE,
    BehaviouralTest,
    applicable_tests,
    behavioural_tests,
    expectation_in_words,
    passes,
    texts_of,
)
from components.shared.behaviour_keys import BehaviourCount
from components.shared.bundle import load_bundle
from components.shared.deciding.bootstrap import (
    RESAMPLES,
    Samples,
    bootstrap_metric,
    figure_on,
    interval,
)
from components.shared.deciding.inputs import DecisionInputs, gather_inputs
from components.shared.need import Metric
from components.shared.predictors.base import Predictor
from components.shared.records import robustness as record
from components.shared.records.features import Features, read_features, read_split
from components.shared.records.measured_bundles import measured_bundle, measured_execution
from components.shared.records.measurements import read_measurements
from components.shared.records.plan import read_plan
from components.shared.records.robustness import Robustness, Skipped
from components.shared.records.task import Task
from components.shared.texts.text import join_titles
from components.shared.training.examples import stratified_sample

#: More lines in one picture could not be told apart, and each is thousands of predictions.
MOST_CANDIDATES = 6
_FAILURES = 3
_CHUNK = 256

Probabilities = NDArray[np.floating[Any]]
#: Strength to the reviews at that strength; 0 is the reviews as they came.
Variants = dict[float, list[str]]


def probe_candidates(
    features: Path, plan: Path, measurements: Path, sources: Sequence[Path], reviews: int, seed: int
) -> Robustness:
    """Returns how the candidates on the front bear noise, and how they behave.

    Args:
        features: Directory of features; reviews of select get the noise.
        plan: The plan, from define; holds the need.
        measurements: What evaluate wrote.
        sources: Directories of candidates.
        reviews: Reviews that noise is added to, stratified; 0: nothing is probed.
        seed: Of the decision's bootstrap, the sample and the noise.

    Raises:
        UserError: The measurements cannot be read.
    """
    if not reviews:
        return _nothing("It was not asked for: robustness_reviews is 0.")
    description, need, measured = read_features(features), read_plan(plan).need, read_measurements(measurements)
    select = read_split(features, "select")
    inputs = gather_inputs(measured, measurements, description, select, need, seed, every_figure=False)
    names = candidates_to_probe(inputs)
    if not names:
        return _nothing("No candidate meets the need, so none is on the front.")

    questions, skipped = _ask(stratified_sample(select, reviews, seed), description, seed)
    probed = {}
    for name in names[:MOST_CANDIDATES]:
        one = next(one for one in measured.candidates if one.candidate == name)
        predictor = load_bundle(measured_bundle(one, sources), measured_execution(one))
        answers = Answers(predictor, questions.texts, name)
        probed[name] = _probe(answers, questions, one.behaviours, need.quality.metric, seed)
    return Robustness(
        reviews=len(questions.reviews),
        metric=need.quality.metric,
        candidates=tuple(probed),
        left_out=tuple(names[MOST_CANDIDATES:]),
        noises=tuple(
            _noise_record(noise, questions.reviews, {name: one.curves[noise.name] for name, one in probed.items()})
            for noise in questions.noises
        ),
        behaviours=tuple(
            _behaviour_record(test, {name: one.behaviours[test.key] for name, one in probed.items()})
            for test in questions.tests
        ),
        skipped=skipped,
    )


def candidates_to_probe(inputs: DecisionInputs) -> list[str]:
    """Returns the candidates on the front, the chosen one first, the others by falling quality."""
    decision = inputs.decide()
    front = [name for name, standing in decision.standings.items() if standing.on_front]
    return sorted(front, key=lambda name: (name != decision.chosen, -inputs.figures[name].quality, name))


@dataclass(frozen=True)
class _Questions:
    """What every candidate is asked.

    Attributes:
        task: The labels.
        truth: True label indices of the reviews, shape (n,).
        reviews: As they came, n of them.
        noises: What is added to them.
        variants: Noise to the reviews at each strength.
        tests: The behavioural tests.
    """

    task: Task
    truth: NDArray[np.int64]
    reviews: list[str]
    noises: list[Noise]
    variants: dict[str, Variants]
    tests: list[BehaviouralTest]

    @property
    def texts(self) -> list[str]:
        """Every text that is asked about; some more than once."""
        noisy = [text for by_strength in self.variants.values() for some in by_strength.values() for text in some]
        return [*noisy, *texts_of(self.tests)]


@dataclass(frozen=True)
class _Probed:
    """What one candidate answered: noise to its curve, behavioural test to its result."""

    curves: dict[str, tuple[record.Point, ...]]
    behaviours: dict[str, record.BehaviourResult]


class Answers:
    """What one model predicts for texts; each text is asked once, however often it is needed."""

    def __init__(self, predictor: Predictor, texts: Iterable[str], name: str) -> None:
        """Asks for all the texts, with a progress bar.

        Args:
            predictor: The model.
            texts: Raw reviews.
            name: Of the candidate, for the bar.
        """
        different = list(dict.fromkeys(texts))
        chunks = range(0, len(different), _CHUNK)
        bar = tqdm(chunks, desc=f"probe {name}", unit="batch", mininterval=1)
        self._rows = {text: row for row, text in enumerate(different)}
        self._probabilities = np.concatenate(
            [predictor.predict(different[start : start + _CHUNK]) for start in bar]
        ).astype(np.float64)

    @property
    def classes(self) -> int:
        """The number of labels."""
        return self._probabilities.shape[1]

    def of(self, texts: Sequence[str]) -> Probabilities:
        """Returns the probabilities for some of the texts, shape (n, classes)."""
        return self._probabilities[[self._rows[text] for text in texts]]


def _nothing(reason: str) -> Robustness:
    return Robustness(skipped=(Skipped(name="robustness and behaviour", reason=reason),))


def _applicable(features: Features, seed: int) -> tuple[list[Noise], list[BehaviouralTest], tuple[Skipped, ...]]:
    """Returns the noises and tests that make sense for a language and its labels, and why the others do not."""
    language, every = features.text.language, behavioural_tests(seed)
    tests = applicable_tests(every, language, features.task)
    if language != LANGUAGE:
        noises = [noise for noise in NOISES if not noise.english]
        names = [noise.name for noise in NOISES if noise.english] + ["behavioural tests"]
        reason = f"The reviews are in the language '{language}', the words for this are English."
        return noises, tests, tuple(Skipped(name=name, reason=reason) for name in names)
    reason = "The labels have no order from worst to best."
    skipped = tuple(Skipped(name=test.name, reason=reason) for test in every if test not in tests)
    return list(NOISES), tests, skipped


def _ask(sample: pd.DataFrame, features: Features, seed: int) -> tuple[_Questions, tuple[Skipped, ...]]:
    """Returns what every candidate is asked about some reviews, and what none is asked, with the reason."""
    reviews = join_titles(sample["title"], sample["text"])
    noises, tests, skipped = _applicable(features, seed)
    return _Questions(
        task=features.task,
        truth=features.task.indices(sample["label"].tolist()),
        reviews=reviews,
        noises=noises,
        variants={noise.name: _variants(noise, reviews, seed) for noise in noises},
        tests=tests,
    ), skipped


def _variants(noise: Noise, reviews: Sequence[str], seed: int) -> Variants:
    return {
        strength: [add_noise(noise, text, strength, seed) for text in reviews] for strength in (0.0, *noise.strengths)
    }


def _probe(
    answers: Answers, questions: _Questions, measured: Mapping[str, BehaviourCount], metric: Metric, seed: int
) -> _Probed:
    variants = questions.variants
    return _Probed(
        curves={
            noise.name: _curve(noise, answers, variants[noise.name], questions.truth, metric, seed)
            for noise in questions.noises
        },
        behaviours={
            test.key: _behave(test, answers, questions.task, measured.get(test.key)) for test in questions.tests
        },
    )


def _curve(
    noise: Noise,
    answers: Answers,
    variants: Variants,
    truth: NDArray[np.int64],
    metric: Metric,
    seed: int,
) -> tuple[record.Point, ...]:
    predicted = {strength: answers.of(texts) for strength, texts in variants.items()}
    if noise.keeps_label:
        labels = {strength: rows.argmax(axis=1) for strength, rows in predicted.items()}
        values = {strength: figure_on(truth, said, answers.classes, metric) for strength, said in labels.items()}
        named = {f"{strength:g}": said for strength, said in labels.items()}
        resampled = bootstrap_metric(truth, named, answers.classes, metric, seed)
        samples = {strength: resampled[f"{strength:g}"] for strength in labels}
    else:
        own = predicted[0.0].argmax(axis=1)
        kept = {strength: rows[np.arange(len(rows)), own] for strength, rows in predicted.items()}
        values = {strength: float(rows.mean()) for strength, rows in kept.items()}
        samples = bootstrap_means(kept, seed)
    return tuple(_point(strength, variants, values, samples) for strength in variants)


def bootstrap_means(values: Mapping[float, Probabilities], seed: int) -> dict[float, Samples]:
    """Returns the means of several series on the same resamples of their places.

    Args:
        values: Each of shape (n,).
        seed: Of the resampling.
    """
    rows = len(next(iter(values.values())))
    counts = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=RESAMPLES)
    return {key: counts @ series / rows for key, series in values.items()}


def _point(
    strength: float, variants: Variants, values: Mapping[float, float], samples: Mapping[float, Samples]
) -> record.Point:
    low, high = interval(samples[strength])
    loss_low, loss_high = interval(samples[0.0] - samples[strength])
    changed = [one != other for one, other in zip(variants[0.0], variants[strength], strict=True)]
    return record.Point(
        strength=strength,
        changed=float(np.mean(changed)),
        value=values[strength],
        low=low,
        high=high,
        loss=values[0.0] - values[strength],
        loss_low=loss_low,
        loss_high=loss_high,
    )


def _behave(
    test: BehaviouralTest, answers: Answers, task: Task, measured: BehaviourCount | None
) -> record.BehaviourResult:
    """Returns the result of a test; where evaluate asked it already, its count, which the decision went by."""
    before = answers.of([case.text for case in test.cases])
    after = answers.of([case.changed or case.text for case in test.cases])
    passed = passes(test, before, after, task)
    failed = np.flatnonzero(~passed)[:_FAILURES]
    return record.BehaviourResult(
        passed=int(passed.sum()) if measured is None else measured.passed,
        failures=tuple(
            record.Failure(
                text=test.cases[row].text,
                changed=test.cases[row].changed,
                got=_got(test, before[row], after[row], task),
            )
            for row in failed
        ),
    )


def _got(test: BehaviouralTest, before: Probabilities, after: Probabilities, task: Task) -> str:
    if test.kind == "direction":
        return f"{before @ task.scores:.2f}, then {after @ task.scores:.2f}"
    first = task.labels[before.argmax()]
    return first if test.kind == "minimum capability" else f"{first}, then {task.labels[after.argmax()]}"


def _noise_record(noise: Noise, texts: Sequence[str], curves: dict[str, tuple[record.Point, ...]]) -> record.Noise:
    note = ""
    if noise.name == "synonyms":
        note = f"{share_with_synonym(texts):.0%} of the words of these reviews have a synonym in the list."
    return record.Noise(
        name=noise.name,
        meaning=noise.meaning,
        measure="quality" if noise.keeps_label else "probability",
        note=note,
        curves=curves,
    )


def _behaviour_record(test: BehaviouralTest, results: dict[str, record.BehaviourResult]) -> record.Behaviour:
    return record.Behaviour(
        key=test.key,
        name=test.name,
        kind=test.kind,
        expectation=expectation_in_words(test),
        cases=len(test.cases),
        results=results,
    )
