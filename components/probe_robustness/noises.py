"""Noise as people make it, at growing strength, for text whose label stays what it was.

What a strength changes, every greater strength of the same seed changes too: a curve over strengths is not disturbed
by new draws. Kinds after Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (2020),
and Belinkov and Bisk, "Synthetic and Natural Noise Both Break Neural Machine Translation" (2018).
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from components.probe_robustness.negation import negate
from components.shared.texts.typos import mistype

#: From a text, a strength in 0..1 and a seeded generator to the text with noise.
Apply = Callable[[str, float, random.Random], str]
Span = tuple[int, int]

_SYNONYMS = Path(__file__).with_name("synonyms_en.yaml")
#: Shorter words are rarely mistyped, and nothing is left of them if they are.
_TYPO_WORD = re.compile(r"[^\W\d_]{3,}")
_LETTERS, _WORD, _MARK = re.compile(r"[^\W\d_]+"), re.compile(r"\S+"), re.compile(r"[.,;:!?'’\"()…-]")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
#: Things, which say nothing of what somebody thinks of them.
_EMOJI = "👗👚👖🧥👠👜📦📅📍🛒🏬📏"


@dataclass(frozen=True)
class Noise:
    """One kind of noise.

    Attributes:
        name: Such as "typos".
        meaning: What a strength is a share of, as it goes on after "10 %".
        strengths: Growing, in 0..1, without 0.
        apply: Adds it. Strength 0 changes nothing; no text that has a word becomes empty.
        keeps_label: Whether the review still means the same; otherwise the label that a model gave it should become
            less likely.
        english: Whether it knows English only.
    """

    name: str
    meaning: str
    strengths: tuple[float, ...]
    apply: Apply
    keeps_label: bool = True
    english: bool = False


def add_noise(noise: Noise, text: str, strength: float, seed: int) -> str:
    """Returns a text with noise.

    Args:
        noise: One of NOISES.
        text: A raw review.
        strength: In 0..1.
        seed: With the text it decides what is changed, so that the other reviews have no say in it.
    """
    return noise.apply(text, strength, random.Random(f"{seed} {noise.name} {text}"))


def share_with_synonym(texts: Sequence[str]) -> float:
    """Returns the share of the words of some texts that the list of synonyms has."""
    words = [word for text in texts for word in _LETTERS.findall(text)]
    return sum(word.lower() in _synonyms() for word in words) / max(len(words), 1)


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    """Returns word -> the words that may stand in its place."""
    groups: list[str] = yaml.safe_load(_SYNONYMS.read_text(encoding="utf-8"))
    split = [group.split() for group in groups]
    return {word: tuple(other for other in group if other != word) for group in split for word in group}


def _at_places(find: Callable[[str], list[Span]], change: Callable[[str, random.Random], str]) -> Apply:
    """Returns noise that changes a share of the places of a text, each independently of the others."""

    def apply(text: str, strength: float, generator: random.Random) -> str:
        places = find(text)
        order = generator.sample(range(len(places)), len(places))
        count = _count(strength, len(places), generator)
        seeds = [generator.random() for _ in places]
        for place in sorted(order[:count], reverse=True):
            start, end = places[place]
            text = text[:start] + change(text[start:end], random.Random(seeds[place])) + text[end:]
        return text

    return apply


def _count(strength: float, places: int, generator: random.Random) -> int:
    """Returns how many places to change: rounded up or down at random, so that short texts get their share."""
    return min(int(strength * places + generator.random()), places)


def _spans(pattern: re.Pattern[str]) -> Callable[[str], list[Span]]:
    return lambda text: [match.span() for match in pattern.finditer(text)]


def _words_with_case(text: str) -> list[Span]:
    return [match.span() for match in _LETTERS.finditer(text) if _other_cases(match.group())]


def _other_cases(word: str) -> list[str]:
    return [other for other in (word.lower(), word.upper(), word.swapcase()) if other != word]


def _change_case(word: str, generator: random.Random) -> str:
    """Returns a word in upper case, in lower case, or with each letter in either at random; never as it was."""
    mixed = "".join(generator.choice((letter.lower(), letter.upper())) for letter in word)
    return generator.choice([*_other_cases(word), *([mixed] if mixed != word else [])])


def _marks(text: str) -> list[Span]:
    """Returns the punctuation marks; none of a text that has nothing else."""
    return _spans(_MARK)(text) if _LETTERS.search(text) else []


def _change_mark(mark: str, generator: random.Random) -> str:
    return "" if mark in "'’" else generator.choice(("", mark * 2))


def _word_ends(text: str) -> list[Span]:
    return [(match.end(), match.end()) for match in _WORD.finditer(text)]


def _emoji(_: str, generator: random.Random) -> str:
    return f" {generator.choice(_EMOJI)}"


def _truncate(text: str, strength: float, generator: random.Random) -> str:
    """Returns a text without a share of its words, from the end; one word at least stays."""
    ends = [match.end() for match in _WORD.finditer(text)]
    missing = min(_count(strength, len(ends), generator), len(ends) - 1)
    return text[: ends[-1 - missing]] if missing > 0 else text


def _words_with_synonym(text: str) -> list[Span]:
    return [match.span() for match in _LETTERS.finditer(text) if match.group().lower() in _synonyms()]


def _replace(word: str, generator: random.Random) -> str:
    other = generator.choice(_synonyms()[word.lower()])
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other


def _sentences_to_negate(text: str) -> list[Span]:
    return [match.span() for match in _SENTENCE.finditer(text) if negate(match.group()) is not None]


def _negate(sentence: str, _: random.Random) -> str:
    return negate(sentence) or sentence


#: In the order of the report.
NOISES: tuple[Noise, ...] = (
    Noise("typos", "of the words have a typo", (0.05, 0.1, 0.2, 0.4), _at_places(_spans(_TYPO_WORD), mistype)),
    Noise(
        "case",
        "of the words have other capital letters",
        (0.1, 0.5, 1.0),
        _at_places(_words_with_case, _change_case),
    ),
    Noise(
        "punctuation",
        "of the punctuation marks are missing or doubled",
        (0.25, 0.5, 1.0),
        _at_places(_marks, _change_mark),
    ),
    Noise("emoji", "of the words are followed by an emoji", (0.05, 0.1, 0.2), _at_places(_word_ends, _emoji)),
    Noise("truncation", "of the words, counted from the end, are missing", (0.25, 0.5, 0.75), _truncate),
    Noise(
        "synonyms",
        "of the words that have a synonym in the list are replaced by it",
        (0.25, 0.5, 1.0),
        _at_places(_words_with_synonym, _replace),
        english=True,
    ),
    Noise(
        "negation",
        "of the sentences that can be negated are negated",
        (0.25, 0.5, 1.0),
        _at_places(_sentences_to_negate, _negate),
        keeps_label=False,
        english=True,
    ),
)
