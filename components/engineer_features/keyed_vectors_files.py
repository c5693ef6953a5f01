"""Word vectors that gensim saved (.kv), mapped into memory.

Such a file is a pickle, and a pickle can run any program when it is loaded: take one only from a source that you
trust. As a second line of defence the file may name nothing but gensim's word vectors and numpy's arrays; it is
refused, before anything in it is run, if it names anything else.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gensim.models import KeyedVectors

from components.engineer_features.kept_vectors import select
from components.shared.errors import UserError

#: The first byte of a pickle of protocol 2 or newer; no text in UTF-8 begins with it.
MAGIC = b"\x80"

_HARMLESS = {
    "gensim.models.keyedvectors": {
        "KeyedVectors",
        "Word2VecKeyedVectors",
        "EuclideanKeyedVectors",
        "CompatVocab",
        "Vocab",
    },
    "gensim.models.fasttext": {"FastTextKeyedVectors"},
    "numpy": {"ndarray", "dtype"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "_codecs": {"encode"},
}


class _HarmlessUnpickler(pickle.Unpickler):
    """Loads nothing but word vectors; see "Restricting Globals" in Python's documentation of pickle."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if global_name not in _HARMLESS.get(module_name, ()):
            raise _ForbiddenNameError(f"{module_name}.{global_name}"[:80])
        return super().find_class(module_name, global_name)


class _ForbiddenNameError(Exception):
    """A pickle names what word vectors do not need."""


def sidecars_of(path: Path, name: str) -> list[str]:
    """Returns how the names of the files beside a .kv file end, such as ".vectors.npy"; they hold its large arrays.

    Args:
        path: The .kv file itself.
        name: What messages call it.

    Raises:
        UserError: The file is damaged, or names what could run a program.
    """
    try:
        with path.open("rb") as stream:
            # latin1, because gensim's own reader takes it too.
            saved = vars(_HarmlessUnpickler(stream, encoding="latin1").load())
    except _ForbiddenNameError as forbidden:
        raise UserError(
            f"{name}: refused, it names {str(forbidden)!r}: only gensim's KeyedVectors are loaded "
            "(model.wv.save(...)), because any other pickle could run a program"
        ) from forbidden
    # A damaged pickle raises whatever its instructions run into.
    except Exception as error:
        raise UserError(f"{name}: not word vectors that gensim saved, or damaged; save them again") from error
    arrays = saved.get("__numpys", [])
    # gensim would load these with a pickle of their own, which nobody has looked into.
    nested = [*saved.get("__scipys", []), *saved.get("__recursive_saveloads", [])]
    if nested or not all(isinstance(array, str) and array.isidentifier() for array in arrays):
        raise UserError(f"{name}: refused, it asks for further files that word vectors do not have")
    return [f".{array}.npy" for array in arrays]


def read_keyed_vectors(path: Path, name: str, words: Sequence[str]) -> KeyedVectors:
    """Returns the vectors of the words; the arrays beside the file are mapped, not read.

    Args:
        path: The .kv file, with its sidecars beside it.
        name: What messages call it.
        words: The words that are wanted.

    Raises:
        UserError: As `sidecars_of`; or a sidecar is missing or does not fit.
    """
    for ending in sidecars_of(path, name):
        if not path.with_name(path.name + ending).is_file():
            raise UserError(f"{name}: its file {path.name + ending} is missing; put it beside")
    try:
        return select(KeyedVectors.load(str(path), mmap="r"), words)
    except (ValueError, TypeError, AttributeError, LookupError, MemoryError, EOFError, OSError) as error:
        raise UserError(f"{name}: its arrays do not fit it or are damaged; save the vectors again") from error
