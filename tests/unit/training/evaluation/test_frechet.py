import numpy as np
import pytest

from training.evaluation.gan_metrics import compute_frechet_distance


def _cloud(seed: int, mean: list[float], deviation: list[float]) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, deviation, (200_000, len(mean)))


def test_distance_to_itself_is_zero() -> None:
    cloud = _cloud(0, [1, 2], [1, 3])
    assert compute_frechet_distance(cloud, cloud) == pytest.approx(0, abs=1e-9)


def test_means_and_variances_follow_the_formula() -> None:
    one, other = _cloud(0, [0, 0, 0], [1, 2, 3]), _cloud(1, [1, 0, 2], [2, 2, 1])
    assert compute_frechet_distance(one, other) == pytest.approx((1 + 4) + (1 + 0 + 4), rel=0.02)


def test_correlation_between_features_adds_to_the_distance() -> None:
    cloud = _cloud(0, [0, 0], [1, 1])
    correlated = np.stack([cloud[:, 0], cloud[:, 0]], axis=1)
    assert compute_frechet_distance(cloud, correlated) == pytest.approx(4 - 2 * np.sqrt(2), rel=0.02)
