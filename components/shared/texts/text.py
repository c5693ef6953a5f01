"""From a raw review to the two views that models read. Training and every bundle use exactly this code.

The natural view keeps sentences as people wrote them, for transformers and n-grams. The token view is
lower case, without stop words, for the LSTM; negations, contrast and degree words stay, because "not very
flattering, but comfortable" is all about them. Each of CLEAN_STEPS may be left out by parameter; white space is
always folded, and words are always in lower case.
"""

import html
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

from components.shared.errors import UserError
from components.shared.texts.word_splitting import WordSplitting

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_ANSI_ESCAPE = r"\x1b\[[\d;]*[a-zA-Z]"
_INVISIBLE = re.compile(
    _ANSI_ESCAPE + r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
)


def _token_pattern(letter: str) -> re.Pattern[str]:
    # English contractions are cut as in the corpus that GloVe was trained on: "don't" is "do" and "n't". The first
    # alternative matches nothing that the others would not: it spares most words the search for "n't".
    return re.compile(rf"{letter}++(?!'t)|{letter}+(?=n't)|n't|'(?:s|re|ve|ll|d|m)\b|{letter}+|[!?]")


_TOKEN, _ASCII_TOKEN = _token_pattern(r"[^\W\d_]"), _token_pattern("[a-z]")
_LEMMAS_CACHED = 1 << 16

#: Steps of the natural view, in the order they are taken: broken encodings are repaired, HTML entities become
#: what they stand for and tags go, links go, control and invisible characters go, an emoji becomes its name.
NATURAL_STEPS = ("encoding", "html", "links", "controls", "emoji")
#: Steps of the token view, in order: stop words go, words become their lemmas (off unless asked for).
TOKEN_STEPS = ("stop-words", "lemmas")
CLEAN_STEPS = NATURAL_STEPS + TOKEN_STEPS

#: Words of the usual stop word list that are part of what a review says: never left out, never put into a lemma.
MEANINGFUL = frozenset(
    (  # negation, contrast, degree, doubt, and qualities of clothes
        "no not nor never none nothing nobody nowhere neither cannot cant couldnt hasnt without "
        "but however though although yet despite except only "
        "very too so much more most less least enough almost quite rather really well even still just again "
        "would could should might must may "
        "back bottom down front full side top under up thick thin interest serious sincere cry"
    ).split()
)
_PUNCTUATION_LIKE = ("'s", "'re", "'ve", "'ll", "'d", "'m")


def default_stop_words(language: str) -> list[str]:
    """Returns the stop words of a language, sorted; only English has a list, others keep every word."""
    if language != "en":
        return []
    # Here, because bundles hold their stop words: scoring has no use for scikit-learn's.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return sorted((ENGLISH_STOP_WORDS - MEANINGFUL) | set(_PUNCTUATION_LIKE))


