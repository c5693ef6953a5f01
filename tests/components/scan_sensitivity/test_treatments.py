import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from components.scan_sensitivity.treatments import prune_smallest, round_to_int8, share_weights

_MATRICES = arrays(np.float32, st.tuples(st.integers(1, 12), st.just(8)), elements=st.floats(-3, 3, width=32))


@given(_MATRICES, st.sampled_from([1, 4, 8]))
def test_rounding_to_int8_moves_no_weight_by_more_than_half_a_step(matrix, scales):
    rounded = round_to_int8(matrix, scales)
    largest = np.abs(matrix.reshape(len(matrix), scales, -1)).max(axis=(0, 2))
    steps = np.repeat(largest / 127, matrix.shape[1] // scales)
    assert np.all(np.abs(rounded - matrix) <= steps / 2 + 1e-6)
    assert rounded.dtype == matrix.dtype


def test_each_scale_has_at_most_255_levels():
    matrix = np.random.default_rng(0).normal(size=(2000, 4)).astype(np.float32)
    matrix[:, 1:] *= 100
    assert all(len(np.unique(column)) <= 255 for column in round_to_int8(matrix, 4).T)
    assert len(np.unique(round_to_int8(matrix, 1)[:, 0])) < len(np.unique(round_to_int8(matrix, 4)[:, 0]))


@given(_MATRICES, st.floats(0.01, 0.99))
def test_pruning_sets_the_wanted_share_of_the_smallest_weights_to_zero_and_keeps_the_rest(matrix, sparsity):
    pruned = prune_smallest(matrix, sparsity)
    zeros = round(sparsity * matrix.size)
    kept = pruned != 0
    assert (pruned == 0).sum() >= zeros
    assert kept.sum() <= matrix.size - zeros
    assert np.array_equal(pruned[kept], matrix[kept])
    if kept.any() and zeros:
        assert np.abs(matrix[kept]).min() >= np.sort(np.abs(matrix), axis=None)[zeros - 1]


@pytest.mark.filterwarnings("error")
@given(_MATRICES, st.integers(3, 6))
def test_sharing_leaves_at_most_so_many_weights_each_within_the_old_range(matrix, clusters):
    shared = share_weights(matrix, clusters)
    assert len(np.unique(shared)) <= clusters
    assert matrix.min() - 1e-5 <= shared.min() <= shared.max() <= matrix.max() + 1e-5
    assert shared.dtype == matrix.dtype


def test_weights_in_groups_become_the_middles_of_the_groups():
    groups = np.array([-1.0, 0.0, 2.0], dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.01, 3000).astype(np.float32)
    matrix = (np.repeat(groups, 1000) + noise).reshape(300, 10)
    assert np.unique(share_weights(matrix, 3)) == pytest.approx(groups, abs=0.01)


def test_a_large_matrix_is_shared_as_well_as_a_sample_of_it():
    matrix = np.random.default_rng(0).normal(size=(1000, 300)).astype(np.float32)
    shared = share_weights(matrix, 16)
    assert len(np.unique(shared)) == 16
    assert np.square(shared - matrix).mean() < 0.02
