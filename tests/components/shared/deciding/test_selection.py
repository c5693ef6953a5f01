from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.shared.deciding.decision import Candidate, Deployed
from components.shared.deciding.selection import decide
from components.shared.deciding.skill import Guessing, Skill
from components.shared.need import parse_need

_NEED = parse_need(
    """
use_case: A test
reviews_per_day: 1000
quality: {metric: macro_f1, margin: 0.02}
constraints:
  minimum_quality: 0.4
  maximum_average_error: 0.15
  maximum_p95_latency_ms: 500
  maximum_memory_mb: 1024
  maximum_size_mb: 150
  maximum_cost_per_month_eur: 5
worthwhile_saving_eur: 0
prices: {cpu_hour_eur: 0.05, gpu_hour_eur: 1.93}
"""
)
_GUESSING = Guessing(most_frequent=0.14, label_shares=0.18)
_SHOWN = Skill(gain=0.3, low=0.1, p_value=0.001, strength=3.0)
_NOT_SHOWN = Skill(gain=0.02, low=-0.03, p_value=0.2, strength=0.5)
_REVIEWS = 500
_NOTHING_DEPLOYED = Deployed()


def _candidate(name, quality=0.6, cost=1.0, **figures):
    values = {"skill": _SHOWN, "average_error": 0.0, "p95_ms": 10.0, "memory_mb": 200.0, "size_mb": 5.0}
    return Candidate(name=name, quality=quality, cost_eur=cost, content=name, **(values | figures))


def _samples(*candidates, noise=0.0):
    """Bootstrap values around each quality; `noise` is the deviation of the part that is each one's own."""
    return {
        one.name: one.quality + noise * np.random.default_rng(sum(one.name.encode())).standard_normal(500)
        for one in candidates
    }


def _decide(*candidates, need=_NEED, noise=0.0, deployed=_NOTHING_DEPLOYED):
    everyone = [*candidates, deployed.figures] if deployed.figures else candidates
    return decide(candidates, need, _GUESSING, _samples(*everyone, noise=noise), deployed, _REVIEWS)


def _with(**constraints):
    return _NEED.model_copy(update={"constraints": _NEED.constraints.model_copy(update=constraints)})


def _no_limits():
    """Constraints that limit nothing."""
    return {name: {} if isinstance(limit, dict) else None for name, limit in _NEED.constraints.model_dump().items()}


def _numeric_limits():
    return sorted(name for name, limit in _NEED.constraints.model_dump().items() if not isinstance(limit, dict))


def _champion(quality=0.6, cost=1.0, content="old"):
    figures = replace(_candidate("champion", quality, cost), content=content, skill=None)
    return Deployed(status="measured", figures=figures)


# Constraints


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        ({"quality": 0.39}, "minimum of 0.4"),
        ({"average_error": -0.16}, "average sentiment is off by 0.16 label units"),
        ({"p95_ms": 501.0}, "p95 latency is 501 ms"),
        ({"memory_mb": 1025.0}, "peak memory is 1.02e+03 MB"),
        ({"size_mb": 151.0}, "size is 151 MB"),
        ({"cost": 5.1}, "cost is 5.10 € a month"),
    ],
)
def test_a_candidate_that_breaks_a_constraint_is_not_offered_and_the_figure_is_named(figures, named):
    standing = _decide(_candidate("good"), _candidate("bad", **figures)).standings["bad"]
    assert len(standing.objections) == 1
    assert named in standing.objections[0]
    assert not standing.on_front
    assert not standing.good_enough


def test_a_figure_equal_to_its_limit_is_allowed():
    limit = _candidate("limit", 0.4, 5.0, average_error=0.15, p95_ms=500.0, memory_mb=1024.0, size_mb=150.0)
    assert _decide(limit).chosen == "limit"


def test_every_broken_constraint_is_named():
    assert len(_decide(_candidate("bad", 0.2, p95_ms=900.0)).standings["bad"].objections) == 2


