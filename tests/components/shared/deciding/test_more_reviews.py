import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.deciding.decision import Difference
from components.shared.deciding.more_reviews import estimate_more_reviews


def test_an_interval_twice_too_wide_takes_four_times_the_reviews():
    assert estimate_more_reviews(Difference(0.01, -0.01, 0.03), 500, floors=[0.0], ceilings=[]) == 1500


def test_the_nearer_way_out_counts():
    difference = Difference(0.01, -0.01, 0.03)
    assert estimate_more_reviews(difference, 500, floors=[0.0, -0.005], ceilings=[0.02]) == 389


def test_a_difference_of_exactly_the_value_is_settled_by_no_number_of_reviews():
    assert estimate_more_reviews(Difference(0.0, -0.01, 0.01), 500, floors=[0.0], ceilings=[0.0]) is None


@given(
    value=st.floats(-0.1, 0.1),
    below=st.floats(0.001, 0.1),
    above=st.floats(0.001, 0.1),
    reviews=st.integers(2, 10_000),
)
def test_an_open_comparison_takes_at_least_one_more_review(value, below, above, reviews):
    difference = Difference(value, value - below, value + above)
    floor, ceiling = difference.low + 0.0005, difference.high - 0.0005
    more = estimate_more_reviews(difference, reviews, [floor], [ceiling])
    assert more is not None and more >= 1


def test_the_square_root_law_holds_for_the_bootstrap_of_an_accuracy():
    generator = np.random.default_rng(0)
    widths = []
    for reviews in (500, 2000):
        right = generator.random(reviews) < 0.6
        values = generator.multinomial(reviews, np.full(reviews, 1 / reviews), size=800) @ right / reviews
        widths.append(np.subtract(*np.quantile(values, [0.975, 0.025])))
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
