"""The built-in sample: reviews made up from phrases, in the columns of the public clothing reviews.

Each review says something good or bad about some aspects of a garment. How strongly, whether it is negated,
and which side of a "but" it stands on decide the rating, so that a model which counts words learns
something and a model which understands sentences learns more. A few ratings are off by one, as people's are.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

DEFAULT_ROWS = 3000

_PHRASES = json.loads(Path(__file__).with_name("sample_phrases.json").read_text(encoding="utf-8"))
_SHARE_OF_RATING = {1: 0.04, 2: 0.07, 3: 0.12, 4: 0.22, 5: 0.55}
#: A review with a mean opinion (in about -1.5..1.5) above the value gets at least the rating.
_LEAST_OPINION = {5: 0.55, 4: 0.2, 3: -0.15, 2: -0.6}
_STRENGTH = {"mild": 0.5, "plain": 1.0, "strong": 1.5}
_NEGATED_STRENGTH = 0.8
#: How much the clause that carries the point of a contrast counts, and the other one.
_MAIN_WEIGHT, _WEAK_WEIGHT = 1.6, 0.4

_NEGATED_SHARE = 0.2
_CONTRASTED_SHARE = 0.5
_VERDICT_SHARE = 0.3
_OFF_BY_ONE_SHARE = 0.04
_LOWER_CASE_SHARE = 0.25
_TYPO_SHARE = 0.08
_FOREIGN_SHARE = 0.015
_LINK_SHARE, _EMOJI_SHARE, _MARKUP_SHARE, _MISENCODED_SHARE = 0.02, 0.05, 0.03, 0.01
_MISSING_TEXT_SHARE, _MISSING_TITLE_SHARE, _MISSING_CLASS_SHARE = 0.04, 0.15, 0.001
_DUPLICATE_SHARE, _CONTRADICTING_SHARE = 0.012, 0.002


@dataclass(frozen=True)
class _Clause:
    """A statement about one aspect; `opinion` is below 0 if it is bad."""

    text: str
    opinion: float


def generate_sample(rows: int, seed: int) -> pd.DataFrame:
    """Returns made-up clothing reviews with the columns and the blemishes of the original.

    Args:
        rows: Number of reviews, duplicates included.
        seed: The same seed gives the same bytes.

    Returns:
        Columns as in the original CSV file, its unnamed row number and its spelling "Initmates" included.
        A missing value is None.
    """
    rng = random.Random(seed)
    repeated = round(rows * (_DUPLICATE_SHARE + _CONTRADICTING_SHARE))
    reviews = [_review(rng) for _ in range(rows - repeated)]
    reviews += [_repeat(rng, rng.choice(reviews)) for _ in range(repeated)]
    rng.shuffle(reviews)
    table = pd.DataFrame(reviews)
    table.insert(0, "", range(rows))
    return table


def _review(rng: random.Random) -> dict[str, Any]:
    item = rng.choices(_PHRASES["items"], [item["share"] for item in _PHRASES["items"]])[0]
    wanted = rng.choices(list(_SHARE_OF_RATING), list(_SHARE_OF_RATING.values()))[0]
    text = _foreign(rng, wanted) if rng.random() < _FOREIGN_SHARE else _english(rng, wanted, item["item"])
    rating = wanted
    if rng.random() < _OFF_BY_ONE_SHARE:
        rating = min(max(wanted + rng.choice((-1, 1)), 1), 5)
    missing_class = rng.random() < _MISSING_CLASS_SHARE
    return {
        "Clothing ID": 100 * _PHRASES["items"].index(item) + rng.randrange(40),
        "Age": min(max(round(rng.gauss(43, 12)), 18), 99),
        "Title": None if rng.random() < _MISSING_TITLE_SHARE else _title(rng, wanted, item["item"]),
        "Review Text": None if rng.random() < _MISSING_TEXT_SHARE else text,
        "Rating": rating,
        "Recommended IND": int(rng.random() < {1: 0.02, 2: 0.07, 3: 0.4, 4: 0.96, 5: 0.995}[rating]),
        "Positive Feedback Count": int(rng.expovariate(0.4)),
        "Division Name": None if missing_class else item["division"],
        "Department Name": None if missing_class else item["department"],
        "Class Name": None if missing_class else item["class"],
    }


def _repeat(rng: random.Random, review: dict[str, Any]) -> dict[str, Any]:
    contradicts = rng.random() < _CONTRADICTING_SHARE / (_DUPLICATE_SHARE + _CONTRADICTING_SHARE)
    return review | {"Rating": 6 - review["Rating"]} if contradicts else dict(review)


def _mood(rating: int) -> str:
    return "negative" if rating <= 2 else "mixed" if rating == 3 else "positive"


def _title(rng: random.Random, rating: int, item: str) -> str:
    kind = "neutral" if rng.random() < 0.4 else _mood(rating)
    title = str(rng.choice(_PHRASES["titles"][kind])).format(item=item)
    return title[0].upper() + title[1:]


def _english(rng: random.Random, rating: int, item: str) -> str:
    parts = [_opinions(rng, rating)]
    if rng.random() < _VERDICT_SHARE:
        parts.append(rng.choice(_PHRASES["verdicts"][str(rating)]))
    if rng.random() < 0.75:
        parts.insert(0, rng.choice(_PHRASES["openings"]))
    if rng.random() < 0.5:
        parts.append(rng.choice(_PHRASES["closings"]))
    text = " ".join(parts).format(
        item=item,
        size=rng.choice(_PHRASES["sizes"]),
        occasion=rng.choice(_PHRASES["occasions"]),
        height=f"{rng.choice((4, 5, 5, 5))}'{rng.randrange(12)}\"",
        weight=rng.randrange(95, 190),
        rare="".join(rng.choice(_PHRASES["rare_syllables"]) for _ in range(3)),
    )
    return _blemish(rng, text if rng.random() < _LOWER_CASE_SHARE else _capitalise(text), _mood(rating))


def _opinions(rng: random.Random, rating: int) -> str:
    """Returns sentences whose opinion amounts to the rating: they are drawn until it does."""
    while True:
        aspects = rng.sample(sorted(_PHRASES["aspects"]), rng.choice((2, 3, 3, 4)))
        good = {1: 0.08, 2: 0.25, 3: 0.5, 4: 0.7, 5: 0.9}[rating]
        clauses = [_clause(rng, aspect, good) for aspect in aspects]
        text, opinion = _compose(rng, clauses)
        if _rating(opinion) == rating:
            return text


def _rating(opinion: float) -> int:
    return next((rating for rating, least in _LEAST_OPINION.items() if opinion > least), 1)


def _clause(rng: random.Random, aspect: str, good: float) -> _Clause:
    phrases = _PHRASES["aspects"][aspect]
    is_good = rng.random() < good
    negated = rng.random() < _NEGATED_SHARE
    degree = rng.choices(list(_STRENGTH), (0.3, 0.45, 0.25))[0]
    text = str(rng.choice(_PHRASES["negated" if negated else "affirmed"]))
    for name, value in (
        ("subject", rng.choice(phrases["subjects"])),
        ("degree", rng.choice(_PHRASES["degrees"][degree])),
        ("quality", rng.choice(phrases["positive" if is_good is not negated else "negative"])),
    ):
        text = text.replace(f"{{{name}}}", value)
    strength = _NEGATED_STRENGTH if negated else _STRENGTH[degree]
    return _Clause(" ".join(text.split()), strength if is_good else -strength)


def _compose(rng: random.Random, clauses: list[_Clause]) -> tuple[str, float]:
    """Returns the clauses as sentences, and their weighted mean opinion."""
    first, second, *others = clauses
    if rng.random() < _CONTRASTED_SHARE:
        text = rng.choice(_PHRASES["contrasted"]).replace("{weak}", first.text).replace("{main}", second.text)
        total = _WEAK_WEIGHT * first.opinion + _MAIN_WEIGHT * second.opinion
    else:
        text = rng.choice(_PHRASES["joined"]).replace("{first}", first.text).replace("{second}", second.text)
        total = first.opinion + second.opinion
    sentences = [text, *(clause.text for clause in others)]
    opinion = (total + sum(clause.opinion for clause in others)) / len(clauses)
    return " ".join(f"{sentence}." for sentence in sentences), opinion


def _capitalise(text: str) -> str:
    sentences = text.split(". ")
    return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences).replace(" i ", " I ")


def _foreign(rng: random.Random, rating: int) -> str:
    phrases = _PHRASES["foreign"][rng.choice(sorted(_PHRASES["foreign"]))]
    kind = "positive" if rating >= 4 else "negative"
    return ". ".join(rng.sample(phrases[kind], 2)).capitalize() + "."


def _blemish(rng: random.Random, text: str, mood: str) -> str:
    """Returns the text with what people and web forms leave in reviews, each with its own share."""
    blemishes: tuple[tuple[float, Callable[[str], str]], ...] = (
        (_TYPO_SHARE, lambda clean: _swap_letters(rng, clean)),
        (_MISENCODED_SHARE, lambda clean: rng.choice(_PHRASES["misencoded"]) + clean),
        (_MARKUP_SHARE, lambda clean: _insert(rng, clean, rng.choice(_PHRASES["markup"]))),
        (_LINK_SHARE, lambda clean: f"{clean} {rng.choice(_PHRASES['links']).format(number=rng.randrange(9999))}"),
        (_EMOJI_SHARE, lambda clean: f"{clean} {rng.choice(_PHRASES['emoji'][mood])}"),
    )
    for share, apply in blemishes:
        if rng.random() < share:
            text = apply(text)
    return text


def _swap_letters(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    long_words = [place for place, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if long_words:
        place = rng.choice(long_words)
        word = words[place]
        at = rng.randrange(1, len(word) - 2)
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _insert(rng: random.Random, text: str, markup: str) -> str:
    words = text.split(" ")
    words.insert(rng.randrange(len(words)), markup.strip())
    return " ".join(words)
