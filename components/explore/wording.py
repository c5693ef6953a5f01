"""How figures and foreign texts are written on the page."""

import unicodedata

_UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
#: Joiners inside emoji and Persian words.
_JOINERS = "\u200c\u200d"


def printable(text: object, longest: int) -> str:
    """Returns a text that is safe to show in one line: nothing unseen, no piles of accents, not too long.

    Control and format characters go, among them those that turn the direction of writing; of combining marks
    in a row two stay. It still has to be escaped for HTML.

    Args:
        text: Anything that came from the source.
        longest: Characters kept, the sign of what is left out included.
    """
    kept: list[str] = []
    marks = 0
    # What is looked at is bounded too: a text may have megabytes.
    for character in str(text)[: 20 * longest]:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        unseen = unicodedata.category(character) in _UNSEEN and character not in _JOINERS
        if marks <= 2:
            kept.append(" " if unseen else character)
    line = " ".join("".join(kept).split())
    cut = len(line) > longest or len(str(text)) > 20 * longest
    return f"{line[: longest - 1].rstrip()}…" if cut else line or "(blank)"


def percent(share: float) -> str:
    """Returns a share as a percentage that never rounds something to nothing, nor a part to the whole."""
    if 0 < share < 0.001:
        return "<0.1\u202f%"
    if 0.999 < share < 1:
        return ">99.9\u202f%"
    digits = 0 if share in (0, 1) or 0.1 <= share < 0.995 else 1
    return f"{100 * share:.{digits}f}\u202f%"


def correlation(value: float) -> str:
    """Returns a correlation with two digits; a minus sign, but never before zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def number(value: float) -> str:
    """Returns a whole number with commas."""
    return f"{value:,.0f}"


def count_of(value: int, one: str, many: str = "") -> str:
    """Returns a number with its noun: "1 review", "1,200 reviews"."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"