class TextPreprocessing(BaseModel):
    """What makes tokens of a review; saved in every bundle that needs tokens.

    Attributes:
        language: ISO 639-1 code of the reviews.
        stop_words: Words left out of the token view, lower case.
        lemmas: Whether words become their lemmas, those that carry negation, contrast or degree excepted.
        splitting: How words are found; None means by `tokenize`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str = "en"
    stop_words: tuple[str, ...] = ()
    lemmas: bool = False
    splitting: WordSplitting | None = None

    @classmethod
    def of_steps(cls, language: str, steps: Collection[str]) -> Self:
        """Returns what the TOKEN_STEPS among `steps` mean for a language.

        Raises:
            UserError: Lemmas are asked for in a language that has none.
        """
        if "lemmas" in steps:
            _require_lemmas(language)
        stop_words = default_stop_words(language) if "stop-words" in steps else ()
        return cls(language=language, stop_words=tuple(stop_words), lemmas="lemmas" in steps)

    def tokens(self, natural: str) -> list[str]:
        """Returns the token view of a natural text."""
        words = self.splitting.words(natural) if self.splitting else tokenize(natural)
        return self.lemmatize(self.without_stop_words(words))

    def without_stop_words(self, words: Iterable[str]) -> list[str]:
        """Returns the words that are no stop words."""
        return [word for word in words if word not in self._stop_words]

    def lemmatize(self, words: list[str]) -> list[str]:
        """Returns the lemma of each word, or the words as they are if lemmas are not wanted."""
        return [lemma(word, self.language) for word in words] if self.lemmas else words

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        return frozenset(self.stop_words)


def _require_lemmas(language: str) -> None:
    # Here and below, because few runs want lemmas.
    import simplemma

    try:
        simplemma.lemmatize("a", lang=language)
    except ValueError as error:
        raise UserError(
            f"there are no lemmas for the language '{language}'; leave lemmas out of clean_steps"
        ) from error


@lru_cache(_LEMMAS_CACHED)
def lemma(word: str, language: str) -> str:
    """Returns the dictionary form of a lower-case word (simplemma), lower case.

    Words of negation, contrast and degree, contractions and marks stay: "n't" must not become a verb's ending.
    """
    import simplemma

    if word in MEANINGFUL or not word.isalpha():
        return word
    found = simplemma.lemmatize(word, lang=language).lower()
    return found if found.isalpha() else word


def join_title(title: str, text: str) -> str:
    """Returns the raw review that models read: title, if any, as a sentence before the text."""
    title, text = title.strip(), text.strip()
    if not title or not text:
        return title or text
    return f"{title} {text}" if title[-1] in ".!?…" else f"{title}. {text}"


def join_titles(titles: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Returns the raw review that models read for each title and text, see `join_title`."""
    return [join_title(title, text) for title, text in zip(titles, texts, strict=True)]


def natural_text(raw: str, steps: Collection[str] = NATURAL_STEPS) -> str:
    """Returns the natural view of a raw review: readable text, white space folded.

    Args:
        raw: Title and text of a review, see `join_title`.
        steps: Which of NATURAL_STEPS to take, in their order; others are ignored.
    """
    return " ".join(texts_by_step(raw, steps)[-1].split())


def texts_by_step(raw: str, steps: Collection[str]) -> list[str]:
    """Returns the raw review and the text after each of the NATURAL_STEPS taken, white space not yet folded."""
    texts = [raw]
    for step, take in _TAKE.items():
        if step in steps:
            texts.append(take(texts[-1]))
    return texts


# The conditions below only save time: where one does not hold, the step would change nothing but white space.


def _repair_encoding(text: str) -> str:
    if text.isascii():
        return text
    # Here and below, because most reviews are ASCII, and what starts up for them should not wait for this.
    from ftfy import fix_text

    return fix_text(text, _ftfy_config())


@cache
def _ftfy_config() -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    # HTML and control characters have steps of their own.
    return TextFixerConfig(
        unescape_html=False, remove_control_chars=False, remove_terminal_escapes=False, explain=False
    )


def _without_html(text: str) -> str:
    if "&" in text:
        # Twice: what a web form escaped, a data base often escapes again.
        text = html.unescape(html.unescape(text))
    return _TAG.sub(" ", text) if "<" in text else text


def _without_links(text: str) -> str:
    return _URL.sub(" ", text) if "://" in text or "www." in text.lower() else text


def _without_controls(text: str) -> str:
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub(" ", text)


def _name_emoji(text: str) -> str:
    if text.isascii():
        return text
    import emoji

    return emoji.replace_emoji(text, _emoji_in_words)


def _emoji_in_words(_: str, data: dict[str, str]) -> str:
    return " " + re.sub(r"[_\-]+", " ", data["en"].strip(":")) + " "


_TAKE: dict[str, Callable[[str], str]] = {
    "encoding": _repair_encoding,
    "html": _without_html,
    "links": _without_links,
    "controls": _without_controls,
    "emoji": _name_emoji,
}


def tokenize(natural: str) -> list[str]:
    """Returns the words of a natural text in lower case, contractions cut, with ! and ? as words."""
    text = natural.lower().replace("’", "'")
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)
