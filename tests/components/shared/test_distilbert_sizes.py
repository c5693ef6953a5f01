"""Sizes of a DistilBERT."""

import pytest

from components.shared.distilbert_sizes import neurons_that_stay


@pytest.mark.parametrize(
    ("neurons", "share", "kept"),
    [(1536, 0.33, 512), (3072, 0.5, 1536), (64, 0.01, 16), (64, 0.95, 64), (64, 1.0, 64), (8, 0.5, 8)],
)
def test_a_share_of_the_neurons_stays_in_multiples_of_16(neurons: int, share: float, kept: int) -> None:
    assert neurons_that_stay(neurons, share) == kept
