from dataclasses import replace

import numpy as np
import pytest

from components.shared.deciding.decision import Candidate
from components.shared.deciding.expectation import expect


def _candidate(name, quality):
    return Candidate(name, quality, 0.0, 10.0, 200.0, 5.0, cost_eur=1.0)


def _best(candidates):
    return max(candidates, key=lambda one: one.quality)


def _samples(candidates, deviation=0.02, shared=0.0):
    generator = np.random.default_rng(1)
    common = shared * generator.standard_normal(2000)
    return {one.name: one.quality + common + deviation * generator.standard_normal(2000) for one in candidates}


def test_one_candidate_alone_is_not_flattered():
    only = _candidate("a", 0.5)
    expected = expect(only, [only], _samples([only]), _best)
    assert (expected.value, expected.flattered_by) == (0.5, 0.0)


def test_the_best_of_equals_is_flattered_by_what_the_luckiest_of_them_gains():
    pool = [_candidate(f"c{number}", 0.5) for number in range(20)]
    expected = expect(pool[0], pool, _samples(pool), _best)
    # The mean of the largest of 20 standard normal values is 1.87.
    assert expected.flattered_by == pytest.approx(1.87 * 0.02, rel=0.1)
    assert expected.value == pytest.approx(0.5 - expected.flattered_by)


def test_what_all_candidates_share_flatters_none():
    pool = [_candidate(f"c{number}", 0.5) for number in range(20)]
    expected = expect(pool[0], pool, _samples(pool, deviation=0.0, shared=0.02), _best)
    assert expected.flattered_by == pytest.approx(0.0, abs=0.005)


def test_a_candidate_that_is_far_the_best_is_not_flattered():
    pool = [_candidate("best", 0.9), *(_candidate(f"c{number}", 0.5) for number in range(20))]
    assert expect(pool[0], pool, _samples(pool), _best).flattered_by == pytest.approx(0.0, abs=0.005)


def test_a_pick_that_does_not_look_at_quality_is_not_flattered():
    pool = [_candidate(f"c{number}", 0.5) for number in range(20)]
    assert expect(pool[3], pool, _samples(pool), lambda some: some[3]).flattered_by == pytest.approx(0.0, abs=0.005)


def test_the_interval_holds_the_chance_of_both_sets_of_reviews():
    only = _candidate("a", 0.5)
    expected = expect(only, [only], _samples([only]), _best)
    assert expected.high - expected.low == pytest.approx(2 * 1.96 * np.sqrt(2) * 0.02, rel=0.1)


@pytest.mark.parametrize("candidates", [1, 5, 40])
def test_the_interval_holds_the_figure_on_other_reviews_in_nine_of_ten_cases(candidates):
    generator = np.random.default_rng(candidates)
    held = []
    for _ in range(200):
        truth = 0.5 + 0.01 * generator.standard_normal(candidates)
        here = truth + 0.02 * generator.standard_normal(candidates)
        there = truth + 0.02 * generator.standard_normal(candidates)
        pool = [_candidate(f"c{number}", float(quality)) for number, quality in enumerate(here)]
        samples = {one.name: one.quality + 0.02 * generator.standard_normal(400) for one in pool}
        chosen = _best(pool)
        expected = expect(chosen, pool, samples, _best)
        held.append(expected.low <= there[pool.index(chosen)] <= expected.high)
    assert np.mean(held) >= 0.9


def test_it_does_not_exceed_what_is_possible():
    perfect = replace(_candidate("a", 1.0))
    assert expect(perfect, [perfect], _samples([perfect]), _best).high == 1.0
