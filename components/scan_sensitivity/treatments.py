"""What techniques do to one matrix when nothing is trained afterwards."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

Weights = NDArray[np.floating[Any]]

_LARGEST_INT8 = 127
#: Centroids are found on so many weights at most; a table of word vectors has millions.
_SAMPLE = 5_000


def round_to_int8(matrix: Weights, scales: int) -> Weights:
    """Returns a matrix as int8 stores it: symmetric, each scale for an equal share of the columns.

    Args:
        matrix: Shape (rows, columns).
        scales: How many; divides the columns.
    """
    blocks = matrix.reshape(len(matrix), scales, -1)
    step = np.abs(blocks).max(axis=(0, 2), keepdims=True) / _LARGEST_INT8
    step[step == 0] = 1.0
    return (np.round(blocks / step) * step).reshape(matrix.shape)


def prune_smallest(matrix: Weights, sparsity: float) -> Weights:
    """Returns a matrix whose smallest weights, by magnitude, are zero.

    Args:
        matrix: Any shape.
        sparsity: Share of them, in 0..1.
    """
    zeros = round(sparsity * matrix.size)
    pruned = matrix.copy()
    pruned.ravel()[np.argpartition(np.abs(matrix), zeros - 1, axis=None)[:zeros]] = 0
    return pruned


def share_weights(matrix: Weights, clusters: int) -> Weights:
    """Returns a matrix in which each weight is replaced by the nearest of a few centroids (k-means).

    K-means starts from quantiles, so that it gives the same each time.

    Args:
        matrix: Any shape.
        clusters: Number of centroids; a matrix with no more distinct weights stays as it is.
    """
    sample = np.sort(matrix, axis=None)[:: -(-matrix.size // _SAMPLE)]
    if len(np.unique(sample)) <= clusters:
        return matrix
    start = np.unique(np.quantile(sample, (np.arange(clusters) + 0.5) / clusters))
    # So little work takes longer on several threads; on a busy machine twenty times as long.
    with threadpool_limits(1, user_api="openmp"):
        fitted = KMeans(len(start), init=start[:, None], n_init=1).fit(sample[:, None])
    centroids = np.sort(fitted.cluster_centers_.ravel())
    borders = (centroids[1:] + centroids[:-1]) / 2
    return centroids[np.searchsorted(borders, matrix)].astype(matrix.dtype)
