"""What is to be expected of a picked candidate on other reviews: less than on those that it was picked on.

The best of many is partly the luckiest. How much the picking flatters is found by picking again on bootstrap
resamples: by as much as the pick of a resample is better there than on all reviews, the pick of the reviews is better
there than in truth (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 17, "optimism"; of the best
of many models: Tsamardinos, Greasidou and Borboudakis, Bootstrapping the out-of-sample predictions, 2018).

The interval is for the figure on other reviews, as many as these: their own chance comes on top of that of the
reviews at hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from components.shared.deciding.bootstrap import Samples, interval
from components.shared.deciding.decision import Candidate, Expected

#: Picking again takes longer than drawing again, and its mean needs fewer resamples than the ends of an interval.
_PICKS = 200

#: Takes candidates with the qualities that they have on some resample; returns the pick.
Pick = Callable[[Sequence[Candidate]], Candidate]


def expect(
    chosen: Candidate, candidates: Sequence[Candidate], samples: Mapping[str, Samples], pick: Pick, seed: int = 0
) -> Expected:
    """Returns what is to be expected of a candidate on other reviews.

    Args:
        chosen: The pick on the reviews as they are.
        candidates: All that it was picked from.
        samples: By name: the need's metric on the same resamples.
        pick: How it was picked.
        seed: Of the pairing of two resamples' chances.
    """
    flattered_by = _optimism(candidates, samples, pick) if len(candidates) > 1 else 0.0
    value = chosen.quality - flattered_by
    chance = samples[chosen.name] - samples[chosen.name].mean()
    low, high = interval(chance + np.random.default_rng(seed).permutation(chance))
    return Expected(value, min(value + low, value), min(value + high, 1.0), flattered_by)


def _optimism(candidates: Sequence[Candidate], samples: Mapping[str, Samples], pick: Pick) -> float:
    """Returns by how much the pick of a resample is better there than on all reviews, on average."""
    resamples = range(min(_PICKS, len(samples[candidates[0].name])))
    excesses = []
    for resample in resamples:
        redrawn = [replace(one, quality=float(samples[one.name][resample])) for one in candidates]
        picked = pick(redrawn).name
        own = next(one.quality for one in candidates if one.name == picked)
        excesses.append(float(samples[picked][resample]) - own)
    return float(np.mean(excesses)) if excesses else 0.0
