"""How the vocabulary of a Keras model splits a text into words: the rules of Tokenizer and of TextVectorization."""

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict

#: What Tokenizer and TextVectorization take away by default; the latter an apostrophe besides.
TOKENIZER_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
VECTORIZATION_FILTERS = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"


class WordSplitting(BaseModel):
    """From a text to words.

    Attributes:
        lower: Which letters become lower case: none, those of ASCII (TextVectorization), or all (Tokenizer).
        removed: Characters that are taken away.
        replacement: What stands in their place: nothing (TextVectorization), or what words are split at (Tokenizer).
        separator: What words are split at; empty means white space.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lower: Literal["none", "ascii", "all"] = "all"
    removed: str = TOKENIZER_FILTERS
    replacement: str = " "
    separator: str = " "

    @classmethod
    def of_vectorization(cls) -> "WordSplitting":
        """Returns the default rules of TextVectorization."""
        return cls(lower="ascii", removed=VECTORIZATION_FILTERS, replacement="", separator="")

    def words(self, text: str) -> list[str]:
        """Returns the words of a text, in order."""
        return [word for word in self._lowered(text).translate(self._table).split(self.separator or None) if word]

    def _lowered(self, text: str) -> str:
        if self.lower == "all":
            return text.lower()
        return text.translate(_ASCII_LOWER) if self.lower == "ascii" else text

    @cached_property
    def _table(self) -> dict[int, str]:
        return {ord(character): self.replacement for character in self.removed}


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
