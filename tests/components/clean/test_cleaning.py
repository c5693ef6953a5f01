from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.clean.cleaning import CONTRADICTING, COPY, FOREIGN, NO_TEXT, SHORT, CleanSummary, clean_reviews
from components.ingest.ingestion import ingest_reviews
from components.shared.errors import UserError
from components.shared.reviews import read_reviews


def _clean(reviews: Path, tmp_path: Path, language: str = "en") -> tuple[CleanSummary, pd.DataFrame, str]:
    cleaned, checks = tmp_path / "clean.parquet", tmp_path / "checks.html"
    summary = clean_reviews(reviews, ["1", "2"], language, cleaned, checks)
    return summary, read_reviews(cleaned, "clean"), checks.read_text(encoding="utf-8")


def test_each_review_that_goes_counts_under_its_reason(write_ingested: Any, tmp_path: Path) -> None:
    extra = [
        ("a title alone", "", "1"),
        ("", "<br> https://shop.example", "1"),
        ("", "Très belle robe, la matière est douce et la coupe est parfaite", "2"),
        ("", "ok", "1"),
        ("Same", "words twice over", "1"),
        ("same", "Words <b>twice</b> over", "1"),
        ("", "nobody knows which label", "1"),
        ("", "nobody knows which label", "2"),
    ]
    summary, table, _ = _clean(write_ingested(extra), tmp_path)
    assert summary.removed == {NO_TEXT: 2, FOREIGN: 1, SHORT: 1, CONTRADICTING: 2, COPY: 1}
    assert summary.rows_before == 248
    assert summary.rows_after == len(table) == 241
    assert "r244" in set(table["review_id"])


def test_both_views_are_made_of_title_and_text(write_ingested: Any, tmp_path: Path) -> None:
    _, table, _ = _clean(write_ingested([("Nice", "It is <i>not</i> the softest &amp; I knew 😍", "2")]), tmp_path)
    row = table.iloc[-1]
    assert row["natural"] == "Nice. It is not the softest & I knew smiling face with heart-eyes".replace("-", " ")
    assert row["tokens"].split()[:3] == ["nice", "not", "softest"]
    assert "the" not in row["tokens"].split()


def test_changes_are_counted_by_kind(write_ingested: Any, tmp_path: Path) -> None:
    extra = [
        ("", "first review with a link https://shop.example", "1"),
        ("", "second <p>review</p> with mark-up", "2"),
        ("", "third review is great 👍", "1"),
        ("", "fourth cafÃ© review", "2"),
    ]
    summary, _, _ = _clean(write_ingested(extra), tmp_path)
    assert summary.changed == {"links": 1, "HTML": 1, "emoji": 1, "broken characters": 1}
    assert summary.stop_words_removed > 0 < summary.tokens_kept


def test_hostile_reviews_are_escaped_on_the_page(write_ingested: Any, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> is what this review says"
    _, _, page = _clean(write_ingested([("", hostile, "1")]), tmp_path)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_loads_nothing_from_outside(write_ingested: Any, tmp_path: Path) -> None:
    _, _, page = _clean(write_ingested(), tmp_path)
    assert "src=" not in page and "href=" not in page and "@import" not in page


def test_casual_and_short_english_is_kept(write_ingested: Any, tmp_path: Path) -> None:
    casual = ["omg i luv dis dress sooo much", "no time 4 bad quality, get well soon", "cute top!!", "Love love love"]
    summary, _, _ = _clean(write_ingested([("", text, "1") for text in casual]), tmp_path)
    assert summary.rows_after == summary.rows_before


def test_another_language_can_be_the_wanted_one(write_ingested: Any, tmp_path: Path) -> None:
    french = [
        ("", f"La robe est très belle et la matière est douce, achat numéro {number}", str(number % 2 + 1))
        for number in range(220)
    ]
    summary, table, _ = _clean(write_ingested(french), tmp_path, language="fr")
    assert summary.removed[FOREIGN] == 240
    assert summary.unmet_expectations == ["at least half of the reviews are left"]
    assert "la" in table["tokens"].iloc[0].split()


def test_an_unknown_language_is_refused(write_ingested: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown language 'english'"):
        _clean(write_ingested(), tmp_path, language="english")


def test_a_label_that_cleaning_empties_is_refused(write_ingested: Any, tmp_path: Path) -> None:
    reviews = write_ingested([("", "something else entirely", "1")], rows=240)
    with pytest.raises(UserError, match=r"every label still has reviews \(none with 3\)"):
        clean_reviews(reviews, ["1", "2", "3"], "en", tmp_path / "clean.parquet", tmp_path / "checks.html")
    assert not (tmp_path / "clean.parquet").exists()
    assert not (tmp_path / "checks.html").exists()


def test_the_sample_loses_what_was_put_into_it(tmp_path: Path) -> None:
    labels = ["1", "2", "3", "4", "5"]
    names = ("Review Text", "Title", "Rating")
    ingest_reviews("", "", *names, labels, 0, 7, tmp_path / "sample.parquet")
    summary = clean_reviews(
        tmp_path / "sample.parquet", labels, "en", tmp_path / "clean.parquet", tmp_path / "checks.html"
    )
    assert summary.rows_after > 0.9 * summary.rows_before
    assert all(summary.removed[reason] > 0 for reason in (NO_TEXT, FOREIGN, COPY, CONTRADICTING))
    assert set(summary.changed) == {"links", "HTML", "emoji", "broken characters"}
    assert summary.unmet_expectations == []


@pytest.mark.realdata
def test_almost_no_english_clothing_review_is_taken_for_another_language(tmp_path: Path) -> None:
    labels = ["1", "2", "3", "4", "5"]
    source = "../shared/data/womens_clothing_reviews.csv"
    ingest_reviews(source, "", "Review Text", "Title", "Rating", labels, 0, 7, tmp_path / "reviews.parquet")
    summary = clean_reviews(
        tmp_path / "reviews.parquet", labels, "en", tmp_path / "clean.parquet", tmp_path / "checks.html"
    )
    assert summary.removed[FOREIGN] < 0.001 * summary.rows_before
    assert summary.removed[NO_TEXT] == 845
