from dataclasses import replace

import pytest

from components.shared.deciding.choice import Burdens, choose, cost_tie_eur, find_front
from components.shared.deciding.decision import Candidate, Noise
from components.shared.need import parse_need


def _need(saving=1.0, limit="maximum_cost_per_month_eur: 5", weights="{cost: 1}"):
    return parse_need(
        f"use_case: A test\nreviews_per_day: 1000\nconstraints: {{{limit}}}\nweights: {weights}\n"
        f"worthwhile_saving_eur: {saving}\nprices: {{cpu_hour_eur: 0.05, gpu_hour_eur: 1.93}}\n"
    )


def _candidate(name, quality=0.6, cost=0.01, **figures):
    values = {"average_error": 0.0, "p95_ms": 10.0, "memory_mb": 200.0, "size_mb": 5.0}
    return Candidate(name=name, quality=quality, cost_eur=cost, **(values | figures))


def _choose(*candidates, need=None):
    return choose(candidates, Burdens(candidates, need or _need()))


def test_burdens_are_shares_of_the_limits_or_of_the_largest_value_where_there_is_none():
    pair = _candidate("a", 0.6, 4.0), _candidate("b", 0.5, 1.0)
    limited, free = Burdens(pair, _need()), Burdens(pair, _need(limit=""))
    assert [limited.of(one) for one in pair] == [0.8, 0.2]
    assert [free.of(one) for one in pair] == [1.0, 0.25]


@pytest.mark.parametrize(
    ("saving", "noise", "tie"),
    [(1.0, 0.0, 1.0), (0.0, 0.3, 0.3), (0.1, 0.3, 0.3), (0.0, 0.0, 0.0)],
)
def test_costs_tie_below_what_is_worthwhile_or_below_their_noise(saving, noise, tie):
    noisy = _candidate("noisy", noise=Noise(cost_eur=noise))
    assert cost_tie_eur(_candidate("quiet"), noisy, _need(saving)) == tie


def test_a_saving_that_is_worthwhile_decides():
    chosen, rule = _choose(_candidate("dear", 0.6, 3.0), _candidate("cheap", 0.59, 1.0))
    assert (chosen.name, rule) == ("cheap", "burden")


def test_of_those_that_cost_the_same_the_simplest_is_taken_though_another_is_cheaper_and_better():
    simple = _candidate("simple", 0.59, 0.009, changes=1)
    chosen, rule = _choose(_candidate("cheapest", 0.60, 0.001, changes=2), simple, _candidate("far", cost=4.0))
    assert (chosen.name, rule) == ("simple", "changes")


def test_of_the_simplest_the_best_is_taken():
    chosen, rule = _choose(_candidate("worse", 0.59, 0.001), _candidate("better", 0.60, 0.009))
    assert (chosen.name, rule) == ("better", "quality")


def test_of_equally_good_ones_the_one_with_less_energy_is_taken():
    chosen, rule = _choose(_candidate("hungry", energy_wh=2.0), _candidate("z-frugal", energy_wh=1.0))
    assert (chosen.name, rule) == ("z-frugal", "energy")


def test_energy_within_its_noise_decides_nothing():
    first, second = _candidate("a", energy_wh=1.1, noise=Noise(energy_wh=0.2)), _candidate("b", energy_wh=1.0)
    assert _choose(first, second) == (first, "name")


def test_energy_that_is_not_known_of_all_decides_nothing():
    assert _choose(_candidate("a"), _candidate("b", energy_wh=1.0))[1] == "name"


def test_a_single_candidate_needs_no_rule():
    assert _choose(_candidate("a"))[1] == "enough"


def test_ties_are_counted_from_the_lightest_and_do_not_add_up():
    chain = [_candidate(f"c{number}", 0.6, number * 0.9, changes=3 - number) for number in range(4)]
    # Each costs as much as its neighbour, but only the first two as much as the lightest.
    assert _choose(*chain)[0].name == "c1"


@pytest.mark.parametrize(
    ("weights", "noise"),
    [
        ("{cost: 0, latency: 1}", Noise(p95_ms=3.0)),
        ("{cost: 0, memory: 1}", Noise(memory_mb=30.0)),
    ],
)
def test_what_the_noise_of_a_figure_covers_is_a_tie(weights, noise):
    need = _need(limit="", weights=weights)
    lighter = _candidate("lighter", 0.59, p95_ms=8.0, memory_mb=180.0)
    better = _candidate("better", 0.60, noise=noise)
    assert _choose(lighter, better, need=need)[0].name == "better"
    assert _choose(lighter, replace(better, noise=Noise()), need=need)[0].name == "lighter"


def test_times_that_differ_between_measurings_as_startup_does_choose_the_same():
    idle = [_candidate("a", 0.60, 0.00002, changes=1), _candidate("b", 0.60, 0.00003, changes=2)]
    busy = [replace(idle[0], cost_eur=0.0003), replace(idle[1], cost_eur=0.00004)]
    assert _choose(*idle)[0].name == _choose(*busy)[0].name == "a"


# The front


def _front(*candidates, need=None):
    return find_front(candidates, Burdens(candidates, need or _need()))


def test_the_front_holds_what_nothing_beats():
    trio = _candidate("dear", 0.6, 4.0), _candidate("cheap", 0.5, 1.0), _candidate("beaten", 0.5, 2.5)
    assert _front(*trio) == {"dear", "cheap"}


def test_on_the_front_a_simpler_candidate_stays_beside_a_better_one_that_costs_the_same():
    assert _front(_candidate("better", 0.6, changes=2), _candidate("simpler", 0.5, changes=1)) == {
        "better",
        "simpler",
    }


def test_what_is_neither_simpler_nor_cheaper_than_a_better_one_is_beaten():
    assert _front(_candidate("better", 0.6, 0.02, changes=1), _candidate("worse", 0.5, 0.01, changes=1)) == {"better"}
