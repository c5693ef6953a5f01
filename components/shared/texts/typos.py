"""One typo in a word, as people make it."""

import random
from functools import cache

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def mistype(word: str, generator: random.Random) -> str:
    """Returns a word of at least two letters with a typo: a neighbouring key, two letters swapped, or one missing."""
    place = generator.randrange(len(word))
    near = _neighbours().get(word[place].lower(), "")
    kinds = ["drop"]
    if near:
        kinds.append("key")
    if place + 1 < len(word) and word[place] != word[place + 1]:
        kinds.append("swap")
    kind = generator.choice(kinds)
    if kind == "key":
        key = generator.choice(near)
        return word[:place] + (key.upper() if word[place].isupper() else key) + word[place + 1 :]
    if kind == "swap":
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :]


@cache
def _neighbours() -> dict[str, str]:
    """Returns, for each letter of an English keyboard, the letters around it; rows are shifted by half a key."""
    places = {key: (row, column) for row, keys in enumerate(_KEYBOARD) for column, key in enumerate(keys)}
    beside = {(0, -1), (0, 1), (-1, 0), (-1, 1), (1, 0), (1, -1)}
    return {
        key: "".join(other for other, (down, right) in places.items() if (down - row, right - column) in beside)
        for key, (row, column) in places.items()
    }
