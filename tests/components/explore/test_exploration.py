import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.explore.exploration import write_exploration
from components.explore.statistics import correlations, log_odds, missing_shares, words_of_labels
from components.shared.reviews import write_reviews


def _write(path: Path, labels: list[str], **columns: object) -> Path:
    rows = 60
    table = pd.DataFrame(
        {
            "review_id": [str(row) for row in range(rows)],
            "title": ["", "a title"] * (rows // 2),
            "text": [f"{'soft lovely' if row % len(labels) else 'awful itchy'} dress {row}" for row in range(rows)],
            "label": [labels[row % len(labels)] for row in range(rows)],
        }
    )
    write_reviews(table.assign(**columns), path, "ingested")
    return path


@pytest.mark.parametrize("labels", [["0", "4"], ["1", "2", "3", "4", "5"], list("abcdefg")])
def test_the_page_shows_every_plot(labels: list[str], tmp_path: Path) -> None:
    write_exploration(_write(tmp_path / "r.parquet", labels), labels, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("</svg>") == 6
    for title in ("Class balance", "Correlations", "length by label", "frequent words", "telling", "Missing values"):
        assert title in page


def test_the_page_loads_nothing_from_outside(tmp_path: Path) -> None:
    write_exploration(_write(tmp_path / "r.parquet", ["1", "2"]), ["1", "2"], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#)|@import|url\((?!#)|<script", page)
    addresses = set(re.findall(r"https?://[^\"' <]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_hostile_texts_are_escaped(tmp_path: Path) -> None:
    labels = ["<b>$x$</b>", "good"]
    path = _write(tmp_path / "r.parquet", labels, text="<script>alert(1)</script> $\\frac{1}{0}$ words")
    write_exploration(path, labels, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>" not in page and "<script" not in page
    assert "&lt;b&gt;$x$&lt;/b&gt;" in page


def test_equal_tables_give_equal_pages(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.parquet", ["1", "2"])
    for name in ("one.html", "two.html"):
        write_exploration(path, ["1", "2"], tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_frequent_words_are_shares_of_the_labels_reviews() -> None:
    tokens = [["soft", "dress"]] * 8 + [["soft", "soft"]] * 2 + [["itchy", "dress"]] * 10
    good, bad = words_of_labels(tokens, ["good"] * 10 + ["bad"] * 10, ["good", "bad"], 5)
    assert good.frequent == [("soft", 1.0), ("dress", 0.8)]
    assert bad.frequent == [("dress", 1.0), ("itchy", 1.0)]
    assert good.telling[0][0] == "soft"
    assert bad.telling[0][0] == "itchy"


def test_tables_without_common_words_have_none() -> None:
    found = words_of_labels([["a"], ["b"], ["c"], ["d"], ["e"]], list("12121"), ["1", "2"], 5)
    assert [words.frequent for words in found] == [[], []]


def test_log_odds_is_antisymmetric_and_trusts_many_more_than_few() -> None:
    here, elsewhere = np.array([50, 2, 48]), np.array([10, 1, 89])
    scores = log_odds(here, elsewhere)
    np.testing.assert_allclose(log_odds(elsewhere, here), -scores)
    assert scores[0] > scores[1] > scores[2]


def test_correlations_follow_the_order_of_the_labels() -> None:
    reviews = pd.DataFrame({"label": ["bad", "fair", "good"], "age": [60.0, 40.0, 20.0], "recommended": 1.0})
    table = correlations(reviews, pd.Series([5, 7, 9]), ["bad", "fair", "good"])
    assert table.loc["label", "age"] == pytest.approx(-1)
    assert table.loc["label", "words"] == pytest.approx(1)
    assert "recommended" not in table


def test_empty_strings_and_nulls_are_missing() -> None:
    reviews = pd.DataFrame({"review_id": ["1", "2"], "text": ["", "x"], "age": [None, None], "label": ["1", "2"]})
    assert missing_shares(reviews).to_dict() == {"text": 0.5, "age": 1.0}
