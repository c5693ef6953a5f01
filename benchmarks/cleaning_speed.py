"""How fast reviews are cleaned, beside the plain route: `python -m benchmarks.cleaning_speed --help`.

The plain route is a pandas `apply` that takes the same steps review by review, with the same libraries used the
ordinary way. Both make the natural view, the decision about the language, and the tokens; both must agree on all
of them. They run in turns, A B A B A B, so that both meet the same machine. The plain route starts no worker
processes, so that its rows a second do not depend on the rows: it cleans the first of them only.
"""

import argparse
import html
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import emoji
import ftfy
import pandas as pd
import simplemma
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from components.clean.partition import FOREIGN, REASONS, Cleaning, clean_partition
from components.ingest.sample import generate_sample
from components.shared.partitions import map_partitions
from components.shared.reviews import PARTITION_ROWS
from components.shared.texts.text import CLEAN_STEPS, MEANINGFUL, TextPreprocessing

_ROUNDS = 3
_SAMPLE_ROWS = 3_000

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_CONTROL = re.compile(
    r"\x1b\[[\d;]*[a-zA-Z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
)
_TOKEN = re.compile(r"[^\W\d_]+(?=n't)|n't|'(?:s|re|ve|ll|d|m)\b|[^\W\d_]+|[!?]")


@dataclass(frozen=True)
class Speed:
    """What one round took: by the clock, and processor time of all processes, which says more on a busy machine."""

    rows_a_second: float
    processor_microseconds_a_row: float


def main(argv: list[str] | None = None) -> None:
    """Prints rows a second of both routes, median and spread of the rounds, and their ratio."""
    options = _parser().parse_args(argv)
    table = _table(_texts(options), options.rows)
    steps = tuple(step for step in CLEAN_STEPS if step != "lemmas" or options.lemmas)
    cleaning = Cleaning(options.language, steps, TextPreprocessing.of_steps(options.language, steps))
    plain = _PlainRoute(cleaning)
    plain_rounds, our_rounds = [], []
    for _ in range(_ROUNDS):
        expected, measured = _timed(plain.clean, table.head(options.plain_rows))
        plain_rounds.append(measured)
        found, measured = _timed(partial(_clean_in_partitions, cleaning=cleaning), table)
        our_rounds.append(measured)
        _require_same(expected, found)
    print(f"{len(table):,} reviews, {table['text'].str.len().mean():.0f} characters on average")
    plain_rate, our_rate = _report("plain", plain_rounds), _report("ours", our_rounds)
    print(f"ratio  {our_rate / plain_rate:>9.1f}")


def _report(name: str, rounds: list[Speed]) -> float:
    """Prints the median and spread of the rounds, and returns the median of the rows a second."""
    rates = [speed.rows_a_second for speed in rounds]
    processor = statistics.median(speed.processor_microseconds_a_row for speed in rounds)
    median = statistics.median(rates)
    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
    print(f"{name:<6} {median:>9,.0f} rows/s ({spread}), {processor:.0f} µs of processor time a row")
    return median


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cleaning_speed", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, help="a CSV file; without it the built-in sample")
    parser.add_argument("--column", default="text", help="its text (%(default)s)")
    parser.add_argument("--rows", type=int, default=400_000, help="reviews that ours cleans (%(default)s)")
    parser.add_argument(
        "--plain-rows", type=int, default=50_000, help="reviews that the plain route cleans (%(default)s)"
    )
    parser.add_argument("--language", default="en", help="ISO 639-1 code of the reviews (%(default)s)")
    parser.add_argument("--lemmas", action="store_true", help="also put words into their dictionary form")
    return parser


def _texts(options: argparse.Namespace) -> list[str]:
    if options.data is None:
        return generate_sample(_SAMPLE_ROWS, seed=0)["Review Text"].dropna().tolist()
    return pd.read_csv(options.data, usecols=[options.column])[options.column].dropna().astype(str).tolist()


