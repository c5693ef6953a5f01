import pytest

from builders import measurement
from components.shared.deciding.costs import (
    MonthlyCost,
    always_on_cost,
    batch_cost,
    cost_noise_eur,
    cost_per_1000_eur,
    monthly_cost,
    training_cost_eur,
)
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.records.measurements import Spread


def _need(runs=1, mode="batch"):
    return parse_need(
        f"""
use_case: A test
reviews_per_day: 1000
runs_per_day: {runs}
mode: {mode}
prices: {{cpu_hour_eur: 3.6, gpu_hour_eur: 7.2, retraining_days: 10}}
"""
    )


def _measurement(**training):
    return measurement(
        reviews_per_second=Spread(median=10.0, low=1.0, high=20.0, repetitions=3),
        startup_seconds=Spread.of([2.0]),
        training=Usage(**training),
    )


def test_a_month_in_batch_pays_for_starting_scoring_and_retraining():
    # A day: 2 s to start and 100 s to score at 0.001 € a second, and a tenth of a training of 1 €.
    cost = monthly_cost(_measurement(cost_eur=1.0), _need())
    assert cost.starting == pytest.approx(0.002 * 30.4)
    assert cost.scoring == pytest.approx(0.1 * 30.4)
    assert cost.training == pytest.approx(0.1 * 30.4)
    assert cost.running == pytest.approx(0.102 * 30.4)
    assert cost.total == pytest.approx(0.202 * 30.4)


def test_each_run_of_a_day_starts_anew():
    assert monthly_cost(_measurement(), _need(runs=5)).total == pytest.approx((5 * 0.002 + 0.1) * 30.4)


def test_a_thousand_reviews_carry_their_share_of_the_month():
    measurement = _measurement(cost_eur=1.0)
    assert cost_per_1000_eur(measurement, _need()) == pytest.approx(monthly_cost(measurement, _need()).total / 30.4)


@pytest.mark.parametrize(("device", "cost"), [("cpu", 3.6), ("gpu", 7.2)])
def test_training_without_a_recorded_cost_is_priced_by_its_device(device, cost):
    assert training_cost_eur(_measurement(seconds=3600.0, device=device), _need()) == pytest.approx(cost)


def test_a_recorded_training_cost_is_taken_as_it_is():
    assert training_cost_eur(_measurement(seconds=3600.0, cost_eur=0.0), _need()) == 0.0


def test_always_on_pays_for_every_hour_and_the_same_training():
    # 24 hours at 3.6 € a day, and a tenth of a training of 1 €.
    assert always_on_cost(_measurement(cost_eur=1.0), _need()).total == pytest.approx((86.4 + 0.1) * 30.4)


def test_the_month_costs_what_the_mode_of_the_need_costs():
    one = _measurement(cost_eur=1.0)
    assert monthly_cost(one, _need(mode="always_on")) == always_on_cost(one, _need())
    assert monthly_cost(one, _need(mode="batch")) == batch_cost(one, _need())


def test_a_volume_that_one_machine_cannot_score_in_a_day_takes_several():
    # At 10 reviews a second a machine scores 864,000 a day.
    need = _need().model_copy(update={"reviews_per_day": 864_001})
    assert always_on_cost(_measurement(), need).machine == pytest.approx(2 * 86.4 * 30.4)
    need = _need().model_copy(update={"reviews_per_day": 864_000})
    assert always_on_cost(_measurement(), need).machine == pytest.approx(86.4 * 30.4)


@pytest.mark.parametrize("mode", ["batch", "always_on"])
def test_a_paid_service_costs_its_price_however_the_need_runs(mode):
    bought = _measurement().model_copy(update={"price_per_1000_eur": 0.9, "startup_seconds": None})
    assert monthly_cost(bought, _need(mode=mode)).total == pytest.approx(0.9 * 30.4)


def test_the_spread_of_start_up_and_throughput_is_the_noise_of_the_cost():
    spread = measurement(
        reviews_per_second=Spread(median=10.0, low=8.0, high=12.5, repetitions=3),
        startup_seconds=Spread(median=2.0, low=1.0, high=5.0, repetitions=3),
    )
    # A start takes between 1 and 5 s, 1,000 reviews between 80 and 125 s.
    assert cost_noise_eur(spread, _need()) == pytest.approx((4 + 45) * 0.001 * 30.4)
    assert cost_noise_eur(spread, _need(mode="always_on")) == 0.0


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (MonthlyCost(starting=0.97, scoring=0.03), "97 % start-up"),
        (MonthlyCost(starting=0.5, scoring=0.5), ""),
        (MonthlyCost(machine=36.48, training=0.02), "100 % the machine, always on"),
        (MonthlyCost(training=1.0), ""),
        (MonthlyCost(), ""),
    ],
)
def test_the_part_that_decides_a_cost_is_named_if_there_is_one(cost, words):
    assert cost.decisive_part == words
