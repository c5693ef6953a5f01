"""How neutral answers count, told both ways: as errors, and left out."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.services.interface import Answer


def describe_neutrals(
    answers: Sequence[Answer], truth: NDArray[np.integer[Any]], labels: int, split: str
) -> list[str]:
    """Returns sentences on the neutral and the unusable answers to the reviews of a split.

    With two labels, a service's own verdict (negative, positive) can be right or wrong without a calibration: its
    accuracy is told with neutral answers counted as wrong, and over the other answers only.

    Args:
        answers: At least one.
        truth: Label indices, from worst to best, shape (n,).
        labels: Number of labels.
        split: Name of the split.
    """
    verdicts = np.array([answer.verdict for answer in answers])
    clear = verdicts != 0
    sentence = f"neutral answers: {1 - clear.mean():.1%} of {len(answers)} {split} reviews"
    if labels == 2:
        right = verdicts == np.where(truth == 1, 1, -1)
        over_clear = (
            f"{right[clear].mean():.3f} over the {clear.sum()} others" if clear.any() else "none is not neutral"
        )
        sentence += (
            f"; accuracy of its own verdicts {right.mean():.3f} with neutral counted as wrong, {over_clear}; "
            "the table's accuracy is the calibration's, which gives neutral answers a label too"
        )
    return [sentence, *_describe_problems(answers)]


def _describe_problems(answers: Sequence[Answer]) -> list[str]:
    problems = Counter(answer.problem for answer in answers if answer.problem)
    if not problems:
        return []
    counts = ", ".join(f"{problem}: {count}" for problem, count in sorted(problems.items()))
    return [f"{problems.total()} reviews without a usable answer count as neutral ({counts})"]
