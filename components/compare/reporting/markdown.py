"""Text of strangers in Markdown: shown as it is, whatever marks, tags or links it holds."""

import re

from markupsafe import Markup

from components.shared.texts.printable import printable

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = re.compile(r"[\\`*_\[\]|~#$]")
#: What makes a list or a rule where it begins a line; a number with its sign does not.
_LIST = re.compile(r"^(\d*)([-+=.)])(?!\d)")
#: What GitHub's Markdown makes a link without any mark.
_BARE_LINK = re.compile(r"(://|www\.|@)", re.IGNORECASE)


def escape_markdown(text: object) -> Markup:
    """Returns a value as Markdown that shows it on one line and does nothing; Markdown made here stays as it is."""
    if isinstance(text, Markup):
        return text
    line = " ".join(printable(" ".join(str(text).split())).split())
    entities = "".join(_ENTITIES.get(character, character) for character in line)
    marked = _LIST.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", entities))
    return Markup(_BARE_LINK.sub(lambda link: f"{link[0][:-1]}\\{link[0][-1]}", marked))


def indented_block(text: str) -> Markup:
    """Returns lines as a block of code: indented, so that nothing in them can end it."""
    lines = ("".join(map(printable, line)) for line in text.splitlines())
    return Markup("\n".join(f"    {line}" for line in lines))
