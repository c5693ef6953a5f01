"""Choosing layers by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.layer_names import matching, unmatched

_NAMES = ["embedding", "transformer.layer.0.ffn.lin1", "transformer.layer.1.ffn.lin1", "classifier"]


@pytest.mark.parametrize(
    ("patterns", "matched"),
    [
        (["classifier"], _NAMES[3:]),
        (["transformer.layer.1.*"], _NAMES[2:3]),
        (["*.lin1", "emb*"], _NAMES[:3]),
        (["Classifier", "lin1"], []),
        ([], []),
    ],
)
def test_a_pattern_describes_whole_names(patterns: list[str], matched: list[str]) -> None:
    assert matching(_NAMES, patterns) == matched


def test_patterns_that_describe_nothing_are_named() -> None:
    assert unmatched(_NAMES, ["lstm*", "classifier", "[", "ffn"]) == ["lstm*", "[", "ffn"]


@given(st.lists(st.text(max_size=8), max_size=5), st.lists(st.text(max_size=8), max_size=3))
def test_any_text_may_be_a_pattern(names: list[str], patterns: list[str]) -> None:
    matched = matching(names, patterns)
    assert set(matched) <= set(names)
    assert matching(names, ["*"]) == names
