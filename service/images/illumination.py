"""The light on the paper: a surface of second order, found in spite of the ink and taken away."""

from functools import cache

import numpy as np
from PIL import Image

_COARSE = 24


def remove_illumination(grey: Image.Image) -> np.ndarray:
    """float32 [H,W]: the difference from the paper, positive where there is ink."""
    coarse = np.asarray(grey.resize((_COARSE, _COARSE), Image.Resampling.BOX), dtype=np.float32).ravel()
    surface = _paper(coarse)
    rest = coarse - _basis() @ surface
    # The paper's own differences lie evenly about nothing, the ink's to one side: the cubes tell which.
    sign = 1 if float((rest**3).sum()) > 0 else -1
    a, x, y, xx, xy, yy = (sign * surface).tolist()
    across = np.linspace(-1, 1, grey.width, dtype=np.float32)
    down = np.linspace(-1, 1, grey.height, dtype=np.float32)[:, None]
    pixels = np.asarray(grey) * np.float32(sign)
    pixels -= a + (x + xx * across) * across
    pixels -= (y + yy * down) * down
    pixels -= xy * down * across
    return pixels


def _paper(coarse: np.ndarray) -> np.ndarray:
    """float32 [6], the surface's coefficients: first of a plane on the border alone, then of all that lies near it."""
    basis = _basis()
    border = _border()
    flat = float(np.median(coarse[border]))
    off = coarse - flat
    reach = max(8.0, 2.0 * float(np.median(np.abs(off[border]))))
    surface = _fit(basis, coarse, border / (1.0 + (off / reach) ** 2), 3)
    for narrowing in (1.0, 0.7, 0.5, 0.35, 0.25):
        off = coarse - basis @ surface
        spread = 1.4826 * float(np.median(np.abs(off[border])))
        weight = 1.0 / (1.0 + (off / max(4.0, 2.0 * spread, 40.0 * narrowing)) ** 2) ** 2
        surface = _fit(basis, coarse, weight * (1.0 + border), 6 if narrowing < 0.8 else 3)
    return surface


def _fit(basis: np.ndarray, values: np.ndarray, weights: np.ndarray, terms: int) -> np.ndarray:
    part = basis[:, :terms]
    weighted = part * weights[:, None]
    surface = np.zeros(basis.shape[1], dtype=np.float32)
    surface[:terms] = np.linalg.solve(weighted.T @ part + 1e-3 * np.eye(terms), weighted.T @ values)
    return surface


@cache
def _basis() -> np.ndarray:
    """float32 [_COARSE * _COARSE, 6]: 1, x, y, xx, xy, yy with x and y from -1 to 1."""
    y, x = np.meshgrid(np.linspace(-1, 1, _COARSE), np.linspace(-1, 1, _COARSE), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6).astype(np.float32)


@cache
def _border() -> np.ndarray:
    """bool [_COARSE * _COARSE], true on the outermost cells."""
    inside = np.zeros((_COARSE, _COARSE), dtype=bool)
    inside[1:-1, 1:-1] = True
    return np.logical_not(inside).ravel()
