import re
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.explore import exploration
from components.explore.exploration import write_exploration
from components.shared.errors import UserError
from components.shared.reviews import write_reviews

_TITLES = (
    "What this means for training",
    "Class balance",
    "Length of the reviews",
    "What goes with the label",
    "Most telling words",
    "Most frequent words",
    "Missing values",
    "Duplicates and contradicting labels",
    "Languages",
)


def _page(path, tmp_path, language="en", seed=7):
    write_exploration(path, language, seed, tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def _columns(labels, rows=60, **columns):
    return {
        "text": [f"{'soft lovely' if row % len(labels) else 'awful itchy'} dress {row}" for row in range(rows)],
        "label": [labels[row % len(labels)] for row in range(rows)],
    } | columns


@pytest.mark.parametrize("labels", [["0", "4"], ["1", "2", "3", "4", "5"], list("abcdefghijklmnopqrst")])
def test_the_page_shows_every_figure(labels, write_table, tmp_path):
    columns = _columns(labels, title=["", "a title"] * 30)
    columns |= {"source:Age": [float(row) for row in range(60)], "source:Shop": ["a", "b", None] * 20}
    page = _page(write_table(labels, **columns), tmp_path)
    for title in _TITLES:
        assert f"{title}</h2>" in page
    assert "Class shares over time" not in page
    for column in ("Age", "Shop", "number of words"):
        assert f"<bdi>{column}</bdi>" in page


def test_every_plot_has_a_reading_aid_and_a_text_alternative(write_table, tmp_path):
    page = _page(write_table(["a", "b"], **_columns(["a", "b"])), tmp_path)
    sections = page.split("<section>")[1:]
    assert len(sections) == len(_TITLES) - 1
    for section in sections:
        assert 'class="note"' in section
    for plot in re.findall(r'<(?:table|div) class="(?:bars|boxes|strips|columns)[^>]*>', page):
        assert "aria-label" in plot


def test_the_figures_stand_on_the_page(write_table, tmp_path):
    columns = _columns(["a", "b"], rows=62) | {"label": ["a"] * 56 + ["b"] * 6}
    columns["text"][57:60] = [columns["text"][0]] * 3
    columns["text"][61] = ""
    page = _page(write_table(["a", "b"], **columns), tmp_path).replace("\u202f", " ")
    assert "<bdi>a</bdi>" in page and "56 (90 %)" in page
    assert "1 (1.6 %)" in page  # without a text
    assert re.search(r"exact copies.*?3 \(4\.9 %\)", page, re.DOTALL)
    assert re.search(r"contradicting labels.*?4 \(6\.6 %\)", page, re.DOTALL)
    assert page.count("awful itchy dress 0") == 2  # one row of each label


def test_time_and_groups_are_shown_where_there_are_any(write_table, tmp_path):
    moments = [datetime(2020, 1, 1) + timedelta(days=row) for row in range(60)]
    path = write_table(["a", "b"], **_columns(["a", "b"], group_key=["anna"] * 60, time=moments))
    page = _page(path, tmp_path)
    assert "Class shares over time</h2>" in page
    assert "A large group." in page


def test_the_page_says_what_is_from_a_sample(write_table, tmp_path, monkeypatch):
    values = [str(row**2 % 7) for row in range(60)]
    path = write_table(["a", "b"], **_columns(["a", "b"], **{"source:Shop": values}))
    assert "random sample" not in _page(path, tmp_path)
    monkeypatch.setattr(exploration, "SAMPLE_ROWS", 20)
    page = _page(path, tmp_path)
    assert page.count("random sample of 20 of 60 reviews") >= 5
    assert page == _page(path, tmp_path)
    assert page != _page(path, tmp_path, seed=8)


def test_the_page_loads_nothing_from_outside(write_table, tmp_path):
    page = _page(write_table(["a", "b"], **_columns(["a", "b"])), tmp_path)
    assert not re.search(r"https?://|(?:src|href)=|@import|url\(|<script|<link", page)


@pytest.mark.parametrize("text", ["", "🙂 🙂", "!!!"])
def test_tables_without_words_have_a_page_too(text, write_table, tmp_path):
    path = write_table(["a", "b"], text=[text] * 4, label=["a", "b", "a", "a"])
    assert "No word stands out." in _page(path, tmp_path)


def test_a_language_without_stop_words_is_said_to_have_none(write_table, tmp_path):
    path = write_table(["a", "b"], **_columns(["a", "b"]))
    assert "no list of stop words for the language “fr”" in _page(path, tmp_path, "fr")
    assert "no list of stop words" not in _page(path, tmp_path, "en")


def test_columns_that_say_little_are_left_out_of_wide_tables(write_table, tmp_path):
    many = {f"source:c{number}": [str(row % (number + 2)) for row in range(60)] for number in range(40)}
    page = _page(write_table(["a", "b"], **_columns(["a", "b"], **many)), tmp_path)
    assert "16 columns that say less are left out." in page


def test_a_file_that_is_no_reviews_table_is_refused(tmp_path):
    table = pd.DataFrame({"review_id": ["1"], "title": "", "text": "x", "label": "a"})
    write_reviews(table, tmp_path / "reviews.parquet", "ingested")
    with pytest.raises(UserError, match="not a reviews table"):
        write_exploration(tmp_path / "reviews.parquet", "en", 1, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.realdata
def test_the_clothing_reviews_are_seen_as_they_are(write_table, tmp_path):
    source = pd.read_csv("../shared/data/womens_clothing_reviews.csv")
    path = write_table(
        list("12345"),
        title=source["Title"].fillna("").tolist(),
        text=source["Review Text"].fillna("").tolist(),
        label=source["Rating"].astype(str).tolist(),
        **{f"source:{name}": source[name].astype(float).tolist() for name in ("Age", "Recommended IND")},
    )
    page = _page(path, tmp_path).replace("\u202f", " ")
    assert "845 reviews have no text (4.2 %)" in page
    assert "right for 56 % of the reviews" in page
    assert re.search(
        r"takes away much of the doubt about the label: “Recommended IND” \(2\d % of the doubt\)\.", page
    )


_ROW = st.tuples(
    st.text(max_size=40),
    st.text(max_size=40),
    st.integers(0, 2),
    st.none() | st.floats(),
    st.none() | st.text(max_size=5),
    st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROW, min_size=1, max_size=30), ordered=st.booleans())
def test_every_table_has_a_page(rows, ordered, write_table, tmp_path):
    title, text, label, number, category, time = (list(column) for column in zip(*rows, strict=True))
    columns = {"source:number": pd.Series(number, dtype=float).tolist(), "source:category": category}
    columns |= {"group_key": category, "time": pd.Series(time, dtype="datetime64[us]").tolist()}
    labels = ["1", "2", "3"]
    path = write_table(labels, ordered, title=title, text=text, label=[labels[one] for one in label], **columns)
    assert "What this means for training</h2>" in _page(path, tmp_path)
