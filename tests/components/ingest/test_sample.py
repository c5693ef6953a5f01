import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from components.ingest.sample import generate_sample


def test_one_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (generate_sample(300, seed).to_csv(index=False) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_columns_are_the_originals_with_their_spelling() -> None:
    sample = generate_sample(500, 7)
    assert sample.columns.tolist() == [
        *("", "Clothing ID", "Age", "Title", "Review Text", "Rating", "Recommended IND"),
        *("Positive Feedback Count", "Division Name", "Department Name", "Class Name"),
    ]
    assert "Initmates" in set(sample["Division Name"])
    assert len(sample) == 500


def test_blemishes_are_there_in_about_the_originals_shares() -> None:
    sample = generate_sample(3000, 7)
    text = sample["Review Text"]
    assert 0.03 < text.isna().mean() < 0.06
    assert 0.12 < sample["Title"].isna().mean() < 0.18
    assert text.dropna().duplicated().sum() >= 20
    for blemish in ("https?://|www\\.", "<br|&amp;|&quot;", "[\U0001f300-\U0001faff]", "â€|Ã", " und | très | muy "):
        assert text.str.contains(blemish, na=False).sum() >= 5, blemish


def test_ratings_are_skewed_like_the_originals() -> None:
    shares = generate_sample(3000, 7)["Rating"].value_counts(normalize=True)
    assert 0.5 < shares[5] < 0.6
    assert 0.02 < shares[1] < 0.06
    assert set(shares.index) == {1, 2, 3, 4, 5}


def test_most_reviews_are_short() -> None:
    words = generate_sample(1000, 7)["Review Text"].dropna().str.split().str.len()
    assert words.between(12, 50).mean() > 0.9


def test_ratings_follow_from_the_text_but_not_from_its_words_alone() -> None:
    sample = generate_sample(3000, 7).dropna(subset="Review Text").drop_duplicates("Review Text")
    train, test = sample.iloc[:2200], sample.iloc[2200:]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    model = LogisticRegression(C=8, max_iter=1000).fit(
        vectorizer.fit_transform(train["Review Text"]), train["Rating"]
    )
    predicted = model.predict(vectorizer.transform(test["Review Text"]))
    assert 0.35 < f1_score(test["Rating"], predicted, average="macro") < 0.75


def test_another_language_is_rare() -> None:
    text = generate_sample(3000, 7)["Review Text"].dropna()
    foreign = text.str.contains(r"\b(?:und|der|très|est|muy|que|la)\b", case=False)
    assert pd.Series(foreign).mean() < 0.04
