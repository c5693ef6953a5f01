"""Gathers what was measured of the winner that a caveat may come from; deciding/caveats.py tells which do."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from components.shared.behaviour_keys import BehaviourCount
from components.shared.deciding.bootstrap import Samples, interval
from components.shared.deciding.caveats import Caveat, Findings, LabelRecall, Lengths, Simpler, find_caveats
from components.shared.deciding.decision import METRIC_NAMES, Candidate, Decision, Difference
from components.shared.deciding.inputs import DecisionInputs
from components.shared.deciding.limits import list_broken_limits
from components.shared.deciding.more_reviews import reviews_to_tell_apart
from components.shared.metrics import QualityFigures
from components.shared.need import Need
from components.shared.profile import PROFILE
from components.shared.records.features import read_features, read_profile, read_split
from components.shared.records.measurements import MEASURED_SPLITS, Measurement, Measurements
from components.shared.records.plan import DEEP_MODELS
from components.shared.records.robustness import Robustness


def find_winner_caveats(
    inputs: DecisionInputs,
    decision: Decision,
    measured: Measurements,
    tested: Mapping[str, QualityFigures],
    samples: Mapping[str, Samples],
    probed: Robustness,
    features: Path,
) -> tuple[Caveat, ...]:
    """Returns what the chosen candidate cannot do or is not sure of it; nothing if none was chosen.

    Args:
        inputs: What was decided from.
        decision: The decision.
        measured: What evaluate measured.
        tested: Quality on test by candidate.
        samples: By candidate: the need's metric on resamples of test.
        probed: What probe_robustness found.
        features: Directory of features.
    """
    if decision.chosen is None or decision.expected is None:
        return ()
    metric, description = inputs.need.quality.metric, read_features(features)
    chosen = next(one for one in measured.candidates if one.candidate == decision.chosen)
    figures = tested[decision.chosen]
    return find_caveats(
        Findings(
            metric=METRIC_NAMES[metric],
            expected=decision.expected,
            on_test=getattr(figures, metric),
            test_reviews=figures.rows,
            select_reviews=inputs.select[decision.chosen].rows,
            recalls=[
                LabelRecall(label, sum(row), row[index])
                for index, (label, row) in enumerate(zip(description.task.labels, figures.confusion, strict=True))
            ],
            behaviours=_behaviours_of(chosen, probed),
            simpler=[
                Simpler(
                    one.candidate,
                    Difference(
                        getattr(figures, metric) - getattr(tested[one.candidate], metric),
                        *interval(samples[decision.chosen] - samples[one.candidate]),
                    ),
                    fit=_keeps_to_limits(inputs.figures[one.candidate], inputs.need),
                )
                for one in measured.candidates
                if _is_simpler(one, chosen)
            ],
            margin_reviews=reviews_to_tell_apart(
                [
                    standing.difference.value - standing.difference.low
                    for name, standing in decision.standings.items()
                    if standing.difference is not None and name != decision.best
                ],
                inputs.need.quality.margin,
                inputs.select[decision.chosen].rows,
            ),
            busy=next((warning for warning in chosen.warnings if "machine was busy" in warning), ""),
            doubts=[one.message for one in description.findings if one.outcome in ("warning", "allowed")],
            lengths=_lengths(features),
            language=description.text.language,
        )
    )


def _behaviours_of(chosen: Measurement, probed: Robustness) -> dict[str, BehaviourCount]:
    """Returns how the chosen candidate did in every behavioural test that it was asked."""
    asked = {
        test.key: BehaviourCount(passed=test.results[chosen.candidate].passed, cases=test.cases)
        for test in probed.behaviours
        if chosen.candidate in test.results
    }
    return asked | chosen.behaviours


def _is_simpler(one: Measurement, chosen: Measurement) -> bool:
    """Returns whether a candidate is a floor, and the chosen one more than that."""
    floor = one.model not in DEEP_MODELS and one.price_per_1000_eur is None
    return floor and one.candidate != chosen.candidate and (chosen.model in DEEP_MODELS or one.model == "majority")


def _keeps_to_limits(one: Candidate, need: Need) -> bool:
    """Returns whether a candidate keeps to the limits; of the reference, which is never taken, that is not asked."""
    return one.reference or not list_broken_limits(one, need)


def _lengths(features: Path) -> Lengths | None:
    if not (features / PROFILE).is_file():
        return None
    quantiles = read_profile(features).words.quantiles
    low, high = quantiles["1"], quantiles["99"]
    words = np.concatenate(
        [read_split(features, split)["natural"].map(lambda text: len(text.split())) for split in MEASURED_SPLITS]
    )
    return Lengths(low, high, float(((words < low) | (words > high)).mean()))
