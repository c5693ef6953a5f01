"""Tells which reviews are surely written in another language than the wanted one."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from components.shared.errors import UserError

#: Below this probability a review counts as written in the wanted language: short ones are hard to tell.
_LEAST_PROBABILITY = 0.7
_LEAST_LETTERS = 20
#: Casual spelling in a language is taken for its creole: for Nigerian Pidgin ("pcm") in English.
_RELATIVES = {"en": frozenset({"en", "pcm"})}


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def check_language(language: str) -> None:
    """Raises UserError if the language is not one that can be told apart."""
    if language not in _identifier().labels:
        raise UserError(f"unknown language '{language}'; pass --language an ISO 639-1 code such as en, fr or de")


def in_another_language(texts: Sequence[str], language: str) -> NDArray[np.bool_]:
    """Returns which texts are surely in another language, shape (n,).

    Args:
        texts: Natural texts.
        language: ISO 639-1 code of the wanted language.
    """
    accepted = _RELATIVES.get(language, frozenset({language}))
    return np.fromiter((_is_foreign(text, accepted) for text in texts), dtype=bool, count=len(texts))


def _is_foreign(text: str, accepted: frozenset[str]) -> bool:
    if sum(map(str.isalpha, text)) < _LEAST_LETTERS:
        return False
    language, probability = _identifier().classify(text)
    return language not in accepted and probability >= _LEAST_PROBABILITY
