import random
from collections.abc import Mapping, Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ingest.adapters import choose_adapter, plan_columns
from components.ingest.columns import ColumnPlan, NamedColumns
from components.shared.errors import UserError
from components.shared.reviews import PARTITION_ROWS

_ROWS = 400
_WORDS = (
    "the room was clean and quiet but breakfast came late staff friendly bed soft view nice price high lobby loud "
    "pool cold towels fresh bathroom small parking free wifi slow dinner great location central would return"
).split()


def _sentences(words: int, seed: int = 1, rows: int = _ROWS) -> list[str]:
    generator = random.Random(seed)
    return [" ".join(generator.choices(_WORDS, k=generator.randint(words // 2, words * 2))) for _ in range(rows)]


def _choices(values: Sequence[object], seed: int = 2, rows: int = _ROWS) -> list[str]:
    generator = random.Random(seed)
    return [str(generator.choice(values)) for _ in range(rows)]


def _plan(columns: Mapping[str, Sequence[object]], label: str, **named: str) -> ColumnPlan:
    head = pd.DataFrame({name: [str(value) for value in values] for name, values in columns.items()}, dtype="str")
    head.index += 1
    return plan_columns("auto", head, {}, NamedColumns(label=label, **named), (), "table.csv")


def _roles(plan: ColumnPlan) -> dict[str, str]:
    return {column.column: column.role for column in plan.columns}


def test_hotel_reviews() -> None:
    plan = _plan(
        {
            "review_id": [f"h{number:05d}x" for number in range(_ROWS)],
            "hotel_name": _choices([f"Hotel {name}" for name in ("Adler", "Post", "Krone", "Sonne")]),
            "reviewer": _choices([f"guest_{number}" for number in range(90)]),
            "review_date": _choices([f"2023-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 17, 28)]),
            "nights": _choices(range(1, 12)),
            "headline": _sentences(4),
            "review": _sentences(40),
            "response": [text if number % 7 == 0 else "" for number, text in enumerate(_sentences(60, 9))],
            "stars": _choices([1, 2, 3, 4, 5]),
        },
        "stars",
    )
    assert _roles(plan) == {
        "review_id": "identifier",
        "hotel_name": "category",
        "reviewer": "group",
        "review_date": "date",
        "nights": "number",
        "headline": "title",
        "review": "text",
        "response": "free text",
        "stars": "label",
    }


def test_a_german_shop() -> None:
    generator = random.Random(4)
    plan = _plan(
        {
            "Bestellnummer": [f"{100000 + 7 * number}" for number in range(_ROWS)],
            "Kundennummer": _choices(range(5000, 5120)),
            "PLZ": _choices(["01067", "80331", "50667", "10115", "04109"]),
            "Datum": _choices([f"{day:02d}.{month:02d}.2023" for day in range(1, 29) for month in (2, 5, 11)]),
            "Preis": [f"{generator.randint(5, 90)},{generator.randint(10, 99)}" for _ in range(_ROWS)],
            "Empfohlen": _choices(["ja", "nein"]),
            "Betreff": _sentences(3, 5),
            "Bewertungstext": _sentences(25, 6),
            "Urteil": _choices(["schlecht", "mittel", "gut"]),
        },
        "Urteil",
    )
    assert _roles(plan) == {
        "Bestellnummer": "identifier",
        "Kundennummer": "group",
        "PLZ": "category",
        "Datum": "date",
        "Preis": "number",
        "Empfohlen": "category",
        "Betreff": "title",
        "Bewertungstext": "text",
        "Urteil": "label",
    }


def test_app_reviews_with_thumbs() -> None:
    plan = _plan(
        {
            "reviewId": [f"{random.Random(n).getrandbits(64):016x}-a1" for n in range(_ROWS)],
            "userName": [
                f"{first} {last}" for first, last in zip(_choices(_WORDS, 3), _choices(_WORDS, 4), strict=True)
            ],
            "userImage": [f"https://play-lh.example/{number}/photo" for number in range(_ROWS)],
            "content": _sentences(12, 7),
            "thumbsUpCount": _choices(range(40)),
            "reviewCreatedVersion": _choices(["4.46.1", "4.47.0", "5.0.2", ""]),
            "at": _choices(["2023-04-05 11:02:03", "2023-04-06 12:00:59", "2022-12-31 23:59:59"]),
            "replyContent": [text if number % 9 == 0 else "" for number, text in enumerate(_sentences(30, 8))],
            "repliedAt": ["2023-04-07 08:00:00" if number % 9 == 0 else "" for number in range(_ROWS)],
            "appId": ["com.example.app"] * _ROWS,
            "verdict": _choices(["thumbs down", "thumbs up"]),
        },
        "verdict",
    )
    roles = _roles(plan)
    assert roles.pop("userName") in ("group", "identifier")
    assert roles == {
        "reviewId": "identifier",
        "userImage": "unused",
        "content": "text",
        "thumbsUpCount": "number",
        "reviewCreatedVersion": "category",
        "at": "date",
        "replyContent": "free text",
        "repliedAt": "date",
        "appId": "constant",
        "verdict": "label",
    }


def test_support_messages_with_text_labels() -> None:
    plan = _plan(
        {
            "": range(_ROWS),
            "subject": _sentences(4, 2),
            "message": _sentences(30, 3),
            "customer_email": [f"someone{number % 60}@mail.example" for number in range(_ROWS)],
            "agent": _choices(["Ada", "Bob", "Cem"]),
            "topic": _choices(["billing", "delivery", "returns"]),
        },
        "topic",
    )
    assert _roles(plan) == {
        "": "identifier",
        "subject": "title",
        "message": "text",
        "customer_email": "unused",
        "agent": "category",
        "topic": "label",
    }


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("link", [f"https://shop.example/p/{number}?ref=a b".replace(" ", "") for number in range(_ROWS)], "unused"),
        ("name", [f"{a} {b}" for a, b in zip(_choices(_WORDS, 8), _choices(_WORDS, 9), strict=True)], "unused"),
        ("year", _choices(range(1995, 2024)), "number"),
        ("zip", _choices([f"{number:05d}" for number in range(501, 540)]), "category"),
        ("verified", _choices(["TRUE", "FALSE"]), "category"),
        ("account", range(90_000, 90_000 + _ROWS), "identifier"),
        ("user_id", [10_000 + 3 * (number % 80) for number in range(_ROWS)], "group"),
        ("asin", [f"B000{number % 50:02d}CXX" for number in range(_ROWS)], "group"),
        ("uuid", [f"{random.Random(n).getrandbits(128):032x}" for n in range(_ROWS)], "identifier"),
        ("nothing", [""] * _ROWS, "empty"),
        ("shop", ["Berlin"] * _ROWS, "constant"),
        ("flagged", [("yes", "")[number % 2] for number in range(_ROWS)], "category"),
        ("weight", [f"{random.Random(n).uniform(1, 99):.4f}" for n in range(_ROWS)], "number"),
        ("views", _choices(range(10**6)), "number"),
        ("number_of_reviews", _choices(range(60)), "number"),
        ("bought", _choices(["3/14/2019", "2/28/2020", "12/1/2020"]), "date"),
        (
            "address",
            [f"{number} Main Street, {town} East" for number, town in enumerate(_choices(_WORDS))],
            "free text",
        ),
        ("Time", [str(1_300_000_000 + 977 * number) for number in range(_ROWS)], "date"),
        ("when", _choices(["20-May-12", "1-Jun-10", "12-Dec-15"]), "date"),
        ("store_id", _choices(range(1, 5)), "number"),
        ("reply", [text if number % 20 == 0 else "" for number, text in enumerate(_sentences(90))], "free text"),
    ],
)
@pytest.mark.parametrize("before", [True, False], ids=["before the text", "after the text"])
def test_columns_that_mislead(name: str, values: Sequence[object], role: str, before: bool) -> None:
    others = {"review": _sentences(15, 3), "stars": _choices([1, 2, 3])}
    roles = _roles(_plan({name: values} | others if before else others | {name: values}, "stars"))
    assert roles == {name: role, "review": "text", "stars": "label"}


def test_a_longer_reply_in_most_rows_is_not_the_review() -> None:
    replies = [text if number % 5 else "" for number, text in enumerate(_sentences(50, 9))]
    plan = _plan({"reply": replies, "comment": _sentences(10), "stars": _choices([1, 2])}, "stars")
    assert (plan.named("text"), plan.named("title")) == ("comment", "")


def test_a_text_of_one_word_is_taken_by_its_name() -> None:
    words = {"colour": _choices(["red", "blue"]), "comment": _choices(["super", "meh", "awful"])}
    assert _plan(words | {"stars": _choices([1, 2])}, "stars").named("text") == "comment"


def test_reviews_that_are_often_the_same_are_text() -> None:
    said = _choices(_sentences(6)[:150])
    plan = _plan({"product": _choices(_sentences(9)[:40]), "c1": said, "y": _choices([0, 1])}, "y")
    assert (plan.named("text"), plan.named("title")) == ("c1", "")


def test_without_any_text_the_user_is_asked() -> None:
    with pytest.raises(UserError, match="no column looks like the text of reviews; name it with --text-column"):
        _plan({"colour": _choices(["red", "blue"]), "stars": _choices([1, 2])}, "stars")


def test_text_without_spaces_is_text() -> None:
    signs = "この部屋はとても静かで朝食も美味しかったです"
    generator = random.Random(3)
    texts = ["".join(generator.choices(signs, k=generator.randint(8, 40))) for _ in range(_ROWS)]
    assert _plan({"c1": texts, "c2": _choices([1, 2])}, "c2").named("text") == "c1"


def test_a_user_goes_before_a_product_as_group() -> None:
    products = [f"SKU-{number % 100:04d}" for number in range(_ROWS)]
    users = [f"u{number % 45}" for number in range(_ROWS)]
    plan = _plan({"sku": products, "user": users, "t": _sentences(9), "y": _choices([0, 1])}, "y")
    assert plan.named("group") == "user"
    assert plan.all_named("identifier") == ("sku",)


def test_people_who_wrote_once_in_the_first_of_more_rows_are_a_group() -> None:
    rows = PARTITION_ROWS
    columns = {
        "user_id": [f"u{number:07d}x" for number in range(rows)],
        "post_id": [f"p{number:07d}x" for number in range(rows)],
        "t": _sentences(5, rows=rows),
        "y": _choices([0, 1], rows=rows),
    }
    assert _roles(_plan(columns, "y")) == {"user_id": "group", "post_id": "identifier", "t": "text", "y": "label"}


def test_what_the_user_names_goes_first() -> None:
    columns = {
        "user": [f"u{number % 45}" for number in range(_ROWS)],
        "title": _sentences(4, 1),
        "pros": _sentences(20, 2),
        "cons": _sentences(10, 3),
        "day": _choices(["2023-01-02", "2023-05-06"]),
        "stars": _choices([1, 2]),
    }
    plan = _plan(columns, "stars", text="cons", title="none", group="none", time="day")
    assert (plan.named("text"), plan.named("title"), plan.named("group"), plan.named("time")) == (
        "cons",
        "",
        "",
        "day",
    )
    assert next(column.why for column in plan.columns if column.column == "cons") == "named by --text-column"


def test_only_titles_groups_and_times_can_be_declined() -> None:
    columns = {"none": _sentences(9), "y": _choices([0, 1])}
    assert _plan(columns, "y", text="none", title="none").named("text") == "none"
    with pytest.raises(UserError, match="there is no column 'none'"):
        _plan({"t": _sentences(9), "y": _choices([0, 1])}, "y", text="none")


def test_the_plan_shows_letters_of_all_scripts_and_nothing_that_acts_on_a_terminal() -> None:
    plan = _plan({"Größe\x1b[31m": _choices(["S", "M"]), "コメント": _sentences(9), "y": _choices([0, 1])}, "y")
    assert any("Größe\ufffd[31m" in line for line in plan.lines())
    assert any("コメント" in line for line in plan.lines())


def test_a_column_of_lists_is_shown_with_the_reason_and_cannot_be_named() -> None:
    head = pd.DataFrame({"text": _sentences(9), "stars": _choices([1, 2])}, dtype="str")
    unreadable = {"tags": "its values are lists"}
    plan = plan_columns("auto", head, unreadable, NamedColumns(label="stars"), (), "table")
    assert _roles(plan)["tags"] == "unused"
    with pytest.raises(
        UserError, match="column 'tags' cannot be used: its values are lists; pass another --title-column"
    ):
        plan_columns("auto", head, unreadable, NamedColumns(label="stars", title="tags"), (), "table")


@pytest.mark.parametrize("adapter", ["", "auto"])
def test_unknown_columns_without_a_label_ask_for_it(adapter: str) -> None:
    with pytest.raises(UserError, match="Pass --label-column; the columns are 'a', 'b'"):
        choose_adapter(adapter, ["a", "b"], "", "table")


@pytest.mark.parametrize(
    ("columns", "label", "adapter"),
    [
        (["", "Review Text", "Rating", "Age"], "", "clothing"),
        (["Review Text", "Rating"], "Rating", "clothing"),
        (["text", "target"], "", "sentiment140"),
        (["target", "id", "date", "flag", "user", "text"], "", "sentiment140"),
        (["target", "text", "colour"], "target", "auto"),
    ],
)
def test_the_adapter_follows_the_columns(columns: list[str], label: str, adapter: str) -> None:
    assert choose_adapter("", columns, label, "table") == adapter


def test_clothing_without_titles_has_none_and_another_label_brings_its_own() -> None:
    head = pd.DataFrame(
        {"Review Text": _sentences(9), "Rating": _choices([1, 5]), "Fit": _choices(["small", "true"])}, dtype="str"
    )
    plan = plan_columns("clothing", head, {}, NamedColumns(), (), "table")
    assert plan.named("title") == "" and plan.labels == ("1", "2", "3", "4", "5")
    other = plan_columns("clothing", head, {}, NamedColumns(label="Fit"), (), "table")
    assert other.labels == () and other.all_named("number") == ("Rating",)


_CELLS = st.one_of(st.just(""), st.text(max_size=30), st.integers().map(str), st.dates().map(str))


@settings(max_examples=40, deadline=None)
@given(columns=st.lists(st.lists(_CELLS, min_size=12, max_size=12), min_size=1, max_size=5))
def test_any_table_gets_a_plan_or_one_line(columns: list[list[str]]) -> None:
    table = {f"column {place}": values for place, values in enumerate(columns)} | {"y": ["0", "1"] * 6}
    try:
        plan = _plan(table, "y")
    except UserError as error:
        assert "--text-column" in str(error)
    else:
        assert set(_roles(plan)) == set(table)
        assert len(plan.lines()) == len(table) and all(line.isprintable() for line in plan.lines())
