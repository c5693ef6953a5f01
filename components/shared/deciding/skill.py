"""Whether a candidate is shown to be better than guessing. Pure functions.

The best of many candidates looks good by luck alone, so what is shown holds for all of them at once. Two tests, and a
candidate has to pass both:

- A permutation test. The true labels are shuffled over the reviews, the predictions of all candidates stay: nothing
  that they say has then anything to do with a review. A candidate's quality has to exceed what the luckiest candidate
  reaches in 97.5 % of the shuffles, each measured in standard deviations of its own shuffled quality (Westfall and
  Young, Resampling-Based Multiple Testing, 1993, the single-step procedure). That is exact for any number of reviews,
  however rare a label is. It asks for any link between predictions and labels.
- A simultaneous interval. A link is not enough: always saying the most frequent label may be better still. The
  quality minus that of guessing has to lie above 0 by more than the largest deviation of any candidate in 97.5 % of
  the bootstrap resamples, each in its own standard errors (White, A Reality Check for Data Snooping, 2000, as a
  studentised maximum: Romano and Wolf, Stepwise Multiple Testing as Formalized Data Snooping, 2005).

Guessing is the better of two: always the most frequent label of train, and a random label drawn by the shares of
train. Of all ways to guess without reading, the latter has the highest macro-F1.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.shared.deciding.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    Samples,
    draw_counts,
    figure_of,
    figure_on,
)
from components.shared.need import Metric

#: Permuted reviews at a time, so that memory stays small on large tables.
_BLOCK = 250
#: One-sided: a candidate that is worse than guessing is no discovery.
_LEVEL = 1 - (1 - CONFIDENCE) / 2

Labels = NDArray[np.integer[Any]]
Shares = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Guessing:
    """What guessing reaches in the need's metric on select.

    Attributes:
        most_frequent: Always saying the most frequent label of train.
        label_shares: Saying a random label, drawn by the shares of train: what that is expected to reach.
        lexicon: VADER, a lexicon that costs nothing, for comparison; None if it was not measured.
    """

    most_frequent: float
    label_shares: float
    lexicon: float | None = None

    @property
    def best(self) -> float:
        """The level that has to be exceeded."""
        return max(self.most_frequent, self.label_shares)


@dataclass(frozen=True)
class Skill:
    """How much better than guessing a candidate is, with the picking of the best of all in mind.

    Attributes:
        gain: Its quality minus that of guessing, on select.
        low: The lower end of the interval of the gain that holds for all candidates at once.
        p_value: How often the luckiest of all would seem as good by chance, from the permutation test.
        strength: The gain as a multiple of the smallest that would be shown on these reviews.
    """

    gain: float
    low: float
    p_value: float
    strength: float

    @property
    def shown(self) -> bool:
        """Whether it is shown to be better than guessing."""
        return self.strength > 1

    @property
    def hinted(self) -> bool:
        """Whether it seems better than the luckiest of as many guessers does in half of the cases."""
        return self.gain > 0 and self.p_value < 0.5


def assess_skills(
    truth: Labels,
    predictions: Mapping[str, Labels],
    samples: Mapping[str, Samples],
    class_shares: Sequence[float],
    metric: Metric,
    seed: int,
) -> dict[str, Skill]:
    """Returns the skill of every candidate.

    Args:
        truth: True label indices, shape (n,).
        predictions: Candidate to predicted label indices, shape (n,): all that may be picked, and no other.
        samples: By name, at least of these: the metric on the resamples of `draw_counts` with this seed.
        class_shares: Of train, shape (classes,).
        metric: The need's.
        seed: Of the bootstrap and of the permutations.
    """
    if not predictions:
        return {}
    names = list(predictions)
    shares = np.asarray(class_shares, dtype=np.float64)
    quality = np.array([figure_on(truth, predictions[name], len(shares), metric) for name in names])
    permuted = _permuted_quality(truth, [predictions[name] for name in names], len(shares), metric, seed)
    p_values, by_chance = _test_link(quality, permuted)
    gains, lows, by_interval = _bound_gains(
        truth, quality, np.stack([samples[name] for name in names]), shares, metric, seed
    )
    strengths = np.minimum(by_chance, by_interval)
    return {
        name: Skill(float(gain), float(low), float(p_value), float(strength))
        for name, gain, low, p_value, strength in zip(names, gains, lows, p_values, strengths, strict=True)
    }


def guess(truth: Labels, class_shares: Sequence[float], metric: Metric) -> Guessing:
    """Returns what guessing reaches.

    Args:
        truth: True label indices, shape (n,), n at least 1.
        class_shares: Of train, shape (classes,).
        metric: The need's.
    """
    shares = np.asarray(class_shares, dtype=np.float64)
    counts = np.bincount(truth, minlength=len(shares))[None].astype(np.float64)
    most_frequent, label_shares = (float(values[0]) for values in _guess_on(counts, shares, metric))
    return Guessing(most_frequent, label_shares)


def more_reviews_to_show(skill: Skill, reviews: int) -> int | None:
    """Returns about how many more reviews would show a gain like this one; None if there is none.

    What is shown shrinks with the square root of the number of reviews. That the gain stays as it is, is assumed.
    """
    if not skill.hinted or skill.strength <= 0:
        return None
    return max(1, math.ceil(reviews / skill.strength**2) - reviews)


def _test_link(
    quality: NDArray[np.float64], permuted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns p-values adjusted for the number of candidates, and the link as a multiple of what it takes.

    Args:
        quality: Shape (candidates,).
        permuted: The same on shuffled labels, shape (candidates, permutations).
    """
    center = permuted.mean(axis=1)
    observed = _in_deviations(quality[:, None], center, permuted.std(axis=1))[:, 0]
    luckiest = _in_deviations(permuted, center, permuted.std(axis=1)).max(axis=0)
    # The labels as they are count as one of the shuffles: without that the test would not be exact.
    reached = (luckiest[None, :] >= observed[:, None] - 1e-9).sum(axis=1)
    p_values = (1 + reached) / (1 + permuted.shape[1])
    taken = float(np.quantile(luckiest, _LEVEL, method="higher"))
    strengths = observed / taken if taken > 0 else np.zeros_like(observed)
    shown = p_values <= 1 - _LEVEL
    return p_values, np.where(shown, np.maximum(strengths, 1 + 1e-9), np.minimum(strengths, 1.0))