def test_a_candidate_no_better_than_guessing_is_not_offered_whatever_the_need_allows():
    need = _with(minimum_quality=None)
    decision = _decide(_candidate("guesser", 0.18), need=need)
    assert decision.verdict == "none"
    assert "no better than guessing (0.180)" in decision.standings["guesser"].objections[0]


def test_a_candidate_that_is_not_shown_to_be_better_than_guessing_is_not_offered():
    decision = _decide(_candidate("lucky", 0.5, skill=_NOT_SHOWN), _candidate("good", 0.45))
    assert decision.chosen == "good"
    assert "not shown to be better than guessing" in decision.standings["lucky"].objections[0]


def test_where_nothing_is_shown_to_be_better_than_guessing_it_says_how_many_more_reviews_would():
    decision = _decide(_candidate("lucky", 0.5, skill=_NOT_SHOWN), _candidate("majority", 0.14, skill=None))
    assert (decision.verdict, decision.chosen, decision.best) == ("inconclusive", None, None)
    # Half of what it takes: four times as many reviews.
    assert decision.more_reviews == 3 * _REVIEWS
    assert "nothing here is shown to be better than guessing" in decision.summary[0]
    assert "about 1,500 more reviews" in decision.summary[1]


def test_what_guessers_often_reach_by_luck_is_no_reason_to_wait_for_more_reviews():
    luck = replace(_NOT_SHOWN, p_value=0.7)
    decision = _decide(_candidate("lucky", 0.5, skill=luck), deployed=_champion())
    assert (decision.verdict, decision.more_reviews) == ("none", None)
    assert "look at the labels first" in decision.summary[1]


def test_a_deployed_model_no_better_than_guessing_is_replaced():
    decision = _decide(_candidate("a", 0.5), deployed=_champion(0.15), need=_with(minimum_quality=None))
    assert decision.verdict == "deploy"
    assert "no better than guessing" in decision.reasons[0]


@pytest.mark.parametrize(
    ("constraints", "figures", "named"),
    [
        ({"minimum_recall": {"1": 0.5}}, {"recalls": {"1": 0.49}}, "49% of the reviews labelled 1"),
        ({"minimum_behaviour": {"told_apart": 0.6}}, {"behaviours": {"told_apart": 0.5}}, "tells plain praise from"),
        (
            {"minimum_behaviour": {"plain_complaint": 0.8}},
            {"behaviours": {"plain_complaint": 0.01}},
            "test plain_complaint, less than the need's 0.8",
        ),
    ],
)
def test_a_candidate_that_cannot_do_what_the_need_asks_is_not_offered(constraints, figures, named):
    decision = _decide(_candidate("good"), _candidate("bad", 0.7, **figures), need=_with(**constraints))
    assert decision.chosen == "good"
    assert named in decision.standings["bad"].objections[0]


def test_what_was_not_measured_is_no_reason_against_a_candidate():
    need = _with(minimum_recall={"1": 0.5}, minimum_behaviour={"told_apart": 0.6})
    assert _decide(_candidate("a"), need=need).verdict == "deploy"


def test_the_reference_itself_is_never_offered():
    assert _decide(_candidate("majority", 0.9, reference=True)).verdict == "none"


def test_without_limits_everything_better_than_guessing_is_offered():
    limits = _no_limits()
    assert _decide(_candidate("slow", 0.2, 99.0, p95_ms=9e9), need=_with(**limits)).chosen == "slow"


# Choice


def test_the_cheapest_within_the_margin_is_chosen():
    decision = _decide(_candidate("best", 0.60, 3.0), _candidate("near", 0.59, 1.0), _candidate("far", 0.5, 0.1))
    assert (decision.chosen, decision.best) == ("near", "best")
    assert decision.standings["near"].good_enough
    assert not decision.standings["far"].good_enough
    assert "near" in decision.reasons[1]
    assert "best" in decision.reasons[1]


