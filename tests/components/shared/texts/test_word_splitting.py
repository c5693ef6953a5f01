"""Words are those that Keras' own Tokenizer and TextVectorization find."""

from hypothesis import given
from hypothesis import strategies as st

from components.shared.texts.text import TextPreprocessing
from components.shared.texts.word_splitting import VECTORIZATION_FILTERS, WordSplitting
from components.shared.training.keras import keras, tf

_TEXTS = st.text(st.sampled_from("aBcÉé'!-_ .\t\n<2"), max_size=25)
#: Text comes from the natural view, in which white space is folded.
_NATURAL = _TEXTS.map(lambda text: " ".join(text.split()))


@given(
    text=_TEXTS,
    lower=st.booleans(),
    filters=st.sampled_from(["", "!-", '!"#$%&()*+,-./']),
    split=st.sampled_from(" _"),
)
def test_a_tokenizer_splits_so(text: str, lower: bool, filters: str, split: str) -> None:
    ours = WordSplitting(lower="all" if lower else "none", removed=filters, replacement=split, separator=split)
    assert ours.words(text) == keras.preprocessing.text.text_to_word_sequence(text, filters, lower, split)


@given(text=_TEXTS)
def test_the_default_is_that_of_the_tokenizer(text: str) -> None:
    assert WordSplitting().words(text) == keras.preprocessing.text.text_to_word_sequence(text)


@given(text=_NATURAL)
def test_a_text_vectorization_splits_so(text: str) -> None:
    layer = keras.layers.TextVectorization(split=None)
    standardised = layer._preprocess(tf.constant([text])).numpy()[0].decode()
    assert WordSplitting.of_vectorization().words(text) == standardised.split()


def test_an_apostrophe_is_kept_by_one_and_not_by_the_other() -> None:
    assert WordSplitting().words("Don't!") == ["don't"]
    assert WordSplitting.of_vectorization().words("Don't!") == ["dont"]
    assert "'" in VECTORIZATION_FILTERS


def test_a_splitting_takes_the_place_of_the_words_of_the_token_view() -> None:
    assert TextPreprocessing(splitting=WordSplitting()).tokens("isn't so-so") == ["isn't", "so", "so"]
    assert TextPreprocessing().tokens("isn't so-so") == ["is", "n't", "so", "so"]
