import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from components.ingest.sample import generate_sample
from components.shared.errors import UserError
from components.shared.texts.languages import check_language, in_another_language, languages_of

_TEXTS = [
    "",
    "\0",
    "x" * 5000,
    "The dress is SOFT and I love it",
    "ALL CAPITALS, AND ANGRY ABOUT IT",
    "Très belle robe, la matière est douce",
    "Ово је одлично и врло удобно",
    "Ovo je odlično i vrlo udobno",
    "這件衣服很舒服,我很喜歡",
    "Платье очень мягкое " * 200,
    "cafe\u0301",
    "😍😍😍",
]


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _assert_as_the_library(identifier: LanguageIdentifier, texts: list[str]) -> None:
    labels, probabilities = languages_of(texts)
    expected = [identifier.classify(text) for text in texts]
    assert labels == [label for label, _ in expected]
    np.testing.assert_allclose(probabilities, [probability for _, probability in expected], atol=1e-4)


def test_many_texts_get_the_answers_that_the_library_gives_one_by_one(identifier: LanguageIdentifier) -> None:
    sample = generate_sample(1500, 3)["Review Text"].fillna("").tolist()
    generator = random.Random(5)
    words = " ".join(_TEXTS).split()
    mixed = [" ".join(generator.choices(words, k=generator.randrange(1, 12))) for _ in range(500)]
    _assert_as_the_library(identifier, sample + mixed + _TEXTS)


@settings(deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_any_text_gets_the_answer_of_the_library(identifier: LanguageIdentifier, texts: list[str]) -> None:
    labels, probabilities = languages_of(texts)
    assert len(labels) == len(probabilities) == len(texts)
    for text, label, probability in zip(texts, labels, probabilities, strict=True):
        scores = dict(identifier.rank(text))
        # Two languages may be equally probable to the last digits.
        assert abs(scores[label] - max(scores.values())) < 1e-4
        assert abs(scores[label] - probability) < 1e-4


def test_no_texts_have_no_languages() -> None:
    labels, probabilities = languages_of([])
    assert labels == [] and probabilities.shape == (0,)
    assert in_another_language([], "en").shape == (0,)


def test_only_sure_cases_are_in_another_language() -> None:
    texts = [
        "Très belle robe, la matière est douce",
        "ok top",
        "omg luv dis dress",
        "",
        "bien",
        "The dress is soft and pretty",
    ]
    assert in_another_language(texts, "en").tolist() == [True, False, False, False, False, False]
    assert in_another_language(texts, "fr").tolist() == [False, False, False, False, False, True]


def test_only_letters_count_as_evidence() -> None:
    assert not in_another_language(["très douce 1234567890 1234567890 !!!!!!"], "en").any()


def test_an_unknown_language_is_refused() -> None:
    check_language("fr")
    with pytest.raises(UserError, match="unknown language 'english'"):
        check_language("english")
