"""The vocabulary of a Keras LSTM of one's own: words to numbers, in any of the forms that Keras users keep it in.

    a list                   begins with "" (TextVectorization.get_vocabulary()) or another name of the padding: a
                             word's position is its number; else its position + 1
    a map                    word to number, such as Tokenizer.word_index
    Tokenizer.to_json()      as it is
    TextVectorization        its configuration (get_config()) with "vocabulary" filled in

Number 0 is the padding. What the file does not say is as Keras does it by default: a Tokenizer (also a map or a
list) lowers letters, takes punctuation away and leaves unknown words out, and pad_sequences pads and cuts in front;
TextVectorization gives unknown words number 1, and pads and cuts at the end. preprocessing.json says otherwise.
"""

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.shared.errors import UserError
from components.shared.predictors.lstm import PAD, Side
from components.shared.texts.word_splitting import VECTORIZATION_FILTERS, WordSplitting

FILES = ("vocabulary.json", "tokenizer.json")
PREPROCESSING = "preprocessing.json"
_PADDING_NAMES = frozenset(("", "[pad]", "<pad>"))
_UNKNOWN_NAMES = frozenset(("[unk]", "<unk>", "[oov]", "<oov>"))
_STANDARDIZE = {
    "lower_and_strip_punctuation": WordSplitting.of_vectorization(),
    "lower": WordSplitting(lower="ascii", removed="", replacement="", separator=""),
    "strip_punctuation": WordSplitting(lower="none", removed=VECTORIZATION_FILTERS, replacement="", separator=""),
    None: WordSplitting(lower="none", removed="", replacement="", separator=""),
}


