import numpy as np
import pytest

from training.evaluation.gan_metrics import frechet_distance


def _cloud(seed: int, mean: list[float], spread: list[float]) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, spread, (200_000, len(mean)))


def test_a_cloud_is_at_no_distance_from_itself() -> None:
    cloud = _cloud(0, [1, 2], [1, 3])
    assert frechet_distance(cloud, cloud) == pytest.approx(0, abs=1e-9)


def test_means_and_spreads_count_as_the_formula_says() -> None:
    one, other = _cloud(0, [0, 0, 0], [1, 2, 3]), _cloud(1, [1, 0, 2], [2, 2, 1])
    assert frechet_distance(one, other) == pytest.approx((1 + 4) + (1 + 0 + 4), rel=0.02)


def test_how_features_go_together_counts_too() -> None:
    cloud = _cloud(0, [0, 0], [1, 1])
    tied = np.stack([cloud[:, 0], cloud[:, 0]], axis=1)
    assert frechet_distance(cloud, tied) == pytest.approx(4 - 2 * np.sqrt(2), rel=0.02)