def test_a_difference_of_exactly_the_margin_is_not_good_enough():
    need = _NEED.model_copy(update={"quality": _NEED.quality.model_copy(update={"margin": 0.25})})
    decision = _decide(_candidate("best", 0.75, 3.0), _candidate("near", 0.5, 1.0), need=need)
    assert decision.chosen == "best"


def test_a_candidate_whose_quality_is_uncertain_is_not_good_enough():
    pair = _candidate("best", 0.60, 3.0), _candidate("near", 0.595, 1.0)
    assert _decide(*pair, noise=0.001).chosen == "near"
    assert _decide(*pair, noise=0.05).chosen == "best"


def test_with_a_margin_of_zero_the_best_is_still_chosen():
    need = _NEED.model_copy(update={"quality": _NEED.quality.model_copy(update={"margin": 0.0})})
    assert _decide(_candidate("a", 0.6, 3.0), _candidate("b", 0.59, 1.0), need=need).chosen == "a"


def test_equal_burdens_are_settled_by_quality_and_then_by_name():
    assert _decide(_candidate("a", 0.600), _candidate("b", 0.601)).chosen == "b"
    assert _decide(_candidate("b"), _candidate("a")).chosen == "a"


def test_of_equally_good_ones_the_lightest_is_the_best():
    assert _decide(_candidate("a", 0.6, 3.0), _candidate("b", 0.6, 1.0)).best == "b"


def test_what_another_beats_in_both_is_not_chosen_even_if_only_it_is_shown_to_be_good_enough():
    trio = _candidate("best", 0.60, 3.0), _candidate("beaten", 0.59, 2.0), _candidate("beats", 0.595, 1.0)
    samples = _samples(*trio)
    samples["beats"] = samples["beats"] + np.linspace(-0.1, 0.1, 500)
    decision = decide(trio, _NEED, _GUESSING, samples, _NOTHING_DEPLOYED, _REVIEWS)
    assert decision.standings["beaten"].good_enough
    assert decision.chosen == "best"


def test_weights_decide_what_cheapest_means():
    need = _NEED.model_copy(update={"weights": _NEED.weights.model_copy(update={"cost": 0.0, "size": 1.0})})
    small, cheap = _candidate("small", 0.6, 3.0, size_mb=1.0), _candidate("cheap", 0.6, 1.0, size_mb=100.0)
    assert _decide(small, cheap).chosen == "cheap"
    assert _decide(small, cheap, need=need).chosen == "small"


# Gate


def test_no_candidates_give_the_verdict_none():
    decision = _decide()
    assert (decision.verdict, decision.chosen) == ("none", None)
    assert decision.reasons


def test_nothing_offered_gives_the_verdict_none_and_says_why():
    decision = _decide(_candidate("weak", 0.3), deployed=_champion())
    assert (decision.verdict, decision.chosen, decision.best) == ("none", None, None)
    assert "below the need's minimum" in " ".join(decision.reasons)


def test_the_first_model_is_deployed():
    assert _decide(_candidate("a")).verdict == "deploy"


def test_a_champion_with_other_labels_is_replaced():
    decision = _decide(_candidate("a"), deployed=Deployed("other labels", "it predicts good, bad"))
    assert decision.verdict == "deploy"
    assert "it predicts good, bad" in decision.reasons[0]


def test_a_champion_that_could_not_be_measured_leaves_the_verdict_inconclusive():
    decision = _decide(_candidate("a"), deployed=Deployed("unmeasured", "bundle.json is damaged"))
    assert decision.verdict == "inconclusive"
    assert "bundle.json is damaged" in decision.reasons[0]


def test_the_champion_itself_is_kept():
    decision = _decide(_candidate("a"), deployed=_champion(0.1, 9.0, content="a"))
    assert decision.verdict == "keep"
    assert "already" in decision.reasons[0]


