"""Random bits from seeds, one stream per row: SplitMix64 (Steele, Lea and Flood 2014), in numpy.

LiteRT has no arithmetic of unsigned 64-bit numbers. So these bits are inputs of a LiteRT form, made here from the seeds
that a request brings: `NAME__KIND` is the input of kind KIND that belongs to the seeds NAME. All that follows from the
bits is in the form. training.nets.noise says what they mean, in TensorFlow.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

GAMMA = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
UNIFORM_SHIFT, CHOICE_SHIFT = 40, 33  # bits that are dropped: 24 are left for a float32 in (0, 1), 31 for an int32

UNIFORM_BITS, CHOICE_BITS = "uniform_bits", "choice_bits"  # the kinds

Seeds = NDArray[np.int64]
Bits = NDArray[np.int64]


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(MIX_1)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(MIX_2)
    return x ^ (x >> np.uint64(31))


def make_steps(count: int) -> NDArray[np.uint64]:
    """What is added to a stream's start for its first `count` numbers."""
    return np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)


def make_uniform_bits(seeds: Seeds, count: int) -> Bits:
    """[N,count] in [0, 2**24), from seeds [N]."""
    start = _mix(seeds.view(np.uint64) + np.uint64(GAMMA))
    return (_mix(start[:, None] + make_steps(count)) >> np.uint64(UNIFORM_SHIFT)).view(np.int64)


def make_choice_bits(seeds: Seeds) -> Bits:
    """[N] in [0, 2**31), from seeds [N]."""
    return (_mix(seeds.view(np.uint64) + np.uint64(MIX_2)) >> np.uint64(CHOICE_SHIFT)).view(np.int64)


def find_maker(name: str, shape: tuple[int, ...]) -> tuple[str, Callable[[Seeds], Bits]] | None:
    """The seeds that an input of that name and shape is made from, and how; None for one that a request brings.

    The first size of the shape is that of the seeds.
    """
    seeds, _, kind = name.rpartition("__")
    if kind == UNIFORM_BITS and len(shape) == 2:
        return seeds, lambda values: make_uniform_bits(values, shape[1])
    if kind == CHOICE_BITS and len(shape) == 1:
        return seeds, make_choice_bits
    return None
