"""Which encoding a text file is in: told by the user, by a byte order mark, by being valid, or guessed."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from charset_normalizer import CharsetMatch, from_bytes

from components.ingest.repairs import Repairs
from components.ingest.source_table import shown
from components.shared.errors import UserError

#: A longer line is no row of a table of reviews, and must not be held in memory.
LARGEST_LINE = 4 << 20
#: Name of the error handler that reads bytes which are not UTF-8 as Windows-1252, the most frequent stray bytes.
STRAY_BYTES = "stray_bytes_as_cp1252"

_CHUNK_BYTES = 1 << 20
_SAMPLE_LINES = 500
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = "cp1252"
#: Text that makes this much sense to charset-normalizer (0 is best) is in that encoding.
_LARGEST_CHAOS = 0.1
_LATIN = ["cp1250", "cp1254", "cp1257", "mac_roman"]
_NOT_LATIN = [
    *("cp1251", "cp1253", "cp1255", "cp1256", "koi8_r"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
]
#: Accents are fewer than this share of bytes in Latin scripts; in others most bytes are beyond ASCII.
_LARGEST_ACCENT_SHARE = 0.3
#: Text encodings of Python's that hold no text in files, or more than characters.
_NOT_FOR_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file become text.

    Attributes:
        codec: Python's name of the encoding.
        errors: The error handler: "strict", or STRAY_BYTES if a few lines are not in the encoding.
    """

    codec: str
    errors: str = "strict"

    def __str__(self) -> str:
        return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with byte order mark"}.get(self.codec, self.codec)


def find_encoding(open_file: Callable[[], IO[bytes]], encoding: str, label: str, repairs: Repairs) -> Encoding:
    """Returns the encoding of a file, having read all of it.

    A file that is not UTF-8 throughout is UTF-8 with stray bytes if most of its lines beyond ASCII are UTF-8
    (`repairs` counts the others), and in a guessed encoding if most are not (`repairs` names it).

    Args:
        open_file: Opens the file.
        encoding: What the user says; empty means detected.
        label: What messages call the file.
        repairs: Where guesses are reported.

    Raises:
        UserError: The encoding is unknown or cannot be guessed, a byte does not fit to it, or a line is too long.
    """
    with open_file() as stream:
        marked = marked_encoding(stream.read(_CHUNK_BYTES))
    if encoding:
        known = _known(encoding)
        # A mark at the beginning would else become part of the first column's name.
        return _required(open_file, "utf-8-sig" if (known, marked) == ("utf-8", "utf-8-sig") else known, label)
    if marked:
        return _required(open_file, marked, label)
    if _first_undecodable_line(open_file, "utf-8", label) is None:
        return Encoding("utf-8")
    return _guessed(open_file, label, repairs)


def _known(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise UserError(f"--encoding {shown(encoding)}: no such encoding; try utf-8, utf-16 or cp1252") from error
    if codec.name in _NOT_FOR_FILES or not codec._is_text_encoding:
        raise UserError(f"--encoding {shown(encoding)}: not an encoding of text files; try utf-8, utf-16 or cp1252")
    return codec.name


def _required(open_file: Callable[[], IO[bytes]], codec: str, label: str) -> Encoding:
    line = _first_undecodable_line(open_file, codec, label)
    if line is not None:
        raise UserError(
            f"{label}: line {line} is not {Encoding(codec)}; pass another --encoding, or none to detect it"
        )
    return Encoding(codec)


def marked_encoding(sample: bytes) -> str:
    """Returns the encoding that the first bytes give away, or "": a mark, or the NULs of UTF-16 without one."""
    for mark, codec in _MARKS.items():
        if sample.startswith(mark):
            return codec
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) / 4 and min(even, odd) < max(even, odd) / 10:
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def _first_undecodable_line(open_file: Callable[[], IO[bytes]], codec: str, label: str) -> int | None:
    """Returns the number of the first line that cannot be decoded, or None; raises UserError if one is too long."""
    decoder = codecs.getincrementaldecoder(codec)()
    line, length = 1, 0
    with open_file() as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                return line + _lines_before(error)
            newline = "\n" if "\n" in text else "\r"
            ends = text.count(newline)
            length = len(text) - text.rfind(newline) - 1 if ends else length + len(text)
            line += ends
            if length > LARGEST_LINE:
                raise UserError(
                    f"{label}: line {line} is longer than {LARGEST_LINE:,} characters, which no row of reviews is; "
                    "check the line ends and quotes of the file"
                )
            if not chunk:
                return None


def _lines_before(error: UnicodeError) -> int:
    if not isinstance(error, UnicodeDecodeError):  # UTF-16 and UTF-32 that lack a mark: the first line
        return 0
    return error.object[: error.start].decode(error.encoding, "ignore").count("\n")


def _guessed(open_file: Callable[[], IO[bytes]], label: str, repairs: Repairs) -> Encoding:
    valid, invalid, first, sample = _count_lines(open_file)
    if valid >= invalid:
        repairs.add(
            "lines with bytes that are not UTF-8, which were read as cp1252", f"{label}: line {first}", invalid
        )
        return Encoding("utf-8", STRAY_BYTES)
    codec = _guess(sample)
    if not codec or _first_undecodable_line(open_file, codec, label) is not None:
        raise UserError(f"{label}: line {first} is not UTF-8, and no other encoding fits; pass --encoding")
    repairs.add(
        f"decoded as {codec}, a guess: pass --encoding if letters are wrong", f"{label}: line {first}", invalid
    )
    return Encoding(codec)


def _count_lines(open_file: Callable[[], IO[bytes]]) -> tuple[int, int, int, bytes]:
    """Returns how many lines beyond ASCII are UTF-8 and are not, the first that is not, and a sample of those."""
    valid = invalid = first = 0
    sample: list[bytes] = []
    with open_file() as stream:
        for number, line in enumerate(_lines(stream), start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                valid += 1
            except UnicodeDecodeError:
                invalid += 1
                first = first or number
                if len(sample) < _SAMPLE_LINES:
                    sample.append(line)
    return valid, invalid, first, b"".join(sample)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.readline(LARGEST_LINE * 4), b"")


def _guess(sample: bytes) -> str:
    """Returns the encoding of bytes that are not UTF-8, or "" if none makes sense.

    Western is the first and the last choice for Latin scripts, because charset-normalizer alone takes mostly
    English text with a few accents for rarer encodings, which differ in just those accents.
    """
    western = _best(sample, [_WESTERN])
    if western and western.chaos <= _LARGEST_CHAOS:
        return _WESTERN
    if not _is_latin(sample):
        other = _best(sample, _NOT_LATIN)
        return other.encoding if other else ""
    other = _best(sample, _LATIN)
    return other.encoding if other and other.chaos <= _LARGEST_CHAOS else _WESTERN


def _best(sample: bytes, encodings: list[str]) -> CharsetMatch | None:
    return from_bytes(sample, cp_isolation=encodings).best()


def _is_latin(sample: bytes) -> bool:
    return sum(byte > 0x7F for byte in sample) <= _LARGEST_ACCENT_SHARE * len(sample)


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode(_WESTERN, "replace"), error.end


codecs.register_error(STRAY_BYTES, _stray_bytes)
