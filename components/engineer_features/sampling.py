"""Whether the splits are fair samples: their sizes, their labels, and labels that contradict each other."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from components.engineer_features.splits import LEFT_OUT, SHARES, Assignment
from components.shared.records.features import Finding
from components.shared.records.task import Task
from components.shared.reviews import SPLITS

#: A share may be off by a quarter of itself, or by what chance explains.
_LARGEST_DEVIATION = 0.25
_STANDARD_ERRORS = 4
#: Class shares differ if chance does not explain it and if it is enough to matter.
_SIGNIFICANCE = 0.001
_LARGEST_CLASS_DIFFERENCE = 0.05
_LARGEST_CONTRADICTING_SHARE = 0.01


def sizes_finding(counts: NDArray[np.int64]) -> Finding:
    """Reports the sizes of the splits: a warning if one is far from its share.

    Args:
        counts: Reviews of each split and label, shape (splits, labels).
    """
    sizes = counts.sum(axis=1)
    wanted = np.array([SHARES[split] for split in SPLITS])
    tolerated = np.maximum(
        _LARGEST_DEVIATION * wanted, _STANDARD_ERRORS * np.sqrt(wanted * (1 - wanted) / max(sizes.sum(), 1))
    )
    shares = sizes / max(sizes.sum(), 1)
    far = np.abs(shares - wanted) > tolerated
    told = ", ".join(f"{split} {share:.1%}" for split, share in zip(SPLITS, shares, strict=True))
    if not far.any():
        return Finding(rule="split sizes", outcome="passed", message=f"{told}: close to what was wanted.")
    off = "; ".join(f"{SPLITS[number]} should have {wanted[number]:.0%}" for number in np.flatnonzero(far))
    return Finding(
        rule="split sizes",
        outcome="warning",
        message=f"{told}: {off}. A few large groups decide: name a column of smaller groups, or --group-column none.",
    )


def class_shares_finding(counts: NDArray[np.int64], task: Task) -> Finding:
    """Reports the labels' shares over the splits: a warning if they differ much and not by chance (chi-square test).

    Args:
        counts: Reviews of each split and label, shape (splits, labels), none of them all zero.
        task: Names the labels.
    """
    rule = "class shares across splits"
    chance = float(chi2_contingency(counts).pvalue)
    shares = counts / counts.sum(axis=1, keepdims=True)
    differences = np.abs(shares - shares[0])
    split, label = np.unravel_index(differences.argmax(), differences.shape)
    told = (
        f"the largest difference is label {task.labels[label]!r}: {shares[0, label]:.1%} of train, "
        f"{shares[split, label]:.1%} of {SPLITS[split]}"
    )
    if chance < _SIGNIFICANCE and differences.max() > _LARGEST_CLASS_DIFFERENCE:
        message = f"The splits differ in their labels by more than chance: {told}. Figures on them do not compare."
        return Finding(rule=rule, outcome="warning", message=message)
    return Finding(rule=rule, outcome="passed", message=f"The splits are alike in their labels; {told}.")


def contradictions_finding(labels: NDArray[np.int64], assigned: Assignment) -> Finding:
    """Reports duplicates with different labels: a warning if they are many, because no model can be right on all.

    Args:
        labels: Index of each review's label, shape (n,).
        assigned: The splits and duplicate groups.
    """
    first = assigned.duplicates
    torn = np.zeros(len(labels), dtype=bool)
    torn[first[labels != labels[first]]] = True
    contradicting = int((torn[first] & (assigned.splits != LEFT_OUT)).sum())
    share = contradicting / max(len(labels), 1)
    return Finding(
        rule="contradicting labels",
        outcome="warning" if share > _LARGEST_CONTRADICTING_SHARE else "passed",
        message=f"Reviews that have a copy or near-duplicate with another label: {contradicting:,} ({share:.2%}).",
    )