def _bound_gains(
    truth: Labels,
    quality: NDArray[np.float64],
    samples: NDArray[np.float64],
    shares: Shares,
    metric: Metric,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Returns gain, its lower bound, and the gain as a multiple of what it takes; of the better way to guess each.

    Args:
        truth: Shape (n,).
        quality: Shape (candidates,).
        samples: Shape (candidates, resamples).
        shares: Shape (classes,).
        metric: The need's.
        seed: Of the resamples.
    """
    of_labels = np.eye(len(shares), dtype=np.float32)[truth]
    counts = np.concatenate([drawn @ of_labels for drawn in draw_counts(len(truth), seed, samples.shape[1])])
    observed = of_labels.sum(axis=0, keepdims=True)
    bounds = []
    for here, resampled in zip(_guess_on(observed, shares, metric), _guess_on(counts, shares, metric), strict=True):
        gains, deviations = quality - here[0], samples - resampled
        errors = deviations.std(axis=1)
        largest = _in_deviations(deviations, deviations.mean(axis=1), errors).max(axis=0)
        taken = float(np.quantile(largest, _LEVEL)) * errors
        strengths = np.divide(gains, taken, out=np.zeros_like(gains), where=taken > 0)
        bounds.append((gains, gains - taken, strengths))
    gains, lows, strengths = (np.stack(values).min(axis=0) for values in zip(*bounds, strict=True))
    return gains, lows, strengths


def _in_deviations(
    values: NDArray[np.float64], center: NDArray[np.float64], deviations: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Returns values, shape (candidates, m), in standard deviations; 0 for what does not vary."""
    varies = deviations[:, None] > 0
    return np.divide(values - center[:, None], deviations[:, None], out=np.zeros_like(values), where=varies)


def _guess_on(counts: NDArray[np.floating[Any]], shares: Shares, metric: Metric) -> tuple[Samples, Samples]:
    """Returns what both ways to guess reach, by label counts, shape (m, classes)."""
    certain = np.eye(len(shares))[int(np.argmax(shares))]
    return _expected_figure(counts, certain, metric), _expected_figure(counts, shares, metric)


def _expected_figure(counts: NDArray[np.floating[Any]], said: Shares, metric: Metric) -> Samples:
    """Returns the metric of the confusion counts that are expected if labels are said with these probabilities."""
    cells = (counts[:, :, None] * said[None, None, :]).reshape(len(counts), -1)
    return figure_of(np.column_stack([cells, np.zeros(len(cells))]).astype(np.float64), len(said), metric)


def _permuted_quality(
    truth: Labels, predictions: Sequence[Labels], classes: int, metric: Metric, seed: int
) -> NDArray[np.float64]:
    """Returns the metric on shuffled labels, shape (candidates, RESAMPLES)."""
    said = np.concatenate([np.eye(classes, dtype=np.float32)[labels] for labels in predictions], axis=1)
    blocks = []
    for shuffled in _shuffle(truth, seed):
        # By true label: how often each candidate says each label, shape (block, candidates, classes).
        rows = [((shuffled == label).astype(np.float32) @ said) for label in range(classes)]
        confusion = np.stack([row.reshape(len(shuffled), len(predictions), classes) for row in rows], axis=2)
        cells = confusion.reshape(-1, classes**2).astype(np.float64)
        values = figure_of(np.column_stack([cells, np.zeros(len(cells))]), classes, metric)
        blocks.append(values.reshape(len(shuffled), len(predictions)).T)
    return np.concatenate(blocks, axis=1)


def _shuffle(truth: Labels, seed: int) -> Iterator[Labels]:
    generator, small = np.random.default_rng(seed), truth.astype(np.int16)
    for start in range(0, RESAMPLES, _BLOCK):
        yield generator.permuted(np.tile(small, (min(_BLOCK, RESAMPLES - start), 1)), axis=1)
