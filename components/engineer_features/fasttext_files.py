"""Word vectors from fastText's binary models, which know subwords and so a vector for every word."""

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path

from gensim.models import KeyedVectors
from gensim.models.fasttext import load_facebook_vectors

from components.engineer_features.kept_vectors import select
from components.shared.errors import UserError

#: The first four bytes; word2vec's binary files begin with a number in digits.
MAGIC = struct.pack("<i", 793712314)
# Of fasttext.cc's signModel, args.cc's save and dictionary.cc's save, in their order.
_HEADER = struct.Struct("<2i 12i d 3i 2q")
_COUNT_AND_TYPE = struct.Struct("<qb")
_PRUNED = struct.Struct("<2i")
_MATRIX = struct.Struct("<?2q")
_FLOAT_BYTES = 4


def read_fasttext(path: Path, name: str, words: Sequence[str]) -> KeyedVectors:
    """Returns the vectors of the words; of those that the model does not hold, from their subwords.

    gensim reads the whole model first: memory of one and a half times the file is needed for a while.

    Args:
        path: The .bin file.
        name: What messages call it.
        words: The words that are wanted.

    Raises:
        UserError: The file is damaged, quantised or a classifier.
    """
    _require_whole(path, name)
    try:
        return select(load_facebook_vectors(str(path)), words)
    except (ValueError, AssertionError, NotImplementedError, IndexError, MemoryError) as error:
        raise UserError(f"{name}: not a fastText model that can be read ({type(error).__name__})") from error


def _require_whole(path: Path, name: str) -> None:
    """Raises UserError for what gensim cannot read; of a dictionary that is cut short it would read for ever."""
    damaged = UserError(f"{name}: this fastText model is cut short or damaged; get it again")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            header = _HEADER.unpack_from(content, 0)
            dimensions, bucket, (entries, words, labels), pruned = header[2], header[10], header[15:18], header[19]
            if labels:
                raise UserError(f"{name}: a fastText classifier; word vectors come from an unsupervised model")
            if entries != words:
                raise damaged
            position = _HEADER.size
            for _ in range(entries):
                if (end := content.find(b"\x00", position)) < 0:
                    raise damaged
                position = end + 1 + _COUNT_AND_TYPE.size
            position += _PRUNED.size * max(pruned, 0)
            quantised, rows, columns = _MATRIX.unpack_from(content, position)
        except struct.error as error:
            raise damaged from error
        if quantised:
            raise UserError(f"{name}: a quantised fastText model (.ftz); give the .bin it was made from")
        if (rows, columns) != (words + bucket, dimensions):
            raise damaged
        if position + _MATRIX.size + rows * columns * _FLOAT_BYTES > len(content):
            raise damaged
