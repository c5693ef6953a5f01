"""The labels of a model of one's own, matched to those of the data."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from components.shared.errors import UserError

LABELS = "labels.json"
#: What Hugging Face calls labels that nobody named.
_PLACEHOLDER = re.compile(r"label_\d+")


def read_labels(directory: Path) -> tuple[str, ...] | None:
    """Returns the labels in labels.json: a JSON list, one a output of the model, in order; None without the file.

    Raises:
        UserError: It is no list of different labels.
    """
    path = directory / LABELS
    if not path.is_file():
        return None
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not readable as JSON ({error}); write a list such as [1, 2, 3, 4, 5]") from error
    if not isinstance(labels, list) or not all(type(label) in (str, int) for label in labels):
        raise UserError(f"{path}: write the label of each output of the model as a list, such as [1, 2, 3, 4, 5]")
    return tuple(map(str, labels))


def match_labels(theirs: Sequence[str], ours: Sequence[str], model: str) -> list[int]:
    """Returns the output of the model for each label of the data.

    Labels are matched by name, in any order, upper and lower case alike. Where nobody named the model's (LABEL_0,
    LABEL_1, ...), its outputs are the data's labels in their order.

    Args:
        theirs: Of the model, one an output.
        ours: Of the data.
        model: What the user calls the model, for messages.

    Raises:
        UserError: They do not match.
    """
    names, wanted = [_plain(label) for label in theirs], [_plain(label) for label in ours]
    if len(names) == len(wanted) == len(set(names)):
        if set(names) == set(wanted):
            return [names.index(label) for label in wanted]
        if all(_PLACEHOLDER.fullmatch(name) for name in names):
            return list(range(len(wanted)))
    raise UserError(
        f"model {model}: its labels ({_listed(theirs)}) are not those of the data ({_listed(ours)}); write the "
        f"data's label of each of its outputs, in order, as a list into {LABELS} beside it"
    )


def _plain(label: str) -> str:
    return label.strip().casefold()


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(label[:40] for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
