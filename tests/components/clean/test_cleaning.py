from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.clean.cleaning import Change, CleanSummary, clean_reviews
from components.clean.expectations import Thresholds
from components.clean.partition import CONTRADICTING, COPY, FOREIGN, NO_TEXT, SHORT
from components.ingest.sample import generate_sample
from components.shared import reviews as reviews_table
from components.shared.errors import UserError
from components.shared.records.task import Task
from components.shared.reviews import TableDescription, attribute, read_description, read_reviews, write_reviews
from components.shared.texts.text import CLEAN_STEPS

_DEFAULT_STEPS = tuple(step for step in CLEAN_STEPS if step != "lemmas")


def _clean(
    reviews: Path,
    tmp_path: Path,
    language: str = "en",
    steps: Collection[str] = _DEFAULT_STEPS,
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - frozen
) -> tuple[CleanSummary, pd.DataFrame, str]:
    cleaned, checks = tmp_path / "clean.parquet", tmp_path / "checks.html"
    summary = clean_reviews(reviews, language, steps, thresholds, cleaned, checks, tmp_path / "docs")
    return summary, read_reviews(cleaned, "clean"), checks.read_text(encoding="utf-8")


def _rows(changes: dict[str, Change]) -> dict[str, int]:
    return {name: change.rows for name, change in changes.items() if change.rows}


_PLANTED = [
    ("a title alone", "", "1"),
    ("", "<br> https://shop.example", "1"),
    ("", "Très belle robe, la matière est douce et la coupe est parfaite", "2"),
    ("", "ok", "1"),
    ("Same", "words twice over", "1"),
    ("same", "Words <b>twice</b> over", "1"),
    ("", "nobody knows which label", "1"),
    ("", "nobody knows which label", "2"),
    ("", "nobody knows which label", "2"),
]


def test_each_review_that_goes_counts_under_its_reason(write_ingested: Any, tmp_path: Path) -> None:
    summary, table, _ = _clean(write_ingested(_PLANTED), tmp_path)
    assert summary.removed == {
        NO_TEXT: Change(rows=2, tokens=3),
        FOREIGN: Change(rows=1, tokens=12),
        SHORT: Change(rows=1, tokens=1),
        CONTRADICTING: Change(rows=3, tokens=12),
        COPY: Change(rows=1, tokens=4),
    }
    assert summary.rows_before == 249
    assert summary.rows_after == len(table) == 241
    assert "r244" in set(table["review_id"])


def test_rows_keep_their_order(write_ingested: Any, tmp_path: Path) -> None:
    _, table, _ = _clean(write_ingested(_PLANTED), tmp_path)
    numbers = table["review_id"].str.removeprefix("r").astype(int)
    assert numbers.is_monotonic_increasing


def test_both_views_are_made_of_title_and_text(write_ingested: Any, tmp_path: Path) -> None:
    _, table, _ = _clean(write_ingested([("Nice", "It is <i>not</i> the softest &amp; I knew 😍", "2")]), tmp_path)
    row = table.iloc[-1]
    assert row["natural"] == "Nice. It is not the softest & I knew smiling face with heart eyes"
    assert row["tokens"].split()[:3] == ["nice", "not", "softest"]
    assert "the" not in row["tokens"].split()


_MARKED = [
    ("", "first review with a link https://shop.example and www.shop.example/b", "1"),
    ("", "second <p>review</p> with mark-up &amp; more", "2"),
    ("", "third review is great 👍", "1"),
    ("", "fourth trÃ¨s review, trÃ¨s again", "2"),
    ("", "fifth fab\u200bric review", "2"),
    ("", "sixth dresses are not worn", "2"),
]


def test_steps_count_the_reviews_and_words_they_change(write_ingested: Any, tmp_path: Path) -> None:
    summary, _, _ = _clean(write_ingested(_MARKED), tmp_path, steps=CLEAN_STEPS)
    assert summary.changed == {
        "encoding": Change(rows=1, tokens=2),
        "html": Change(rows=1, tokens=2),
        "links": Change(rows=1, tokens=2),
        "controls": Change(rows=1, tokens=1),
        "emoji": Change(rows=1, tokens=1),
        # Each usual review: the, me, and, the; the planted ones: first, with, a, and; with; third, is; are.
        "stop-words": Change(rows=244, tokens=4 * 240 + 8),
        # Each usual review: fits, feels; the planted ones: thumbs; dresses, worn.
        "lemmas": Change(rows=242, tokens=2 * 240 + 3),
    }


def test_removed_reviews_do_not_count_as_changed(write_ingested: Any, tmp_path: Path) -> None:
    summary, _, _ = _clean(write_ingested([("", "<b>ok</b>", "1")]), tmp_path)
    assert summary.changed["html"] == Change(rows=0, tokens=0)
    assert summary.removed[SHORT].rows == 1


def test_steps_that_are_left_out_are_named_on_the_page(write_ingested: Any, tmp_path: Path) -> None:
    summary, table, page = _clean(write_ingested(_MARKED), tmp_path, steps=["html"])
    assert list(summary.changed) == ["html"]
    assert page.count("not taken") == len(CLEAN_STEPS) - 1
    assert table["natural"].str.contains("https://shop.example").sum() == 1


def test_examples_show_what_a_step_changed_however_long_the_review(write_ingested: Any, tmp_path: Path) -> None:
    long = "soft " * 500 + "see https://shop.example/x now"
    _, _, page = _clean(write_ingested([("", long, "1")]), tmp_path)
    assert "https://shop.example/x" in page and "…" in page


