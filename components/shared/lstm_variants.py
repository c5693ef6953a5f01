"""Which LSTMs are trained: one for each kind of word vectors, and for each way of training them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from components.shared.errors import UserError

#: GloVe 6B 50d, which comes with the package.
PACKAGED = "glove-6b-50d"
RANDOM = "random"
#: Word vectors that are fitted on the reviews of train.
FITTED = ("word2vec", "fasttext")
#: What a user may ask for besides files and gs:// URIs.
KNOWN_EMBEDDINGS = (PACKAGED, RANDOM, *FITTED)

#: Numbers a vector; a file's are known once it is read.
DIMENSIONS = {PACKAGED: 50, RANDOM: 100, "word2vec": 100, "fasttext": 100}

#: Whether word vectors stay as they are, learn too, or both: one LSTM each.
EMBEDDING_TRAININGS = ("frozen", "fine-tuned", "both")


@dataclass(frozen=True)
class Variant:
    """One LSTM to train.

    Attributes:
        embedding: Name of its word vectors.
        fine_tuned: Whether they learn too.
    """

    embedding: str
    fine_tuned: bool

    @property
    def name(self) -> str:
        """Its name within candidates' identifiers, such as "word2vec-tuned"."""
        return f"{self.embedding}-{'tuned' if self.fine_tuned else 'frozen'}"


def embedding_name(embedding: str) -> str:
    """Returns what to call word vectors in files and candidates: the known name, or the file's.

    Args:
        embedding: One of KNOWN_EMBEDDINGS, a path, or a URI.
    """
    file = embedding.rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9_.-]+", "-", file).strip("-._") or "vectors"


def embedding_names(embeddings: Sequence[str]) -> list[str]:
    """Returns the name of each of the user's word vectors, in order.

    Raises:
        UserError: There are none, or two have one name.
    """
    if not embeddings:
        raise UserError(f"embeddings: name at least one of {', '.join(KNOWN_EMBEDDINGS)}, a file or a gs:// URI")
    names = [embedding_name(embedding) for embedding in embeddings]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"embeddings: two are called '{name}'; leave one out, or rename its file")
    return names


def list_variants(names: Sequence[str], training: str) -> list[Variant]:
    """Returns the LSTMs to train, in the order of the word vectors, frozen before fine-tuned.

    Args:
        names: From `embedding_names`.
        training: One of EMBEDDING_TRAININGS.
    """
    ways = {"frozen": [False], "fine-tuned": [True], "both": [False, True]}[training]
    return [Variant(name, fine_tuned) for name in names for fine_tuned in ways]
