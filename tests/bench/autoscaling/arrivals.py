"""Requests per second over a day: quiet nights, two humps, and bursts that nobody announced."""

import numpy as np
from numpy.typing import NDArray

SEED = 19
DAY = 86_400  # seconds
NIGHT = 0.15  # of the busiest hour
BURSTS = 30  # per day
BURST_SECONDS = 60, 600
BURST_FACTOR = 1.3, 2.2
_RAMP = 20  # seconds in which a burst is there
_NOISE = 0.05  # of the rate, besides the chance of single requests


def make_arrivals(busiest: float, seed: int = SEED) -> NDArray:
    """The requests of each second; `busiest` is their mean in the busiest hour, without bursts."""
    generator = np.random.default_rng(seed)
    seconds = np.arange(DAY)
    rate = busiest * _make_curve(seconds / DAY * 24)
    for start in generator.integers(0, DAY, BURSTS):
        length = generator.uniform(*BURST_SECONDS)
        factor = generator.uniform(*BURST_FACTOR)
        shape = np.clip(np.minimum(seconds - start, start + length - seconds) / _RAMP, 0, 1)
        rate *= 1 + (factor - 1) * shape
    rate *= np.clip(generator.normal(1, _NOISE, DAY), 0.5, 1.5)
    return generator.poisson(rate).astype(float)


def _make_curve(hour: NDArray) -> NDArray:
    """1 in the busiest hour."""
    morning, evening = (np.exp(-(((hour - at) / width) ** 2)) for at, width in ((11, 3.0), (20, 2.5)))
    curve = NIGHT + (1 - NIGHT) * np.maximum(0.85 * morning, evening)
    return np.asarray(curve / curve.max())
