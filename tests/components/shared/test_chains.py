"""Chains of techniques, as users write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.chains import STEP_OF_TECHNIQUE, candidate_id, parse_chain
from components.shared.errors import UserError


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("dynamic", ("dynamic",)),
        ("prune+dynamic", ("prune", "dynamic")),
        (" prune + cluster + int8 ", ("prune", "cluster", "int8")),
        ("layers+trim+prune+dynamic", ("layers", "trim", "prune", "dynamic")),
    ],
)
def test_a_chain_is_read_in_the_order_of_its_techniques(text: str, chain: tuple[str, ...]) -> None:
    assert parse_chain(text) == chain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("distil", "unknown technique 'distil'"),
        ("", "unknown technique ''"),
        ("prune+", "unknown technique ''"),
        ("prune+prune", "names a technique twice"),
        ("dynamic+prune", "quantisation can only be the last"),
        ("qat+int8", "quantisation can only be the last"),
        ("cluster+prune", "prune before clustering"),
        ("cluster+prune+dynamic", "prune before clustering"),
        ("trim+layers", "layers, width and trim come first, in this order"),
        ("prune+trim", "layers, width and trim come first, in this order"),
        ("layers+prune+trim", "layers, width and trim come first, in this order"),
    ],
)
def test_a_chain_that_cannot_be_built_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        parse_chain(text)


@given(st.text(max_size=30))
def test_any_text_is_a_chain_or_refused_in_one_line(text: str) -> None:
    try:
        chain = parse_chain(text)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert chain and set(chain) <= set(STEP_OF_TECHNIQUE)


def test_a_candidate_is_named_after_its_model_and_chain() -> None:
    assert candidate_id("lstm") == "lstm"
    assert candidate_id("lstm", ("prune", "dynamic")) == "lstm-prune-dynamic"
