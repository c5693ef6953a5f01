"""Which behavioural tests every candidate is asked, and how it did: the need may set limits on them."""

import numpy as np

from components.shared.behaviour import BehaviouralTest, applicable_tests, behavioural_tests, count_passed, texts_of
from components.shared.behaviour_keys import CAPABILITIES, BehaviourCount
from components.shared.need import Need
from components.shared.predictors.base import Probabilities
from components.shared.records.features import Features
from components.shared.records.task import Task


def asked_tests(features: Features, need: Need, seed: int) -> list[BehaviouralTest]:
    """Returns the tests of minimum capability and those that the need limits; none that does not apply.

    Args:
        features: Language of the reviews, and their labels.
        need: Its limits on behaviour.
        seed: Of the sentences; the same as of probe_robustness, so that both ask the same ones.
    """
    wanted = {*CAPABILITIES, *need.constraints.minimum_behaviour}
    tests = [test for test in behavioural_tests(seed) if test.key in wanted]
    return applicable_tests(tests, features.text.language, features.task)


def count_behaviours(
    tests: list[BehaviouralTest], probabilities: Probabilities, task: Task
) -> dict[str, BehaviourCount]:
    """Returns how a model did in each test, by key.

    Args:
        tests: What it was asked.
        probabilities: Its answers to `texts_of(tests)`, in this order, shape (n, classes).
        task: Its labels.
    """
    row = {text: index for index, text in enumerate(texts_of(tests))}
    # In the precision that probe_robustness counts in, so that both tell the same.
    answers = probabilities.astype(np.float64)
    counts = {}
    for test in tests:
        before = answers[[row[case.text] for case in test.cases]]
        after = answers[[row[case.changed or case.text] for case in test.cases]]
        counts[test.key] = count_passed(test, before, after, task)
    return counts
