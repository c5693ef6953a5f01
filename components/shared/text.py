"""From a raw review to the two views that models read. Training and every bundle use exactly this code.

The natural view keeps sentences as people wrote them, for transformers and n-grams. The token view is
lower case, without stop words, for the LSTM; negations, contrast and degree words stay, because "not very
flattering, but comfortable" is all about them. Each of CLEAN_STEPS may be left out by parameter; white space is
always folded, and words are always in lower case.
"""

import html
import re
from collections.abc import Container, Iterable

import emoji
import ftfy
from pydantic import BaseModel, ConfigDict

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# English contractions are cut as in the corpus that GloVe was trained on: "don't" is "do" and "n't".
_TOKEN = re.compile(r"[^\W\d_]+(?=n't)|n't|'(?:s|re|ve|ll|d|m)\b|[^\W\d_]+|[!?]")

#: Steps of the natural view, in the order they are taken: broken encodings are repaired, HTML tags and entities
#: go, links go, control and invisible characters go, an emoji becomes its name in words.
NATURAL_STEPS = ("encoding", "html", "links", "controls", "emoji")
#: Steps of the token view, in order: stop words go, words become their lemmas (off unless asked for).
TOKEN_STEPS = ("stop-words", "lemmas")
CLEAN_STEPS = NATURAL_STEPS + TOKEN_STEPS

#: In the usual stop word list, but part of what a review says.
_MEANINGFUL = frozenset(
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

    return sorted((ENGLISH_STOP_WORDS - _MEANINGFUL) | set(_PUNCTUATION_LIKE))


class TextPreprocessing(BaseModel):
    """What makes tokens of a review; saved in every bundle that needs tokens.

    Attributes:
        language: ISO 639-1 code of the reviews.
        stop_words: Words left out of the token view, lower case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str = "en"
    stop_words: tuple[str, ...] = ()


def join_title(title: str, text: str) -> str:
    """Returns the raw review that models read: title, if any, as a sentence before the text."""
    title, text = title.strip(), text.strip()
    if not title or not text:
        return title or text
    return f"{title} {text}" if title[-1] in ".!?…" else f"{title}. {text}"


def natural_text(raw: str) -> str:
    """Returns the natural view: readable text without mark-up, links, emoji signs or broken characters.

    Mojibake is repaired, HTML tags and entities, links and invisible characters go, an emoji becomes its
    name in words, white space is folded.
    """
    text = html.unescape(ftfy.fix_text(raw))
    text = _URL.sub(" ", _TAG.sub(" ", text))
    text = _INVISIBLE.sub(" ", text)
    if not text.isascii():
        text = emoji.demojize(text, delimiters=(" \x00", "\x00 "))
        text = re.sub(r"\x00([^\x00]*)\x00", lambda name: re.sub(r"[_\-]+", " ", name.group(1)), text)
    return " ".join(text.split())


def changes_made(raw: str) -> list[str]:
    """Returns what `natural_text` repairs in a raw review or takes out of it, for the report of the cleaning."""
    readable = html.unescape(ftfy.fix_text(raw))
    found = {
        "links": _URL.search(readable) is not None,
        "HTML": html.unescape(raw) != raw or _TAG.search(readable) is not None,
        "emoji": not readable.isascii() and emoji.emoji_count(readable) > 0,
        "broken characters": not raw.isascii() and ftfy.fix_encoding(raw) != raw,
    }
    return [change for change, is_there in found.items() if is_there]


def tokenize(natural: str) -> list[str]:
    """Returns the words of a natural text in lower case, contractions cut, with ! and ? as words."""
    return _TOKEN.findall(natural.lower().replace("’", "'"))


def without_stop_words(tokens: Iterable[str], stop_words: Container[str]) -> list[str]:
    """Returns the tokens that are no stop words; give a set for speed."""
    return [token for token in tokens if token not in stop_words]


def content_tokens(natural: str, stop_words: Container[str]) -> list[str]:
    """Returns the tokens of a natural text that are no stop words; give a set for speed."""
    return without_stop_words(tokenize(natural), stop_words)
