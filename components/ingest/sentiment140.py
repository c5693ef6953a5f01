"""The adapter "sentiment140": 1.6 million tweets, negative or positive by their emoticons.

The original file (http://help.sentiment140.com/for-students) is CSV in Latin-1 without a header. Its columns
are the polarity (0 negative, 2 neutral, 4 positive), the tweet's number, its date, the query (or NO_QUERY), the
user and the text. Some tweets stand in it twice, once with each label.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.ingest.columns import Role
from components.ingest.labels import LabelReader

ENCODING = "latin-1"
COLUMNS = ("target", "id", "date", "flag", "user", "text")
LABELS = ("0", "2", "4")
#: Only the small test file of 2009 has neutral tweets.
OPTIONAL_LABELS = ("2",)
LEFT_OUT = {
    "id": "the tweet's number: left out",
    "flag": "the query that found the tweet: left out",
}

_DATE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} [A-Z]{3,4} \d{4}")
#: siphash takes a key of 16 bytes; two keys make 16 bytes a text, so that 1.6 million never collide by chance.
_KEYS = ("tweets, one of 2", "tweets, two of 2")


def is_original(first_row: Sequence[str]) -> bool:
    """Returns whether a file's first line is a row of the original form, which has no header."""
    if len(first_row) != len(COLUMNS):
        return False
    target, number, date = (value.strip() for value in first_row[:3])
    return target in LABELS and number.isdigit() and _DATE.fullmatch(date) is not None


def recognises(columns: Sequence[str]) -> bool:
    """Returns whether a header is that of the original form or of its short form, target and text."""
    return set(columns) == {"target", "text"} or tuple(columns) == COLUMNS


def roles(columns: Sequence[str]) -> dict[Role, str]:
    """Returns role to column; only the original form has users."""
    found: dict[Role, str] = {"text": "text", "label": "target"}
    if "user" in columns:
        found["group"] = "user"
    return found


def digests(texts: pd.Series) -> NDArray[np.uint64]:
    """Returns 128 bits of each text, shape (n, 2)."""
    values = texts.to_numpy(dtype=object)
    hashed = [pd.util.hash_array(values, hash_key=key, categorize=False) for key in _KEYS]
    return np.stack(hashed, axis=1)


class Contradictions:
    """The texts that stand in a table with different labels, found before the table is read for good.

    Bounded by 17 bytes a row while looking (27 MB for 1.6 million tweets) and by the contradicting texts
    afterwards, because of every text only a digest and its label are kept.
    """

    def __init__(self, partitions: Iterable[tuple[pd.Series, pd.Series]], labels: LabelReader) -> None:
        """Reads a table once.

        Args:
            partitions: Texts and raw labels.
            labels: Spells the labels.

        Raises:
            UserError: A label is not allowed.
        """
        found = [(digests(texts), _codes(labels.read(raw), labels.found)) for texts, raw in partitions]
        hashed, codes = (np.concatenate(parts) for parts in zip(*found, strict=True))
        self._texts = _contradicting(hashed, codes)

    def among(self, texts: pd.Series) -> NDArray[np.bool_]:
        """Returns which texts contradict others, shape (n,)."""
        hashed = digests(texts)
        return pd.MultiIndex.from_arrays([hashed[:, 0], hashed[:, 1]]).isin(self._texts)


def _codes(labels: pd.Series, known: Sequence[str]) -> NDArray[np.int8]:
    """Returns the place of each label among the known ones, -1 for a missing one."""
    places = {label: place for place, label in enumerate(known)}
    return np.asarray(labels.map(places).fillna(-1), dtype=np.int8)


def _contradicting(hashed: NDArray[np.uint64], codes: NDArray[np.int8]) -> pd.MultiIndex:
    table = pd.DataFrame({"first": hashed[:, 0], "second": hashed[:, 1], "label": codes})
    once = table[table["label"] >= 0].drop_duplicates()
    twice = once[once.duplicated(["first", "second"])]
    return pd.MultiIndex.from_frame(twice[["first", "second"]])