class Preprocessing(BaseModel):
    """The content of preprocessing.json; what is left out is inferred.

    Attributes:
        length: Words of an input.
        padding, truncating: Where shorter reviews are padded and longer ones cut, "pre" or "post".
        unknown: The word of the vocabulary that stands for all others.
        splitting: How words are found: as a "tokenizer" or a "vectorization" does by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: int | None = Field(default=None, ge=1)
    padding: Side | None = None
    truncating: Side | None = None
    unknown: str | None = None
    splitting: Literal["tokenizer", "vectorization"] | None = None


@dataclass(frozen=True)
class Vocabulary:
    """How a review becomes numbers.

    Attributes:
        numbers: Word to number, 1 or more.
        unknown: Number of every other word; None leaves it out.
        splitting: How words are found.
        padding, truncating: Where a review is padded and cut.
        length: Words of an input, if known.
    """

    numbers: dict[str, int]
    unknown: int | None
    splitting: WordSplitting
    padding: Side
    truncating: Side
    length: int | None = None


def read_vocabulary(directory: Path, rows: int) -> Vocabulary:
    """Returns the vocabulary beside a Keras model.

    Args:
        directory: Holds one of FILES, and perhaps preprocessing.json.
        rows: Of the model's Embedding.

    Raises:
        UserError: There is none, or it does not fit.
    """
    path = next((directory / name for name in FILES if (directory / name).is_file()), None)
    if path is None:
        raise UserError(
            f"{directory}: no vocabulary beside the model; put {FILES[0]} there: a list of words or a map"
        )
    content = _read_json(path)
    if isinstance(content, str):  # what `json.dump(tokenizer.to_json(), ...)` leaves
        content = _parse(content, path)
    vocabulary = _adjusted(_understand(content, path), _read_preprocessing(directory), path)
    return _checked(vocabulary, rows, path)


def _read_json(path: Path) -> Any:
    try:
        return _parse(path.read_text(encoding="utf-8-sig"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable as JSON: {error}") from error


def _understand(content: Any, path: Path) -> Vocabulary:
    if isinstance(content, list):
        return _from_list(content, path)
    if isinstance(content, dict) and isinstance(content.get("config"), dict):
        if content.get("class_name") == "Tokenizer":
            return _from_tokenizer(content["config"], path)
        content = content["config"]
    if isinstance(content, dict) and "output_mode" in content:
        return _from_vectorization(content, path)
    if isinstance(content, dict):
        return _tokenizer_like(content, path)
    raise UserError(f"{path}: no vocabulary; give a list of words, a map from word to number, or Keras' own JSON")


def _from_list(words: list[Any], path: Path) -> Vocabulary:
    _require_words(words, path)
    if words and words[0] == "":
        return _vectorized({word: number for number, word in enumerate(words) if number}, _STANDARDIZE_DEFAULT)
    start = PAD if words and words[0].casefold() in _PADDING_NAMES else PAD + 1
    return _tokenizer_like({word: number for number, word in enumerate(words, start)}, path)


def _from_tokenizer(config: dict[str, Any], path: Path) -> Vocabulary:
    if config.get("char_level"):
        raise UserError(f"{path}: this Tokenizer makes characters, not words; give a model over words")
    index = config.get("word_index", {})
    numbers = _parse(index, path) if isinstance(index, str) else index
    unknown = numbers.get(config.get("oov_token")) if isinstance(numbers, dict) else None
    split = str(config.get("split", " "))
    splitting = WordSplitting(
        lower="all" if config.get("lower", True) else "none",
        removed=config.get("filters") or "",
        replacement=split,
        separator=split,
    )
    vocabulary = replace(_tokenizer_like(numbers, path), splitting=splitting, unknown=unknown)
    if not (most := config.get("num_words")):
        return vocabulary
    return replace(vocabulary, numbers={word: number for word, number in vocabulary.numbers.items() if number < most})


def _from_vectorization(config: dict[str, Any], path: Path) -> Vocabulary:
    words = config.get("vocabulary")
    if not isinstance(words, list) or not words:
        raise UserError(f"{path}: TextVectorization without words; set its 'vocabulary' to layer.get_vocabulary()")
    _require_words(words, path)
    wanted = {"output_mode": "int", "split": "whitespace", "ngrams": None}
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise UserError(
                f"{path}: TextVectorization with {name}={config[name]!r} is not understood, only {value!r}"
            )
    standardize = config.get("standardize")
    if isinstance(standardize, list | dict) or standardize not in _STANDARDIZE:
        known = ", ".join(filter(None, _STANDARDIZE))
        raise UserError(f"{path}: TextVectorization with a standardize of its own is not understood, only {known}")
    special = [] if words[0] == "" else ["", "[UNK]"]
    numbers = {word: number for number, word in enumerate([*special, *words]) if number}
    length = config.get("output_sequence_length")
    return replace(_vectorized(numbers, _STANDARDIZE[standardize]), length=length)


def _vectorized(numbers: dict[str, int], splitting: WordSplitting) -> Vocabulary:
    return Vocabulary(numbers, unknown=PAD + 1, splitting=splitting, padding="post", truncating="post")


_STANDARDIZE_DEFAULT = WordSplitting.of_vectorization()


def _tokenizer_like(numbers: Any, path: Path) -> Vocabulary:
    """Returns the vocabulary of a map; a name of the padding with number 0 is left out."""
    if not isinstance(numbers, dict):
        raise UserError(f"{path}: no map from word to number")
    for word, number in numbers.items():
        if type(number) is not int or number < PAD:
            raise UserError(f"{path}: the word '{word[:40]}' has no number of 1 or more")
    kept = {word: number for word, number in numbers.items() if number or word.casefold() not in _PADDING_NAMES}
    unknown = next((number for word, number in kept.items() if word.casefold() in _UNKNOWN_NAMES), None)
    return Vocabulary(kept, unknown=unknown, splitting=WordSplitting(), padding="pre", truncating="pre")


def _require_words(words: list[Any], path: Path) -> None:
    for position, word in enumerate(words):
        if not isinstance(word, str):
            raise UserError(f"{path}: entry {position + 1} of the list is no word")
    word, times = Counter(words).most_common(1)[0] if words else ("", 1)
    if times > 1:
        raise UserError(f"{path}: the word '{word[:40]}' stands there {times} times")


def _read_preprocessing(directory: Path) -> Preprocessing:
    path = directory / PREPROCESSING
    if not path.is_file():
        return Preprocessing()
    try:
        return Preprocessing.model_validate(_read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        known = ", ".join(Preprocessing.model_fields)
        raise UserError(f"{path}: {where}: {first['msg']}; it may hold {known}") from error


def _adjusted(vocabulary: Vocabulary, said: Preprocessing, path: Path) -> Vocabulary:
    changes: dict[str, Any] = said.model_dump(exclude={"unknown", "splitting"}, exclude_none=True)
    if said.unknown is not None:
        if said.unknown not in vocabulary.numbers:
            raise UserError(f"{path}: it holds no word '{said.unknown[:40]}', which {PREPROCESSING} calls unknown")
        changes["unknown"] = vocabulary.numbers[said.unknown]
    if said.splitting:
        changes["splitting"] = WordSplitting() if said.splitting == "tokenizer" else _STANDARDIZE_DEFAULT
    return replace(vocabulary, **changes)


def _checked(vocabulary: Vocabulary, rows: int, path: Path) -> Vocabulary:
    if not vocabulary.numbers:
        raise UserError(f"{path}: it holds no words")
    if len(set(vocabulary.numbers.values())) < len(vocabulary.numbers):
        raise UserError(f"{path}: two words have the same number")
    for word, number in vocabulary.numbers.items():
        if number == PAD:
            raise UserError(f"{path}: the word '{word[:40]}' has number 0, which is the padding")
        if number >= rows:
            raise UserError(
                f"{path}: the word '{word[:40]}' has number {number}, the model's Embedding has {rows} rows; "
                "give the vocabulary that the model was trained with"
            )
    if vocabulary.unknown is not None and vocabulary.unknown not in vocabulary.numbers.values():
        raise UserError(f"{path}: no word has number {vocabulary.unknown}, which stands for unknown ones")
    return vocabulary