@pytest.mark.parametrize("status", ["none", "missing", "other labels"])
def test_without_a_comparable_champion_an_open_rival_at_half_the_cost_makes_it_inconclusive(status):
    pool = _candidate("best", 0.6, 2.0), _candidate("rival", 0.58, 1.0), _candidate("dearer-rival", 0.59, 1.1)
    decision = _decide(*pool, noise=0.02, deployed=Deployed(status, "a note"))
    assert (decision.verdict, decision.chosen) == ("inconclusive", "best")
    assert decision.more_reviews is not None and decision.more_reviews > 0
    assert "rival" in decision.reasons[0] and "dearer-rival" not in decision.reasons[0]
    assert "more reviews to choose on would settle it" in decision.summary[0]


def test_a_first_deployment_does_not_wait_for_a_small_saving():
    assert _decide(_candidate("best", 0.6, 2.0), _candidate("rival", 0.58, 1.1), noise=0.02).verdict == "deploy"


def test_a_first_deployment_does_not_wait_for_less_than_a_worthwhile_saving():
    pool = _candidate("best", 0.6, 0.02), _candidate("rival", 0.58, 0.01)
    verdicts = [
        _decide(*pool, need=_NEED.model_copy(update={"worthwhile_saving_eur": saving}), noise=0.02).verdict
        for saving in (0.0, 0.009, 0.011)
    ]
    assert verdicts == ["inconclusive", "inconclusive", "deploy"]


def test_a_saving_is_worthwhile_in_euros_only_where_euros_alone_are_the_burden():
    need = _weighted({"cost": 0.0, "latency": 1.0}).model_copy(update={"worthwhile_saving_eur": 9.0})
    pool = _candidate("best", 0.6, 1.0, p95_ms=100.0), _candidate("rival", 0.58, 1.0, p95_ms=10.0)
    assert _decide(*pool, need=need, noise=0.02).verdict == "inconclusive"


def test_a_first_deployment_does_not_wait_for_a_cheap_candidate_that_is_shown_to_be_worse():
    assert _decide(_candidate("best", 0.6, 2.0), _candidate("worse", 0.5, 0.1), noise=0.01).verdict == "deploy"


def test_a_champion_that_the_store_has_lost_is_replaced_and_the_reason_says_so():
    decision = _decide(_candidate("a"), deployed=Deployed("missing", "champion points to v0007, which is gone"))
    assert decision.verdict == "deploy"
    assert "v0007" in decision.reasons[0]


def test_a_paid_service_in_service_is_for_people_to_replace():
    decision = _decide(_candidate("a"), deployed=Deployed("service", "measuring it would cost money"))
    assert decision.verdict == "inconclusive"
    assert decision.more_reviews is None
    assert "override" in decision.reasons[0]


def test_a_champion_that_breaks_a_limit_of_the_need_is_replaced_though_it_is_better_and_cheaper():
    champion = replace(_candidate("champion", 0.7, 0.5, p95_ms=900.0), content="old")
    decision = _decide(_candidate("a"), deployed=Deployed("measured", figures=champion))
    assert decision.verdict == "deploy"
    assert "p95 latency is 900 ms" in decision.reasons[0]


def test_a_champion_within_the_margin_that_costs_no_more_is_kept_though_the_other_is_better():
    decision = _decide(_candidate("a", 0.61, 2.0), deployed=_champion(0.6, 1.0))
    assert decision.verdict == "keep"
    assert "costs no more" in decision.reasons[0]


def test_a_choice_whose_interval_reaches_below_the_minimum_is_deployed_with_a_warning():
    decision = _decide(_candidate("a", 0.41), noise=0.05)
    assert decision.verdict == "deploy"
    assert "below the need's minimum of 0.4" in decision.reasons[-1]


def test_a_better_candidate_is_deployed():
    decision = _decide(_candidate("a", 0.62, 2.0), deployed=_champion(0.6, 1.0))
    assert decision.verdict == "deploy"
    assert decision.gain is not None
    assert decision.gain.low > 0


def test_an_equal_but_cheaper_candidate_is_deployed():
    decision = _decide(_candidate("a", 0.59, 0.9), deployed=_champion(0.6, 1.0))
    assert decision.verdict == "deploy"
    assert "cheaper" in decision.reasons[0]


