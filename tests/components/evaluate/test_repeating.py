import pytest

from components.evaluate.repeating import IN_VAIN, TRIES, Repeater


@pytest.fixture
def repeater():
    return Repeater()


def _measure(repeater, loads):
    """Measures a candidate on a machine with these loads, one a try; returns the load kept and the tries made."""
    asked = []

    def measure(number):
        asked.append(number)
        return loads[number]

    best, tries = repeater.quietest(measure, load=lambda result: result)
    assert asked == list(range(tries))
    return best, tries


def test_what_was_quiet_is_measured_once(repeater):
    assert _measure(repeater, [0.1]) == (0.1, 1)


def test_what_was_busy_is_measured_again_until_it_is_quiet(repeater):
    assert _measure(repeater, [0.9, 0.2]) == (0.2, 2)


def test_of_tries_that_were_all_busy_the_quietest_is_kept(repeater):
    assert TRIES == 3
    assert _measure(repeater, [0.9, 0.5, 0.7]) == (0.5, 3)


def test_on_a_machine_that_is_always_busy_repeating_ends_after_a_few_candidates(repeater):
    tries = [_measure(repeater, [0.9, 0.8, 0.7])[1] for _ in range(40)]
    assert sum(tries) == 40 + IN_VAIN * (TRIES - 1)
    assert repeater.gave_up
    # It stays so, even if a candidate happens to find it quiet.
    assert _measure(repeater, [0.1]) == (0.1, 1)
    assert _measure(repeater, [0.9]) == (0.9, 1)


def test_a_try_that_was_quiet_shows_that_repeating_helps(repeater):
    for _ in range(10):
        assert _measure(repeater, [0.9, 0.8, 0.7])[1] == 3
        assert _measure(repeater, [0.9, 0.1])[1] == 2
    assert not repeater.gave_up


def test_where_nothing_is_to_be_repeated_it_is_not_and_nothing_was_given_up():
    repeater = Repeater(tries=1)
    assert not repeater.repeats
    for _ in range(5):
        assert _measure(repeater, [0.9]) == (0.9, 1)
    assert not repeater.gave_up


def test_more_tries_may_be_asked_for():
    repeater = Repeater(tries=5)
    assert repeater.repeats
    assert _measure(repeater, [0.9, 0.8, 0.7, 0.6, 0.1]) == (0.1, 5)
