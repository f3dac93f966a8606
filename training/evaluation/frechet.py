"""The Frechet distance between two clouds of features, each taken for a normal one (Heusel et al. 2017)."""

import numpy as np
from numpy.typing import NDArray


def distance(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Of features [N,D] and [M,D]: 0 for the same mean and covariance; few rows make it larger."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    spread_a, spread_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # the trace of the square root of a product of two covariances is the sum of the roots of its eigenvalues
    shared = np.sqrt(np.clip(np.linalg.eigvals(spread_a @ spread_b).real, 0, None)).sum()
    apart = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(apart + np.trace(spread_a) + np.trace(spread_b) - 2 * shared)
