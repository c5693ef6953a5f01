import numpy as np
import pytest

from components.shared.deciding.bootstrap import METRICS, bootstrap_metric
from components.shared.deciding.skill import Guessing, Skill, assess_skills, guess, more_reviews_to_show
from components.shared.metrics import score_labels

_SHARES = (0.1, 0.2, 0.7)


def _truth(rows, generator, shares=_SHARES):
    return generator.choice(len(shares), size=rows, p=shares)


def _assess(truth, predictions, metric="macro_f1", shares=_SHARES):
    samples = bootstrap_metric(truth, predictions, len(shares), metric, seed=1)
    return assess_skills(truth, predictions, samples, shares, metric, seed=1)


def _noisy(truth, share_right, generator, shares=_SHARES):
    """Says the truth for a share of the reviews, and guesses the others."""
    return np.where(generator.random(len(truth)) < share_right, truth, _truth(len(truth), generator, shares))


# Guessing


@pytest.mark.parametrize("metric", METRICS)
def test_the_most_frequent_label_scores_as_if_it_were_predicted(metric):
    truth = _truth(500, np.random.default_rng(0))
    assert guess(truth, _SHARES, metric).most_frequent == pytest.approx(score_labels(truth, np.full(500, 2), metric))


@pytest.mark.parametrize("metric", METRICS)
def test_guessing_by_the_label_shares_is_the_mean_of_many_guesses(metric):
    generator = np.random.default_rng(0)
    truth = _truth(2000, generator)
    guesses = [score_labels(truth, _truth(2000, generator), metric) for _ in range(100)]
    assert guess(truth, _SHARES, metric).label_shares == pytest.approx(np.mean(guesses), abs=0.005)


def test_the_better_of_both_is_the_level():
    assert Guessing(0.1, 0.3).best == 0.3
    assert Guessing(0.5, 0.3, lexicon=0.9).best == 0.5


# Skill


@pytest.mark.parametrize("metric", METRICS)
def test_a_real_link_is_shown(metric):
    generator = np.random.default_rng(0)
    truth = _truth(600, generator)
    skill = _assess(truth, {"good": _noisy(truth, 0.6, generator)}, metric)["good"]
    assert skill.shown
    assert skill.gain > skill.low > 0
    assert skill.p_value < 0.01


@pytest.mark.parametrize("metric", METRICS)
def test_what_says_one_label_whatever_it_reads_is_never_shown(metric):
    truth = _truth(600, np.random.default_rng(0))
    skills = _assess(truth, {str(label): np.full(600, label) for label in range(3)}, metric)
    assert not any(skill.shown for skill in skills.values())


def test_a_link_that_is_worth_less_than_the_most_frequent_label_is_not_shown():
    generator = np.random.default_rng(0)
    truth = _truth(2000, generator)
    # Linked beyond doubt, but right less often than the frequent label is.
    skill = _assess(truth, {"linked": _noisy(truth, 0.2, generator)}, "accuracy")["linked"]
    assert skill.p_value < 0.01
    assert skill.gain < 0
    assert not skill.shown


def test_the_best_of_many_guessers_is_not_shown_though_alone_it_might_be():
    generator = np.random.default_rng(3)
    truth = _truth(150, generator, (0.5, 0.5))
    guessers = {f"g{number}": _truth(150, generator, (0.5, 0.5)) for number in range(60)}
    skills = _assess(truth, guessers, "accuracy", (0.5, 0.5))
    luckiest = max(skills, key=lambda name: skills[name].gain)
    assert _assess(truth, {luckiest: guessers[luckiest]}, "accuracy", (0.5, 0.5))[luckiest].p_value < 0.05
    assert not any(skill.shown for skill in skills.values())


def test_copies_of_a_candidate_change_hardly_anything():
    generator = np.random.default_rng(0)
    truth = _truth(400, generator)
    said = _noisy(truth, 0.3, generator)
    alone = _assess(truth, {"one": said})["one"]
    among = _assess(truth, {"one": said, **{f"copy{number}": said for number in range(20)}})["one"]
    assert (among.gain, among.low) == pytest.approx((alone.gain, alone.low))
    assert among.p_value == alone.p_value


def test_a_single_review_shows_nothing():
    assert not _assess(np.array([2]), {"right": np.array([2])})["right"].shown


def test_without_candidates_there_is_no_skill():
    assert assess_skills(np.array([0, 1]), {}, {}, (0.5, 0.5), "accuracy", seed=1) == {}


def test_the_same_seed_gives_the_same_skill():
    generator = np.random.default_rng(0)
    truth = _truth(100, generator)
    said = {"one": _noisy(truth, 0.3, generator)}
    assert _assess(truth, said) == _assess(truth, said)


# More reviews


def test_so_many_more_reviews_show_a_gain_as_its_strength_lacks():
    assert more_reviews_to_show(Skill(0.02, -0.02, 0.2, strength=0.5), 300) == 900


@pytest.mark.parametrize("luck", [Skill(0.02, -0.02, 0.6, 0.5), Skill(-0.01, -0.1, 0.01, -0.2)])
def test_what_is_often_luck_or_no_gain_is_not_shown_by_more_reviews(luck):
    assert more_reviews_to_show(luck, 300) is None


def test_with_as_many_more_reviews_as_told_a_real_gain_is_mostly_shown():
    generator = np.random.default_rng(5)
    told = []
    for _ in range(10):
        truth = _truth(120, generator)
        skill = _assess(truth, {"weak": _noisy(truth, 0.15, generator)})["weak"]
        more = more_reviews_to_show(skill, 120)
        if not skill.shown and more is not None and more < 5000:
            larger = _truth(120 + 2 * more, generator)
            told.append(_assess(larger, {"weak": _noisy(larger, 0.15, generator)})["weak"].shown)
    assert len(told) >= 3
    assert np.mean(told) > 0.5
