"""Sizes of a DistilBERT."""

import pytest

from components.shared.distilbert_sizes import Sizes, narrowed, neurons_that_stay


@pytest.mark.parametrize(
    ("neurons", "share", "kept"),
    [(1536, 0.33, 512), (3072, 0.5, 1536), (64, 0.01, 16), (64, 0.95, 64), (64, 1.0, 64), (8, 0.5, 8)],
)
def test_a_share_of_the_neurons_stays_in_multiples_of_16(neurons: int, share: float, kept: int) -> None:
    assert neurons_that_stay(neurons, share) == kept


@pytest.mark.parametrize(("share", "kept"), [(0.0, 1), (0.08, 1), (0.5, 6), (0.99, 11), (1.0, 12)])
def test_at_most_a_share_of_the_heads_stays_and_each_is_as_large_as_before(share: float, kept: int) -> None:
    smaller = narrowed(Sizes(), share, 1.0)
    assert (smaller.n_heads, smaller.head_size, smaller.attention_dim) == (kept, 64, 64 * kept)
    assert narrowed(smaller, 1.0, 1.0) == smaller and smaller.hidden_dim == Sizes().hidden_dim


def test_heads_share_the_dimensions_unless_some_were_dropped() -> None:
    assert (Sizes().head_size, Sizes().attention_dim) == (64, 768)
