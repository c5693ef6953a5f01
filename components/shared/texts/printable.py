"""Text of strangers, made fit to be shown."""

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: Unicode's categories of characters that do something or stand for nothing: control (terminal escapes), format
#: (directions), surrogates, private use, unassigned, and line and paragraph separators.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """Returns the text with a replacement character for each one that a terminal or page would act on or not show."""
    return "".join(_REPLACEMENT if unicodedata.category(character) in _UNFIT else character for character in text)
