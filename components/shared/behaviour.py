"""Behavioural tests with sentences of our own, after CheckList.

Ribeiro, Wu, Guestrin and Singh, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (ACL 2020):
invariance (a change without meaning leaves the label), direction (a change that makes a text worse must not raise its
score) and minimum capability (plain sentences are understood). English only.

Two steps ask them, with the same sentences for the same seed: evaluate the minimum capabilities of every candidate,
because the need may set limits on them, and probe_robustness all of them of the candidates on the front.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from numpy.typing import NDArray

from components.shared.behaviour_keys import BehaviourCount
from components.shared.records.task import Task
from components.shared.texts.typos import mistype

CASES = 100
#: A score may move the wrong way by this share of the range from the worst to the best label.
TOLERANCE = 0.05
#: The language of the sentences.
LANGUAGE = "en"
_LEXICON = Path(__file__).with_name("behaviour_en.yaml")
_SHORTEST_MISTYPED = 4
#: So many cases are drawn for each that is wanted; equal ones are left out.
_DRAWS = 20

Kind = Literal["invariance", "direction", "minimum capability"]
Expectation = Literal["same label", "not higher", "not lower", "above middle", "below middle", "not above middle"]
Words = dict[str, list[str]]
Bools = NDArray[np.bool_]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Case:
    """One sentence, and what it is changed to; a minimum capability is asked of `text` alone."""

    text: str
    changed: str = ""


@dataclass(frozen=True)
class BehaviouralTest:
    """One test.

    Attributes:
        key: One of `behaviour_keys.BEHAVIOURS`.
        name: In a few words.
        kind: Its family.
        expectation: What is to hold of the label or the score.
        cases: All different, CASES of them.
    """

    key: str
    name: str
    kind: Kind
    expectation: Expectation
    cases: tuple[Case, ...]


def behavioural_tests(seed: int) -> list[BehaviouralTest]:
    """Returns every test, its cases drawn by the seed."""
    plan: list[tuple[str, str, Kind, Expectation, Callable[[random.Random], Case]]] = [
        ("neutral_typo", "a typo in a neutral word", "invariance", "same label", _typo),
        ("another_product", "another product", "invariance", "same label", _product),
        ("another_name", "another name", "invariance", "same label", _name),
        ("another_number", "another number", "invariance", "same label", _number),
        ("added_complaint", "a complaint is added", "direction", "not higher", _adding("added_complaints")),
        ("added_praise", "praise is added", "direction", "not lower", _adding("added_praise")),
        ("praise_negated", "praise is negated", "direction", "not higher", _negating("praise")),
        ("complaint_negated", "a complaint is negated", "direction", "not lower", _negating("complaints")),
        ("plain_praise", "plain praise", "minimum capability", "above middle", _saying("opinions", "praise")),
        (
            "plain_complaint",
            "a plain complaint",
            "minimum capability",
            "below middle",
            _saying("opinions", "complaints"),
        ),
        ("negated_praise", "negated praise", "minimum capability", "not above middle", _saying("negated", "praise")),
    ]
    return [
        BehaviouralTest(key, name, kind, expectation, _draw(make, f"{seed} {name}"))
        for key, name, kind, expectation, make in plan
    ]


def applicable_tests(tests: Iterable[BehaviouralTest], language: str, task: Task) -> list[BehaviouralTest]:
    """Returns the tests that make sense for reviews in a language and their labels.

    Args:
        tests: Some tests.
        language: Code of the language of the reviews; the sentences are English.
        task: Labels without an order have neither direction nor middle: invariance is all that is left.
    """
    if language != LANGUAGE:
        return []
    return [test for test in tests if task.ordered or test.kind == "invariance"]


def texts_of(tests: Iterable[BehaviouralTest]) -> list[str]:
    """Returns every sentence that a model is asked about, each once."""
    cases = [case for test in tests for case in test.cases]
    return list(dict.fromkeys(text for case in cases for text in (case.text, case.changed) if text))


def passes(test: BehaviouralTest, before: Floats, after: Floats, task: Task) -> Bools:
    """Returns which cases a model passes, shape (cases,).

    Args:
        test: What is expected.
        before: Its probabilities for the sentences, shape (cases, classes).
        after: For the changed ones; not looked at for a minimum capability.
        task: Its labels and their scores.
    """
    if test.expectation == "same label":
        return before.argmax(axis=1) == after.argmax(axis=1)
    if test.kind == "minimum capability":
        above = _above_middle(before, task)
        return {"above middle": above > 0, "below middle": above < 0, "not above middle": above <= 0}[
            test.expectation
        ]
    rise = (after - before) @ np.array(task.scores)
    allowed = TOLERANCE * (max(task.scores) - min(task.scores))
    return rise <= allowed if test.expectation == "not higher" else rise >= -allowed


def count_passed(test: BehaviouralTest, before: Floats, after: Floats, task: Task) -> BehaviourCount:
    """Returns how many cases a model passes, and how many it takes for the opposite; arguments as of `passes`."""
    above = _above_middle(before, task)
    opposite = {"above middle": above < 0, "below middle": above > 0}.get(test.expectation)
    return BehaviourCount(
        passed=int(passes(test, before, after, task).sum()),
        cases=len(test.cases),
        opposite=None if opposite is None else int(opposite.sum()),
    )


def expectation_in_words(test: BehaviouralTest) -> str:
    """Returns what is expected, as it goes on after "a case passes if"."""
    allowed = f"by more than {TOLERANCE:.0%} of the range of the labels"
    return {
        "same label": "the label stays",
        "not higher": f"the expected score does not rise {allowed}",
        "not lower": f"the expected score does not fall {allowed}",
        "above middle": "the label is above the middle of the labels",
        "below middle": "the label is below the middle of the labels",
        "not above middle": "the label is not above the middle of the labels",
    }[test.expectation]


def _above_middle(probabilities: Floats, task: Task) -> Floats:
    """Returns how far each predicted label is above the middle of the labels, in label units, shape (cases,)."""
    scores = np.array(task.scores)
    return scores[probabilities.argmax(axis=1)] - (scores.min() + scores.max()) / 2


@cache
def _lexicon() -> Words:
    return yaml.safe_load(_LEXICON.read_text(encoding="utf-8"))


def _draw(make: Callable[[random.Random], Case], seed: str) -> tuple[Case, ...]:
    generator = random.Random(seed)
    different = dict.fromkeys(make(generator) for _ in range(_DRAWS * CASES))
    return tuple(different)[:CASES]


def _pick(generator: random.Random, key: str) -> str:
    return generator.choice(_lexicon()[key])


def _opinion(generator: random.Random, product: str = "") -> str:
    """Returns praise or a complaint about a product."""
    word = _pick(generator, generator.choice(("praise", "complaints")))
    return _pick(generator, "opinions").format(product=product or _pick(generator, "products"), word=word)


def _typo(generator: random.Random) -> Case:
    opening, opinion = _pick(generator, "openings"), _opinion(generator)
    words = [word for word in opening.rstrip(".").split() if len(word) >= _SHORTEST_MISTYPED]
    word = generator.choice(words)
    return Case(f"{opening} {opinion}", f"{opening.replace(word, mistype(word, generator), 1)} {opinion}")


def _product(generator: random.Random) -> Case:
    one, other = generator.sample(_lexicon()["products"], 2)
    opening, word = _pick(generator, "openings"), _pick(generator, generator.choice(("praise", "complaints")))
    frame = _pick(generator, "opinions")
    return Case(*(f"{opening} {frame.format(product=product, word=word)}" for product in (one, other)))


def _name(generator: random.Random) -> Case:
    return _exchange(generator, "people", "name", "names")


def _number(generator: random.Random) -> Case:
    return _exchange(generator, "counts", "number", "numbers")


def _exchange(generator: random.Random, frames: str, place: str, fillings: str) -> Case:
    """Returns a case in which a neutral sentence before an opinion gets another filling."""
    frame, opinion = _pick(generator, frames), _opinion(generator)
    fills: Sequence[str] = generator.sample(_lexicon()[fillings], 2)
    return Case(*(f"{frame.format(**{place: fill})} {opinion}" for fill in fills))


def _adding(key: str) -> Callable[[random.Random], Case]:
    def make(generator: random.Random) -> Case:
        text = _opinion(generator)
        return Case(text, f"{text} {_pick(generator, key)}")

    return make


def _negating(words: str) -> Callable[[random.Random], Case]:
    def make(generator: random.Random) -> Case:
        frame = generator.randrange(len(_lexicon()["opinions"]))
        filled = {"product": _pick(generator, "products"), "word": _pick(generator, words)}
        return Case(*(_lexicon()[key][frame].format(**filled) for key in ("opinions", "negated")))

    return make


def _saying(frames: str, words: str) -> Callable[[random.Random], Case]:
    def make(generator: random.Random) -> Case:
        text = _pick(generator, frames)
        return Case(text.format(product=_pick(generator, "products"), word=_pick(generator, words)))

    return make
