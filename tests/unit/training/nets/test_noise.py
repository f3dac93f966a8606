import math

import numpy as np
import pytest
import tensorflow as tf

from training.nets.noise import choices, normals


def _seeds(*values: int) -> tf.Tensor:
    return tf.constant(values, tf.int64)


def test_a_seed_gives_the_same_noise_alone_and_in_a_batch() -> None:
    batch = normals(_seeds(*range(300)), 64).numpy()
    for seed in (0, 1, 17, 299):
        np.testing.assert_allclose(normals(_seeds(seed), 64).numpy()[0], batch[seed], atol=1e-6)


def test_noise_is_standard_normal_and_rows_are_uncorrelated() -> None:
    noise = normals(tf.range(4000, dtype=tf.int64), 64).numpy()
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01 and np.isfinite(noise).all()
    assert abs(np.mean(noise**4) - 3) < 0.1
    assert np.abs(np.corrcoef(noise[:200]) - np.eye(200)).mean() < 0.12


def test_extreme_seeds_are_valid() -> None:
    noise = normals(_seeds(0, (1 << 63) - 1, -1), 7).numpy()
    assert noise.shape == (3, 7) and np.isfinite(noise).all() and len(np.unique(noise[:, 0])) == 3


def test_choices_are_uniform() -> None:
    counts = np.bincount(choices(tf.range(10_000, dtype=tf.int64), 10).numpy(), minlength=10)
    assert counts.sum() == 10_000 and counts.min() > 850


def _split_mix(seed: int, count: int) -> list[int]:
    """SplitMix64's values for a seed that is mixed first, computed with Python's integers."""

    def mix(x: int) -> int:
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % (1 << 64)
        x = (x ^ x >> 27) * 0x94D049BB133111EB % (1 << 64)
        return x ^ x >> 31

    gamma = 0x9E3779B97F4A7C15
    start = mix((seed + gamma) % (1 << 64))
    return [mix((start + step * gamma) % (1 << 64)) for step in range(1, count + 1)]


def test_a_graph_draws_exactly_the_numbers_of_splitmix64() -> None:
    seeds = [0, 1, -1, 2**62]
    drawn = tf.function(normals)(tf.constant(seeds, tf.int64), 2).numpy()
    for seed, row in zip(seeds, drawn, strict=True):
        first, second = ((bits >> 40) + 0.5 for bits in _split_mix(seed, 2))
        radius, angle = math.sqrt(-2 * math.log(first / 2**24)), 2 * math.pi * second / 2**24
        assert row == pytest.approx([radius * math.cos(angle), radius * math.sin(angle)], abs=1e-5)
