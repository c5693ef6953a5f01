import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import measurement
from components.shared.deciding.break_even import OwnCost, break_even_reviews, compare_with_services, own_cost
from components.shared.deciding.costs import monthly_cost
from components.shared.meter import Usage
from components.shared.need import parse_need
from components.shared.records.measurements import Spread
from components.shared.services.record import Offer

_NEED = parse_need(
    "use_case: x\nreviews_per_day: 1000\nruns_per_day: 2\n"
    "prices: {cpu_hour_eur: 3.6, gpu_hour_eur: 1, retraining_days: 10}\n"
)


def _measurement(**values):
    figures = {
        "model": "logistic",
        "runtime": "scikit-learn",
        "reviews_per_second": Spread.of([100.0]),
        "startup_seconds": Spread.of([2.0]),
        "training": Usage(cost_eur=5.0),
    }
    return measurement("logistic", **(figures | values))


def _offer(price=0.9, status="no key"):
    return Offer(service="azure-language", model="latest", status=status, price_per_1000_eur=price, basis="the list")


def test_the_cost_of_ones_own_model_is_split_into_days_and_reviews():
    own = own_cost(_measurement(), _NEED)
    # Two starts of 2 s at 0.001 € a second, and 5 € of training over 10 days; 10 ms for a review.
    assert own == OwnCost("logistic", pytest.approx(0.504), pytest.approx(0.00001))
    month = (own.fixed_per_day_eur + 1000 * own.per_review_eur) * 30.4
    assert monthly_cost(_measurement(), _NEED).total == pytest.approx(month)


def test_a_service_costs_its_price_whatever_its_speed():
    service = _measurement(price_per_1000_eur=0.9, startup_seconds=None, training=Usage(cost_eur=0.0))
    assert monthly_cost(service, _NEED).total == pytest.approx(0.9 * 30.4)


def test_the_volume_is_the_first_at_which_ones_own_model_is_cheaper():
    assert break_even_reviews(OwnCost("m", 0.504, 0.00001), 0.0009) == 567
    assert break_even_reviews(OwnCost("m", 0.0, 0.00001), 0.0009) == 1


@pytest.mark.parametrize("price", [0.0, 0.00001])
def test_a_service_that_costs_no_more_for_a_review_is_never_dearer(price):
    assert break_even_reviews(OwnCost("m", 0.5, 0.00001), price) is None


@given(st.floats(1e-6, 100), st.floats(1e-9, 0.01), st.floats(1e-9, 0.01))
def test_below_the_volume_the_service_is_cheaper_and_above_it_the_model(fixed, per_review, price):
    own = OwnCost("m", fixed, per_review)
    reviews = break_even_reviews(own, price)
    if reviews is None:
        assert price <= per_review
        return
    # Around the volume both cost the same but for rounding; twice and half of it leave no doubt.
    if price - per_review > 1e-6 * price:
        assert fixed + 2 * reviews * per_review < 2 * reviews * price
        assert fixed + (reviews - 1) / 2 * per_review > (reviews - 1) / 2 * price


def test_the_sentence_says_on_which_side_the_need_is():
    own = OwnCost("logistic", 0.504, 0.00001)
    (cheap,) = compare_with_services([_offer()], own, _NEED)
    assert cheap.words == "logistic is cheaper from 567 reviews a day on; at the need's 1,000 it is cheaper."
    (dear,) = compare_with_services([_offer(0.1)], own, _NEED)
    assert dear.words.endswith("at the need's 1,000 it is not.")
    (never,) = compare_with_services([_offer(0.01)], own, _NEED)
    assert never.reviews_per_day is None and "costs no more than logistic" in never.words


def test_without_a_chosen_model_there_is_a_price_but_no_volume():
    (one,) = compare_with_services([_offer()], None, _NEED)
    assert one.reviews_per_day is None
    assert one.offer.price_per_1000_eur == 0.9


def test_on_a_machine_that_is_always_on_one_more_review_costs_nothing():
    own = own_cost(_measurement(), _NEED.model_copy(update={"mode": "always_on"}))
    # 24 hours at 3.6 €, and 5 € of training over 10 days.
    assert own == OwnCost("logistic", pytest.approx(86.9), 0.0)
