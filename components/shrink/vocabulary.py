"""Trims a WordPiece vocabulary to what a corpus uses, with the tokenizer and the embedding that belong to it.

WordPiece takes the longest piece that fits (Wu et al., 2016). So a text whose pieces are all kept is cut as before,
and other words fall into smaller pieces. A piece goes only if each of its characters is a piece too, and those stay:
no word becomes unknown that was not.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.architectures.base import Encoded
from components.shared.architectures.distilbert import POSITION_EMBEDDINGS, WORD_EMBEDDINGS, DistilBert
from components.shared.tokenizer_file import TokenizerFile
from components.shared.training.checkpoints import Weights
from components.shared.training.techniques import NothingToDoError


def trim_vocabulary(
    architecture: DistilBert, weights: Weights, corpus: Sequence[Encoded], minimum_count: int
) -> tuple[DistilBert, Weights]:
    """Returns a model without the word pieces that a corpus uses too rarely, and the positions no input reaches.

    All its other weights stay.

    Args:
        architecture: Of the model.
        weights: Of the model, as in a checkpoint.
        corpus: Reviews as the model reads them.
        minimum_count: How often a piece has to occur to be kept.

    Raises:
        NothingToDoError: See `trim_tokenizer`.
    """
    counts: Counter[int] = Counter()
    for review in corpus:
        counts.update(review.tolist())
    used = [piece for piece, count in counts.items() if count >= minimum_count]
    tokenizer, kept = trim_tokenizer(architecture.tokenizer_json, used)
    vectors = {
        WORD_EMBEDDINGS: weights[WORD_EMBEDDINGS][kept],
        POSITION_EMBEDDINGS: weights[POSITION_EMBEDDINGS][: architecture.max_length],
    }
    return architecture.with_vocabulary(tokenizer, len(kept)), weights | vectors


def trim_tokenizer(content: str, used: Iterable[int]) -> tuple[str, NDArray[np.int64]]:
    """Returns tokenizer.json with fewer pieces, and the old number of each piece that is left, in order.

    Args:
        content: Content of tokenizer.json, in the format of the library tokenizers.
        used: Numbers of the pieces to keep, besides special ones and those that nothing could stand for.

    Raises:
        NothingToDoError: It is no WordPiece, or what is added to texts cannot be renumbered.
    """
    described = json.loads(content)
    obstacle = TokenizerFile.model_validate(described).trim_obstacle
    if obstacle:
        raise NothingToDoError(obstacle)
    model = described["model"]
    prefix, vocabulary = model["continuing_subword_prefix"], model["vocab"]
    special = {token["content"]: token["id"] for token in described["added_tokens"]}
    old_numbers, wanted = vocabulary | special, set(used)
    pieces = [
        piece
        for piece, number in sorted(old_numbers.items(), key=lambda item: item[1])
        if number in wanted
        or piece in special
        or piece == model["unk_token"]
        or not _can_be_cut(piece, prefix, vocabulary)
    ]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    model["vocab"] = {piece: number for piece, number in numbers.items() if piece in vocabulary}
    for token in described["added_tokens"]:
        token["id"] = numbers[token["content"]]
    described["post_processor"] = _renumbered(described["post_processor"], numbers)
    # The architecture pads; a length and a number of padding in the file would only be able to contradict it.
    described["padding"] = None
    return json.dumps(described, ensure_ascii=False), np.array([old_numbers[piece] for piece in pieces])


def _can_be_cut(piece: str, prefix: str, vocabulary: Mapping[str, int]) -> bool:
    """Returns whether a piece has several characters, each of them a piece of its own."""
    characters = piece.removeprefix(prefix)
    continued = [prefix + character for character in characters]
    alone = continued if piece.startswith(prefix) else [*characters[:1], *continued[1:]]
    return len(alone) > 1 and all(one in vocabulary for one in alone)


def _renumbered(post_processor: dict[str, Any] | None, numbers: dict[str, int]) -> dict[str, Any] | None:
    """Returns what puts the special pieces around a text, with their new numbers."""
    if post_processor is None:
        return None
    if post_processor["type"] == "TemplateProcessing":
        special = {
            name: token | {"ids": [numbers[piece] for piece in token["tokens"]]}
            for name, token in post_processor["special_tokens"].items()
        }
        return post_processor | {"special_tokens": special}
    ends = {end: [post_processor[end][0], numbers[post_processor[end][0]]] for end in ("cls", "sep")}
    return post_processor | ends
