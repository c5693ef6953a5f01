from components.engineer_features.vocabulary import build_vocabulary

_COUNTS = {"rare": 1, "odd": 2, "top": 2, "dress": 2, "soft": 3}


def test_words_come_most_frequent_first_then_by_alphabet() -> None:
    assert build_vocabulary(_COUNTS, 1, 100) == ["soft", "dress", "odd", "top", "rare"]


def test_rare_words_are_left_out() -> None:
    assert "rare" not in build_vocabulary(_COUNTS, 2, 100)
    assert build_vocabulary(_COUNTS, 3, 100) == ["soft"]


def test_only_the_most_frequent_words_are_kept() -> None:
    assert build_vocabulary(_COUNTS, 1, 2) == ["soft", "dress"]
