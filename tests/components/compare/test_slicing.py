import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.compare.slicing import BANDS, MOST_ATTRIBUTES, MOST_VALUES, find_slices
from components.shared.texts.printable import printable


def _reviews(rows=40, **attributes):
    texts = [" ".join(["word"] * (1 + row)) for row in range(rows)]
    table = pd.DataFrame({"title": [""] * rows, "text": texts})
    return table.assign(**{f"source:{name}": values for name, values in attributes.items()})


def _of(slicing, attribute):
    return {one.value: int(one.reviews.sum()) for one in slicing.slices if one.attribute == attribute}


def test_numbers_are_cut_into_bands_of_equally_many_reviews_in_ascending_order():
    slicing = find_slices(_reviews(Age=np.arange(18.0, 58.0)))
    assert list(_of(slicing, "Age").items()) == [("18–27", 10), ("28–37", 10), ("38–47", 10), ("48–57", 10)]
    assert list(_of(slicing, "Review length")) == ["1–10 words", "11–20 words", "21–30 words", "31–40 words"]


def test_few_different_numbers_are_taken_as_they_are():
    assert _of(find_slices(_reviews(Stars=np.tile([0.0, 1.0], 20))), "Stars") == {"0": 20, "1": 20}


def test_texts_are_taken_by_value_and_missing_ones_are_a_slice():
    departments = ["Tops"] * 20 + ["Dresses"] * 15 + [None] * 3 + [" "] * 2
    assert _of(find_slices(_reviews(Department=departments)), "Department") == {
        "Dresses": 15,
        "Tops": 20,
        "none given": 5,
    }


def test_missing_numbers_are_a_slice():
    ages = np.where(np.arange(40) < 4, np.nan, np.arange(40.0))
    slices = _of(find_slices(_reviews(Age=ages)), "Age")
    assert slices.pop("none given") == 4
    assert len(slices) == BANDS and sum(slices.values()) == 36


def test_reviews_with_and_without_a_title_are_told_apart():
    table = _reviews().assign(title=["Love it", " "] * 20)
    assert _of(find_slices(table), "Title") == {"with a title": 20, "without a title": 20}
    assert _of(find_slices(_reviews()), "Title") == {}


def test_an_attribute_with_too_many_values_is_left_out_with_the_reason():
    many = [f"value {row % (MOST_VALUES + 1)}" for row in range(40)]
    slicing = find_slices(_reviews(Product=many))
    assert _of(slicing, "Product") == {}
    assert slicing.left_out == {"Product": "13 different values, more than 12"}


@pytest.mark.parametrize("name", ["Clothing ID", "user_id", "id"])
def test_a_number_that_names_a_thing_is_left_out(name):
    slicing = find_slices(_reviews(**{name: np.arange(40.0)}))
    assert slicing.left_out == {name: "its numbers name things"}


def test_attributes_beyond_the_limit_are_left_out():
    slicing = find_slices(_reviews(**{f"a{number}": ["x", "y"] * 20 for number in range(MOST_ATTRIBUTES + 1)}))
    assert list(slicing.left_out) == [f"a{MOST_ATTRIBUTES}"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_slices_of_any_text_attribute_share_out_the_reviews_and_can_be_shown(values):
    slices = [one for one in find_slices(_reviews(len(values), a=values)).slices if one.attribute == "a"]
    if slices:
        assert (sum(one.reviews.astype(int) for one in slices) == 1).all()
    assert all(one.value == printable(one.value) and "\n" not in one.value for one in slices)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_the_bands_of_any_numbers_share_out_the_reviews(values):
    slices = [one for one in find_slices(_reviews(len(values), a=np.array(values))).slices if one.attribute == "a"]
    if slices:
        assert (sum(one.reviews.astype(int) for one in slices) == 1).all()
    assert len(slices) <= BANDS + 1
