import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from benchmarks.simulated_candidates import degrade, exchange_errors, macro_f1


@pytest.fixture
def labels():
    generator = np.random.default_rng(0)
    truth = generator.choice(5, size=4000, p=(0.05, 0.07, 0.13, 0.22, 0.53))
    return truth, np.where(generator.random(4000) < 0.35, generator.integers(0, 5, 4000), truth)


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_exchanged_errors_leave_the_confusion_matrix_as_it_is(labels, share):
    truth, predicted = labels
    exchanged = exchange_errors(truth, predicted, share, np.random.default_rng(1))
    assert (confusion_matrix(truth, exchanged) == confusion_matrix(truth, predicted)).all()
    assert (exchanged != predicted).any()


def test_with_more_exchanged_the_two_agree_less(labels):
    truth, predicted = labels
    agreement = [
        (exchange_errors(truth, predicted, share, np.random.default_rng(1)) == predicted).mean()
        for share in (0.0, 0.1, 1.0)
    ]
    assert agreement[0] == 1
    assert agreement == sorted(agreement, reverse=True)


def test_a_degraded_candidate_is_worse_by_the_loss_to_one_review(labels):
    truth, predicted = labels
    worse = degrade(truth, predicted, 5, 0.05, np.random.default_rng(2))
    loss = macro_f1(truth, predicted, 5) - macro_f1(truth, worse, 5)
    assert 0.05 <= loss < 0.052