def test_the_same_comes_out_however_the_table_is_cut(
    write_ingested: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews = write_ingested([*_PLANTED, *_MARKED])
    whole = _clean(reviews, tmp_path / "whole")
    monkeypatch.setattr(reviews_table, "PARTITION_ROWS", 100)
    cut = _clean(reviews, tmp_path / "cut")
    assert cut[0] == whole[0] and cut[2] == whole[2]
    pd.testing.assert_frame_equal(cut[1], whole[1])


def test_the_meaning_and_the_other_columns_of_the_table_stay(write_ingested: Any, tmp_path: Path) -> None:
    reviews = write_ingested(_PLANTED)
    table, description = read_reviews(reviews, "ingested"), read_description(reviews)
    table[attribute("Age")] = range(len(table))
    table[attribute("Age")] = table[attribute("Age")].astype(float)
    table["group_key"] = table["review_id"]
    write_reviews(table, reviews, "ingested", description)
    _, cleaned, _ = _clean(reviews, tmp_path)
    assert read_description(tmp_path / "clean.parquet") == description
    assert cleaned["group_key"].tolist() == cleaned["review_id"].tolist()
    assert cleaned[attribute("Age")].tolist() == cleaned["review_id"].str.removeprefix("r").astype(float).tolist()


_HOSTILE = "<script>alert(1)</script> \u202e is what this \x1b[31m review says"


@pytest.mark.parametrize("steps", [(), _DEFAULT_STEPS])
def test_hostile_reviews_are_escaped_on_the_page(write_ingested: Any, tmp_path: Path, steps: tuple[str, ...]) -> None:
    _, _, page = _clean(write_ingested([("", _HOSTILE, "1"), ("", _HOSTILE, "1")]), tmp_path, steps=steps)
    assert "<script" not in page and "\u202e" not in page and "\x1b" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_no_review_gets_into_the_data_docs(write_ingested: Any, tmp_path: Path) -> None:
    _clean(write_ingested([("", _HOSTILE, "1"), ("", "x" * 20_000 + _HOSTILE, "1")]), tmp_path)
    pages = list((tmp_path / "docs").rglob("*.html"))
    assert tmp_path / "docs" / "index.html" in pages and len(pages) >= 5
    for page in pages:
        content = page.read_text(encoding="utf-8")
        assert "alert(1)" not in content and "what this" not in content
        assert "script-src 'none'" in content


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
    summary, table, page = _clean(write_ingested(french), tmp_path, language="fr")
    assert _rows(summary.removed) == {FOREIGN: 240}
    assert summary.unmet_expectations == ["at least 50 % of the reviews are left"]
    assert 'class="warn">not met' in page
    assert "la" in table["tokens"].iloc[0].split()


def test_an_unknown_language_is_refused(write_ingested: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown language 'english'"):
        _clean(write_ingested(), tmp_path, language="english")


def test_lemmas_of_a_language_without_any_are_refused(write_ingested: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no lemmas for the language 'zh'"):
        _clean(write_ingested(), tmp_path, language="zh", steps=["lemmas"])


def test_a_label_that_cleaning_empties_is_refused(write_ingested: Any, tmp_path: Path) -> None:
    reviews = write_ingested([("", "ok", "3")], labels=("1", "2", "3"))
    with pytest.raises(UserError, match=r"every label still has reviews \(none with 3\)"):
        _clean(reviews, tmp_path)
    assert list(tmp_path.iterdir()) == [reviews]


def test_thresholds_decide_what_is_expected(write_ingested: Any, tmp_path: Path) -> None:
    thresholds = Thresholds(minimum_text_share=1.0, longest_text=70, minimum_kept_share=0.999)
    summary, _, _ = _clean(write_ingested([("", "", "1"), ("", "soft " * 20, "1")]), tmp_path, thresholds=thresholds)
    assert summary.unmet_expectations == [
        "at least 100 % of the reviews have a text",
        "no text is longer than 70 characters",
        "at least 99.9 % of the reviews are left",
    ]


def test_the_sample_loses_what_was_put_into_it(tmp_path: Path) -> None:
    summary, _, _ = _clean(_ingested_sample(tmp_path), tmp_path)
    assert summary.rows_after > 0.9 * summary.rows_before
    assert set(_rows(summary.removed)) >= {NO_TEXT, FOREIGN, COPY, CONTRADICTING}
    assert set(_rows(summary.changed)) >= {"encoding", "html", "links", "emoji", "stop-words"}
    assert summary.unmet_expectations == []


def _ingested_sample(tmp_path: Path) -> Path:
    table = generate_sample(2000, 7)
    table = pd.DataFrame(
        {
            "review_id": [str(row) for row in range(len(table))],
            "title": table["Title"].fillna(""),
            "text": table["Review Text"].fillna(""),
            "label": table["Rating"].astype(str),
        }
    )
    return _write_clothing(table, tmp_path)


def _write_clothing(table: pd.DataFrame, tmp_path: Path) -> Path:
    labels = ("1", "2", "3", "4", "5")
    task = Task(labels=labels, scores=(1, 2, 3, 4, 5), text_column="Review Text", title_column="Title")
    write_reviews(table, tmp_path / "ingested.parquet", "ingested", TableDescription(task=task))
    return tmp_path / "ingested.parquet"


@pytest.mark.realdata
def test_almost_no_english_clothing_review_is_taken_for_another_language(tmp_path: Path) -> None:
    table = pd.read_csv("../shared/data/womens_clothing_reviews.csv", dtype=str, index_col=0).fillna("")
    names = {"Title": "title", "Review Text": "text", "Rating": "label"}
    table = table.rename(columns=names)[list(names.values())].rename_axis("review_id").reset_index()
    summary, _, _ = _clean(_write_clothing(table.astype(str), tmp_path), tmp_path)
    assert summary.removed[FOREIGN].rows < 0.001 * summary.rows_before
    assert summary.removed[NO_TEXT].rows == 845
