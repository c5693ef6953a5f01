"""Gathers what was measured of the winner that a caveat may come from; deciding/caveats.py tells which do."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from components.shared.behaviour_keys import BehaviourCount
from components.shared.deciding.bootstrap import Samples
from components.shared.deciding.caveats import Caveat, Findings, LabelRecall, Lengths, Simpler, find_caveats
from components.shared.deciding.decision import METRIC_NAMES, Candidate, Decision
from components.shared.deciding.gate import compare_figures
from components.shared.deciding.inputs import DecisionInputs
from components.shared.deciding.limits import list_broken_limits
from components.shared.deciding.more_reviews import reviews_to_tell_apart
from components.shared.metrics import QualityFigures
from components.shared.need import Need
from components.shared.profile import PROFILE
from components.shared.records.features import Features, read_profile
from components.shared.records.measurements import BUSY, Measurement, Measurements
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
    description: Features,
    reviews: Iterable[pd.DataFrame],
) -> tuple[Caveat, ...]:
    """Returns what the chosen candidate cannot do or is not sure of it; nothing if none was chosen.

    Args:
        inputs: What was decided from.
        decision: The decision.
        measured: What evaluate measured.
        tested: Quality on test by candidate.
        samples: By candidate: the need's metric on resamples of test.
        probed: What probe_robustness found.
        features: Directory of features, for the profile of train.
        description: Of the features.
        reviews: The select and the test reviews.
    """
    if decision.chosen is None or decision.expected is None:
        return ()
    metric = inputs.need.quality.metric
    on_metric = {name: getattr(of, metric) for name, of in tested.items()}
    chosen = next(one for one in measured.candidates if one.candidate == decision.chosen)
    figures = tested[decision.chosen]
    return find_caveats(
        Findings(
            metric=METRIC_NAMES[metric],
            expected=decision.expected,
            on_test=on_metric[decision.chosen],
            select_reviews=inputs.select[decision.chosen].rows,
            recalls=[
                LabelRecall(label, sum(row), row[index])
                for index, (label, row) in enumerate(zip(description.task.labels, figures.confusion, strict=True))
            ],
            behaviours=_behaviours_of(chosen, probed),
            simpler=[
                Simpler(
                    one.candidate,
                    compare_figures(decision.chosen, one.candidate, on_metric, samples),
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
            busy=next((warning for warning in chosen.warnings if warning.startswith(BUSY)), ""),
            doubts=[one.message for one in description.findings if one.outcome in ("warning", "allowed")],
            lengths=_lengths(features, reviews),
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


def _lengths(features: Path, reviews: Iterable[pd.DataFrame]) -> Lengths | None:
    if not (features / PROFILE).is_file():
        return None
    quantiles = read_profile(features).words.quantiles
    low, high = quantiles["1"], quantiles["99"]
    words = np.concatenate([table["natural"].map(lambda text: len(text.split())) for table in reviews])
    return Lengths(low, high, float(((words < low) | (words > high)).mean()))