def test_an_equal_candidate_that_saves_too_little_is_not_deployed():
    assert _decide(_candidate("a", 0.59, 0.91), deployed=_champion(0.6, 1.0)).verdict == "keep"


def test_a_worse_but_cheaper_candidate_is_not_deployed():
    assert _decide(_candidate("a", 0.57, 0.1), deployed=_champion(0.6, 1.0)).verdict == "keep"


def test_an_uncertain_difference_is_inconclusive():
    decision = _decide(_candidate("a", 0.61, 0.1), deployed=_champion(0.6, 1.0), noise=0.05)
    assert decision.verdict == "inconclusive"
    assert decision.chosen == "a"
    assert decision.more_reviews is not None
    assert "more reviews to choose on would settle it" in decision.reasons[0]


@pytest.mark.parametrize(
    ("deployed", "candidates"),
    [
        (_NOTHING_DEPLOYED, [_candidate("a")]),
        (_NOTHING_DEPLOYED, []),
        (_NOTHING_DEPLOYED, [_candidate("weak", 0.1)]),
        (Deployed("unmeasured", "damaged"), [_candidate("a")]),
        (_champion(0.1), [_candidate("a")]),
        (_champion(0.5), [_candidate("a")]),
        (_champion(0.6), [_candidate("a")]),
    ],
)
def test_every_verdict_has_a_summary_of_two_sentences_without_words_of_the_trade(deployed, candidates):
    decision = _decide(*candidates, deployed=deployed)
    for sentence in decision.summary:
        assert sentence and sentence[0].isupper() and sentence.endswith(".")
    if decision.chosen:
        assert not {"macro", "margin", "bootstrap", "p95"} & set(" ".join(decision.summary).replace("-", " ").split())


# Properties

_figures = st.builds(
    _candidate,
    name=st.just(""),
    quality=st.integers(30, 80).map(lambda value: value / 100),
    cost=st.integers(1, 60).map(lambda value: value / 10),
    p95_ms=st.integers(1, 600).map(float),
    memory_mb=st.integers(100, 1200).map(float),
    size_mb=st.integers(1, 160).map(float),
    average_error=st.integers(-20, 20).map(lambda value: value / 100),
)
_pools = st.lists(_figures, min_size=1, max_size=6).map(
    lambda pool: [replace(one, name=f"c{number}", content=f"c{number}") for number, one in enumerate(pool)]
)
_weight = st.sampled_from([0.0, 0.5, 1.0])
_weights = st.fixed_dictionaries({"cost": _weight, "latency": _weight, "memory": _weight, "size": _weight})
_noises = st.sampled_from([0.0, 0.005, 0.05])


def _weighted(weights, **constraints):
    need = _with(**constraints)
    return need.model_copy(update={"weights": need.weights.model_copy(update=weights)})


@settings(max_examples=200, deadline=None)
@given(pool=_pools, weights=_weights, noise=_noises, limited=st.booleans(), data=st.data())
def test_adding_a_dominated_candidate_changes_nothing(pool, weights, noise, limited, data):
    limits = {} if limited else _no_limits()
    need = _weighted(weights, **limits)
    above = data.draw(st.sampled_from(pool))
    dominated = replace(
        above,
        name=data.draw(st.sampled_from(["a", "z"])),
        quality=above.quality - 0.01,
        average_error=above.average_error,
        cost_eur=above.cost_eur + data.draw(st.sampled_from([0.0, 3.0])),
        size_mb=above.size_mb + data.draw(st.sampled_from([0.0, 70.0])),
    )
    deployed = data.draw(st.sampled_from([Deployed(), _champion(0.55, 2.0)]))
    before = _decide(*pool, need=need, noise=noise, deployed=deployed)
    after = _decide(*pool, dominated, need=need, noise=noise, deployed=deployed)
    if before.verdict == "none":
        assert (after.verdict, after.chosen) == ("none", None)
        return
    known = {name: after.standings[name] for name in before.standings}
    assert (after.chosen, after.best, known) == (before.chosen, before.best, before.standings)
    # Against a deployed model it may: the more candidates were tried, the more the best of them is flattered.
    if deployed.figures is None:
        assert after.verdict == before.verdict


