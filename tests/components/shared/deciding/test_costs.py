import pytest

from builders import measurement
from components.shared.deciding.costs import (
    always_on_per_month_eur,
    cost_per_1000_eur,
    cost_per_month_eur,
    running_per_month_eur,
    training_cost_eur,
    training_per_month_eur,
)
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.records.measurements import Spread


def _need(runs):
    return parse_need(
        f"""
use_case: A test
reviews_per_day: 1000
runs_per_day: {runs}
prices: {{cpu_hour_eur: 3.6, gpu_hour_eur: 7.2, retraining_days: 10}}
"""
    )


def _measurement(**training):
    return measurement(
        reviews_per_second=Spread(median=10.0, low=1.0, high=20.0, repetitions=3),
        startup_seconds=Spread.of([2.0]),
        training=Usage(**training),
    )


def test_a_month_pays_for_starting_scoring_and_retraining():
    # A day: 2 s to start and 100 s to score at 0.001 € a second, and a tenth of a training of 1 €.
    cost = cost_per_month_eur(_measurement(cost_eur=1.0), _need(runs=1))
    assert cost == pytest.approx((0.102 + 0.1) * 30.4)


def test_each_run_of_a_day_starts_anew():
    cost = cost_per_month_eur(_measurement(), _need(runs=5))
    assert cost == pytest.approx((5 * 0.002 + 0.1) * 30.4)


def test_a_thousand_reviews_carry_their_share_of_the_month():
    measurement = _measurement(cost_eur=1.0)
    assert cost_per_1000_eur(measurement, _need(1)) == pytest.approx(cost_per_month_eur(measurement, _need(1)) / 30.4)


@pytest.mark.parametrize(("device", "cost"), [("cpu", 3.6), ("gpu", 7.2)])
def test_training_without_a_recorded_cost_is_priced_by_its_device(device, cost):
    assert training_cost_eur(_measurement(seconds=3600.0, device=device), _need(1)) == pytest.approx(cost)


def test_a_recorded_training_cost_is_taken_as_it_is():
    assert training_cost_eur(_measurement(seconds=3600.0, cost_eur=0.0), _need(1)) == 0.0


def test_running_and_training_add_up_to_the_month():
    measurement, need = _measurement(cost_eur=1.0), _need(runs=1)
    assert running_per_month_eur(measurement, need) == pytest.approx(0.102 * 30.4)
    assert training_per_month_eur(measurement, need) == pytest.approx(0.1 * 30.4)


def test_always_on_pays_for_every_hour_and_the_same_training():
    # 24 hours at 3.6 € a day, and a tenth of a training of 1 €.
    assert always_on_per_month_eur(_measurement(cost_eur=1.0), _need(1)) == pytest.approx((86.4 + 0.1) * 30.4)


def test_a_volume_that_one_machine_cannot_score_in_a_day_takes_several():
    # At 10 reviews a second a machine scores 864,000 a day.
    need = _need(1).model_copy(update={"reviews_per_day": 864_001})
    assert always_on_per_month_eur(_measurement(), need) == pytest.approx(2 * 86.4 * 30.4)
    need = _need(1).model_copy(update={"reviews_per_day": 864_000})
    assert always_on_per_month_eur(_measurement(), need) == pytest.approx(86.4 * 30.4)


def test_a_paid_service_cannot_be_left_on():
    bought = _measurement().model_copy(update={"price_per_1000_eur": 0.9, "startup_seconds": None})
    assert always_on_per_month_eur(bought, _need(1)) is None
    assert running_per_month_eur(bought, _need(1)) == pytest.approx(0.9 * 30.4)
