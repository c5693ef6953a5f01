import pytest

from components.compare.deciding.costs import cost_per_1000_eur, cost_per_month_eur, training_cost_eur
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.records.measurements import Measurement, Spread


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
    return Measurement(
        candidate="a",
        model="lstm",
        chain=(),
        base_model="none",
        runtime="litert",
        content="a",
        size_bytes=1,
        gzip_bytes=1,
        latency_reviews=1,
        latency_p50_ms=1.0,
        latency_p95_ms=1.0,
        reviews_per_second=Spread(median=10.0, low=1.0, high=20.0, repetitions=3),
        peak_memory_mb=1.0,
        startup_seconds=Spread.of([2.0]),
        cpu_seconds=1.0,
        training=Usage(**training),
        load_average=0.0,
        busy_share=0.0,
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