@settings(max_examples=200, deadline=None)
@given(pool=_pools, field=st.sampled_from(_numeric_limits()), data=st.data())
def test_a_stricter_constraint_never_admits_a_new_candidate(pool, field, data):
    loose = getattr(_NEED.constraints, field)
    factor = data.draw(st.sampled_from([0.9, 0.5, 0.1]))
    strict = min(1.0, loose / factor) if field == "minimum_quality" else loose * factor

    def offered(need):
        return {name for name, standing in _decide(*pool, need=need).standings.items() if not standing.objections}

    assert offered(_with(**{field: strict})) <= offered(_NEED) <= offered(_with(**{field: None}))


@settings(max_examples=200, deadline=None)
@given(pool=_pools, weights=_weights, noise=_noises, data=st.data())
def test_the_order_of_candidates_does_not_matter(pool, weights, noise, data):
    need = _weighted(weights)
    shuffled = data.draw(st.permutations(pool))
    deployed = data.draw(st.sampled_from([Deployed(), Deployed("unmeasured", "x"), _champion(0.55, 2.0)]))
    assert _decide(*shuffled, need=need, noise=noise, deployed=deployed) == _decide(
        *pool, need=need, noise=noise, deployed=deployed
    )


@settings(max_examples=200, deadline=None)
@given(pool=_pools, weights=_weights, noise=_noises)
def test_a_truly_equal_but_dearer_copy_changes_nothing(pool, weights, noise):
    need = _weighted(weights, **_no_limits())
    before = _decide(*pool, need=need, noise=noise)
    samples = _samples(*pool, noise=noise)
    chosen = next(one for one in pool if one.name == before.chosen)
    copy = replace(chosen, name="copy", cost_eur=chosen.cost_eur * 2)
    samples["copy"] = samples[chosen.name]
    after = decide([copy, *pool], need, _GUESSING, samples, _NOTHING_DEPLOYED, _REVIEWS)
    if need.weights.cost:
        assert after.chosen == before.chosen
    if before.verdict == "deploy":
        assert after.verdict == before.verdict


@settings(max_examples=200, deadline=None)
@given(pool=_pools, noise=_noises, data=st.data())
def test_a_candidate_worse_by_more_than_the_margin_and_its_noise_is_never_chosen(pool, noise, data):
    best = _decide(*pool, noise=noise).best
    if best is None:
        return
    top = next(one for one in pool if one.name == best)
    worse = replace(top, name="worse", quality=top.quality - 0.021 - 4 * noise, cost_eur=top.cost_eur / 10)
    decision = _decide(*pool, worse, noise=noise)
    assert decision.chosen != "worse"


@settings(max_examples=200, deadline=None)
@given(pool=_pools, field=st.sampled_from(_numeric_limits()), noise=_noises)
def test_under_a_stricter_constraint_only_what_was_offered_before_is_chosen(pool, field, noise):
    loose = getattr(_NEED.constraints, field)
    strict = _with(**{field: min(1.0, loose * 1.3) if field == "minimum_quality" else loose * 0.5})
    before, after = _decide(*pool, noise=noise), _decide(*pool, need=strict, noise=noise)
    assert after.chosen is None or not before.standings[after.chosen].objections
    assert not (before.verdict == "none" and after.verdict != "none")


@settings(max_examples=200, deadline=None)
@given(pool=_pools, weights=_weights, noise=_noises)
def test_the_choice_is_offered_on_the_front_and_good_enough(pool, weights, noise):
    decision = _decide(*pool, need=_weighted(weights), noise=noise)
    if decision.chosen is None:
        assert all(standing.objections for standing in decision.standings.values())
    else:
        standing = decision.standings[decision.chosen]
        assert not standing.objections
        assert standing.on_front
        assert standing.good_enough
