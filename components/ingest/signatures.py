"""What a file is by its first bytes: a table in one of the formats, or something else that users pass."""

from components.shared.errors import UserError

#: First bytes -> what the file is, and what to do about it.
_NO_TABLES = {
    b"\x89PNG\r\n\x1a\n": "a PNG image, not a table",
    b"\xff\xd8\xff": "a JPEG image, not a table",
    b"GIF87a": "a GIF image, not a table",
    b"GIF89a": "a GIF image, not a table",
    b"%PDF-": "a PDF document; export its table as CSV",
    b"SQLite format 3\x00": "an SQLite database; export the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook or office document; save the sheet as CSV in UTF-8",
    b"PK\x03\x04": "a zip file in another archive; unpack it",
    b"PK\x05\x06": "an empty zip file; pack it again",
    b"\x1f\x8b": "a gzip file in another archive; unpack it",
    b"BZh91AY&SY": "packed with bzip2; unpack it or pack it with gzip",
    b"\xfd7zXZ\x00": "packed with xz; unpack it or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it or pack it with gzip",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it",
    b"Rar!\x1a\x07": "a RAR archive; unpack it",
    b"Obj\x01": "an Avro file; convert it to Parquet",
    b"ARROW1\x00\x00": "an Arrow or Feather file; convert it to Parquet",
    b"\x80\x04\x95": "a Python pickle, which is not safe to read; save the table as Parquet or CSV",
    b"\x80\x05\x95": "a Python pickle, which is not safe to read; save the table as Parquet or CSV",
    b"\x93NUMPY": "a NumPy array; save the table as Parquet or CSV",
    b"\x89HDF\r\n": "an HDF5 file; save the table as Parquet or CSV",
}
_PARQUET = b"PAR1"
_TAR_PLACE, _TAR = 257, b"ustar"
_WEB_PAGES = ("<!doctype html", "<html", "<head", "<body")
_SHOWN_PLACE = 2048
#: Control characters that text files hold: tab, line ends, form feed, end of file, escape; NULs are repaired.
_TEXT_CONTROLS = frozenset(b"\x00\t\n\v\f\r\x1a\x1b")
_LARGEST_CONTROL_SHARE, _CONTROLS_ALLOWED = 0.02, 16

SAMPLE_BYTES = 1 << 16


def is_parquet(sample: bytes) -> bool:
    """Returns whether a file that begins so is a Parquet file."""
    return sample.startswith(_PARQUET)


def require_known_content(sample: bytes, label: str) -> None:
    """Raises UserError if a file that begins so can be no table, saying what it seems to be."""
    if not sample:
        raise UserError(f"{label}: the file is empty; expected a table with a header and reviews")
    for signature, meaning in _NO_TABLES.items():
        if sample.startswith(signature):
            raise UserError(f"{label}: {meaning}")
    if sample[_TAR_PLACE:].startswith(_TAR):
        raise UserError(f"{label}: a tar archive; unpack it")


def require_few_controls(sample: bytes, label: str) -> None:
    """Raises UserError if text in an encoding that extends ASCII can hardly begin so."""
    controls = sum(sample.count(code) for code in range(32) if code not in _TEXT_CONTROLS)
    if controls > max(_CONTROLS_ALLOWED, _LARGEST_CONTROL_SHARE * len(sample)):
        raise UserError(f"{label}: a binary file, not a table; expected CSV, TSV, JSON lines or Parquet")


def require_no_markup(text: str, label: str) -> None:
    """Raises UserError if text that begins so is a web page or XML rather than a table."""
    start = text[:_SHOWN_PLACE].lstrip("\ufeff \t\r\n").lower()
    if start.startswith(_WEB_PAGES) or (start.startswith(("<?xml", "<!--")) and "<html" in start):
        raise UserError(
            f"{label}: a web page (HTML), not a table; its address needs a login or leads to a page about the "
            "file: download it in a browser or pass the direct address"
        )
    if start.startswith("<?xml"):
        raise UserError(f"{label}: XML, not a table; expected CSV, TSV, JSON lines or Parquet")
