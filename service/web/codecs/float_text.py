"""Floats of 16 and 32 bits such that JSON writes 0.1 and not 0.10000000149011612."""

import gevent
import numpy as np
from numpy.typing import NDArray

_DIGITS = (6, 7, 8, 9)  # significant ones; 9 tell any two floats of 32 bits apart
_MAX_POWER = 22  # powers of ten up to here are exact in 64 bits, so one division gives the nearest number
_POWERS = np.array([float(f"1e{power}") for power in range(_MAX_POWER + 1)])
_PIECE = 1 << 15  # elements; a few milliseconds of work


def shorten(array: NDArray) -> NDArray[np.float64]:
    """The same floats in 64 bits, each the one of the fewest digits that rounds to it; very large and very small ones
    as they are.
    """
    narrow = array.ravel().astype(np.float32)
    wide = narrow.astype(np.float64)
    for start in range(0, len(wide), _PIECE):
        if start:
            gevent.sleep(0)
        wide[start : start + _PIECE] = _shorten(narrow[start : start + _PIECE], wide[start : start + _PIECE])
    return wide.reshape(array.shape)


def _shorten(narrow: NDArray[np.float32], wide: NDArray[np.float64]) -> NDArray[np.float64]:
    result = wide.copy()
    left = np.flatnonzero(np.isfinite(wide) & (wide != 0))
    exponents = np.floor(np.log10(np.abs(wide[left]))).astype(int)
    for digits in _DIGITS:
        powers = digits - 1 - exponents
        scale = _POWERS[np.minimum(np.abs(powers), _MAX_POWER)]
        values = wide[left]
        rounded = np.where(powers < 0, np.rint(values / scale) * scale, np.rint(values * scale) / scale)
        fits = (np.abs(powers) <= _MAX_POWER) & (rounded.astype(np.float32) == narrow[left])
        result[left[fits]] = rounded[fits]
        left, exponents = left[~fits], exponents[~fits]
    return result
