"""VADER (Hutto and Gilbert, 2014): a lexicon with rules; needs neither a network nor training."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from components.shared.services.interface import Answer, Identity, SentimentService

#: The files of the package that a bundle takes with it, so that a later version cannot change its answers.
LEXICON, EMOJI = "vader_lexicon.txt", "emoji_utf8_lexicon.txt"
#: Thresholds of the compound score that VADER's authors state.
_NEUTRAL_BELOW = 0.05


class Vader(SentimentService):
    """Scores reviews by VADER's lexicon."""

    columns = ("negative", "neutral", "positive", "compound")
    neutral = (0.0, 1.0, 0.0, 0.0)
    batch: ClassVar[int] = 1000

    def __init__(self, directory: Path | None = None) -> None:
        """Reads the lexicon.

        Args:
            directory: Holds LEXICON and EMOJI; None for those of the installed package.
        """
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        directory = directory or package_directory()
        # Absolute paths: relative ones are looked for beside the package.
        lexicon, emoji = (str((directory / name).resolve()) for name in (LEXICON, EMOJI))
        self._analyzer = SentimentIntensityAnalyzer(lexicon, emoji)
        self.identity = Identity("vader", "vader", "3.3")

    def price_eur(self, text: str) -> float:
        """Returns 0: it runs here."""
        return 0.0

    def ask(self, texts: Sequence[str]) -> list[Answer | None]:
        """Returns negative, neutral and positive part and the compound score of each text."""
        return [self._answer(text) for text in texts]

    def _answer(self, text: str) -> Answer:
        scores = self._analyzer.polarity_scores(text)
        parts = (scores["neg"], scores["neu"], scores["pos"], scores["compound"])
        # VADER gives a text without any word nothing but zeros, as no other text has.
        return Answer(parts if any(parts) else self.neutral, _verdict(scores["compound"]))


def package_directory() -> Path:
    """Returns where the installed package keeps its lexicon."""
    import vaderSentiment

    return Path(vaderSentiment.__file__).parent


def _verdict(compound: float) -> Literal[-1, 0, 1]:
    if compound >= _NEUTRAL_BELOW:
        return 1
    return -1 if compound <= -_NEUTRAL_BELOW else 0
