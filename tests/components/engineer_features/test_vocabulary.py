from components.engineer_features.vocabulary import build_vocabulary

_REVIEWS = [["soft", "dress"], ["soft", "top"], ["soft", "dress", "odd"], ["top", "odd", "rare"]]


def test_words_come_most_frequent_first_then_by_alphabet() -> None:
    assert build_vocabulary(_REVIEWS, 1, 100) == ["soft", "dress", "odd", "top", "rare"]


def test_rare_words_are_left_out() -> None:
    assert "rare" not in build_vocabulary(_REVIEWS, 2, 100)
    assert build_vocabulary(_REVIEWS, 3, 100) == ["soft"]


def test_only_the_most_frequent_words_are_kept() -> None:
    assert build_vocabulary(_REVIEWS, 1, 2) == ["soft", "dress"]