def _table(texts: list[str], rows: int) -> pd.DataFrame:
    """Returns a reviews table of the given texts; where they do not suffice, of their words drawn anew."""
    generator = random.Random(0)
    words = [word for text in texts for word in text.split()]
    more = [
        " ".join(generator.choices(words, k=len(generator.choice(texts).split()))) for _ in range(rows - len(texts))
    ]
    numbers = [str(number) for number in range(rows)]
    columns = {"review_id": numbers, "title": "", "text": (texts + more)[:rows], "label": "1"}
    return pd.DataFrame(columns, dtype="str")


def _timed(clean: Callable[[pd.DataFrame], pd.DataFrame], table: pd.DataFrame) -> tuple[pd.DataFrame, Speed]:
    started, processor_before = time.perf_counter(), sum(os.times()[:4])
    cleaned = clean(table)
    seconds, processor = time.perf_counter() - started, sum(os.times()[:4]) - processor_before
    return cleaned, Speed(len(table) / seconds, processor / len(table) * 1e6)


def _require_same(expected: pd.DataFrame, found: pd.DataFrame) -> None:
    for column in expected:
        different = expected.index[expected[column] != found[column].head(len(expected))]
        if len(different):
            sys.exit(f"{column}: {len(different):,} reviews differ, the first in row {different[0]}")


def _clean_in_partitions(table: pd.DataFrame, cleaning: Cleaning) -> pd.DataFrame:
    partitions = [table.iloc[start : start + PARTITION_ROWS] for start in range(0, len(table), PARTITION_ROWS)]
    cleaned = list(map_partitions(partial(clean_partition, cleaning=cleaning), partitions, len(partitions)))
    views = pd.concat([part.views[["natural", "tokens"]] for part in cleaned], ignore_index=True)
    reasons = pd.concat([part.figures["reason"] for part in cleaned], ignore_index=True)
    return views.assign(foreign=reasons == REASONS.index(FOREIGN))


class _PlainRoute:
    def __init__(self, cleaning: Cleaning) -> None:
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._accepted = {"en", "pcm"} if cleaning.language == "en" else {cleaning.language}
        self._cleaning = cleaning
        self._stop_words = set(cleaning.text.stop_words)

    def clean(self, table: pd.DataFrame) -> pd.DataFrame:
        natural = table["text"].apply(self._natural)
        tokens = natural.apply(self._tokens)
        return pd.DataFrame({"natural": natural, "tokens": tokens, "foreign": natural.apply(self._is_foreign)})

    def _natural(self, raw: str) -> str:
        text = ftfy.fix_text(
            raw.strip(), unescape_html=False, remove_control_chars=False, remove_terminal_escapes=False
        )
        text = _TAG.sub(" ", html.unescape(html.unescape(text)))
        text = _CONTROL.sub(" ", _URL.sub(" ", text))
        return " ".join(emoji.replace_emoji(text, self._emoji_name).split())

    def _emoji_name(self, _: str, data: dict[str, str]) -> str:
        return " " + data["en"].strip(":").replace("_", " ").replace("-", " ") + " "

    def _tokens(self, natural: str) -> str:
        words = _TOKEN.findall(natural.lower().replace("’", "'"))
        words = [word for word in words if word not in self._stop_words]
        if self._cleaning.text.lemmas:
            words = [self._lemma(word) for word in words]
        return " ".join(words)

    def _lemma(self, word: str) -> str:
        if word in MEANINGFUL or not word.isalpha():
            return word
        found = simplemma.lemmatize(word, lang=self._cleaning.language).lower()
        return found if found.isalpha() else word

    def _is_foreign(self, natural: str) -> bool:
        if natural == "" or sum(character.isalpha() for character in natural) < 20:
            return False
        language, probability = self._identifier.classify(natural)
        return language not in self._accepted and probability >= 0.7


if __name__ == "__main__":
    main()
