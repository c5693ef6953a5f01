import numpy as np

from components.explore.words import log_odds, words_of_labels, words_without_stop_words


def test_frequent_words_are_shares_of_the_labels_reviews():
    words = [["soft", "dress"]] * 8 + [["soft", "soft"]] * 2 + [["itchy", "dress"]] * 10
    good, bad = words_of_labels(words, np.repeat([0, 1], 10), ["good", "bad"], 5)
    assert [(word.word, word.here, word.elsewhere) for word in good.frequent] == [("soft", 1, 0), ("dress", 0.8, 1)]
    assert [(word.word, word.here) for word in bad.frequent] == [("dress", 1.0), ("itchy", 1.0)]


def test_telling_words_stand_out_and_common_ones_do_not():
    words = [["soft", "dress"]] * 40 + [["itchy", "dress"]] * 40
    good, bad = words_of_labels(words, np.repeat([0, 1], 40), ["good", "bad"], 5)
    assert [word.word for word in good.telling] == ["soft"]
    assert [word.word for word in bad.telling] == ["itchy"]


def test_tables_without_common_words_have_none():
    for words in ([["a"], ["b"], ["c"], ["d"], ["e"]], []):
        found = words_of_labels(words, np.zeros(len(words), dtype=int), ["1", "2"], 5)
        assert [one.frequent for one in found] == [[], []]


def test_log_odds_is_antisymmetric_and_trusts_many_more_than_few():
    here, elsewhere = np.array([50, 2, 48]), np.array([10, 1, 89])
    scores = log_odds(here, elsewhere)
    np.testing.assert_allclose(log_odds(elsewhere, here), -scores)
    assert scores[0] > scores[1] > scores[2]


def test_a_single_word_tells_nothing():
    assert log_odds(np.array([3]), np.array([1])).tolist() == [0]


def test_stop_words_are_those_of_the_language():
    assert words_without_stop_words(["The dress is not soft!"], "en") == [["dress", "not", "soft"]]
    assert words_without_stop_words(["The dress!"], "fr") == [["the", "dress"]]
