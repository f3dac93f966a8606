"""Finds the ink: from a grey picture of unknown polarity and light to the amount of ink per pixel."""

import numpy as np
from PIL import Image, ImageFilter

from service.images.components import select_digit
from service.images.illumination import remove_illumination

_CELLS = 64
_LEAST_CONTRAST = 12.0
# The share of the variance that two levels explain: 0.64 in normal noise, 0.75 in even noise or a plain gradient.
_CLEAN = 0.9
_FAIRLY_CLEAN = 0.79
_NOISY = 3.0
_NOISY_SIDE = 100


def ink(grey: Image.Image) -> np.ndarray | None:
    """float32 [H,W] in 0..1, the digit's ink on each pixel of a picture in mode L; None where there is none.

    A picture of two clear levels is used unchanged. In any other the light on the paper is modelled as a surface of
    second order and subtracted; what differs most from it, darker or brighter, is the ink. Components that are small
    and far from the rest are specks and count as paper. A contrast no larger than the noise is not ink.
    """
    even = _two_levels(np.asarray(grey), _CLEAN)
    if even is not None:
        return _amount(even, *_levels(even))
    contrast = remove_illumination(grey)
    level, full, noise = _levels(contrast)
    if noise > _NOISY and max(grey.size) > _NOISY_SIDE:
        contrast = remove_illumination(grey.filter(ImageFilter.BoxBlur(max(grey.size) / 160.0)))
        level, full, noise = _levels(contrast)
    if full >= 4.0 * noise:
        return _amount(contrast, level, full, noise)
    even = _two_levels(np.asarray(grey), _FAIRLY_CLEAN)
    return None if even is None else _amount(even, *_levels(even))


def _levels(contrast: np.ndarray) -> tuple[float, float, float]:
    """The least contrast that is ink, that of full ink, and the standard deviation of the paper's noise."""
    least, _ = _otsu(contrast)
    sample = contrast[::2, ::2] if contrast.size > 10_000 else contrast
    strong, weak = sample[sample > least], sample[sample <= least]
    full = float(np.percentile(strong, 75)) if strong.size else 0.0
    noise = 1.4826 * float(np.median(np.abs(weak))) if weak.size else 0.0
    return least, full, noise


def _amount(contrast: np.ndarray, least: float, full: float, noise: float) -> np.ndarray | None:
    """float32 [H,W] in 0..1 from the levels; None where ink and paper are all but the same."""
    if full < _LEAST_CONTRAST:
        return None
    floor = min(2.5 * noise + 0.03 * full, 0.8 * least)
    amount = np.clip((contrast - floor) / (full - floor), 0.0, 1.0)
    return np.asarray(amount * _digit_mask(amount, contrast > least), dtype=np.float32)


def _two_levels(pixels: np.ndarray, least: float) -> np.ndarray | None:
    """float32 [H,W], the difference from the paper, if two levels explain `least` of the picture.

    Such a picture may be cropped so close that its edge is more ink than paper; then the corners tell which is which.
    """
    threshold, parted = _otsu(pixels)
    if parted < least:
        return None
    bright = pixels > threshold
    corners = np.count_nonzero(bright[:: max(1, len(bright) - 1), :: max(1, bright.shape[1] - 1)])
    edge = np.concatenate((bright[0], bright[-1], bright[:, 0], bright[:, -1]))
    light = corners >= 3 or (corners == 2 and np.count_nonzero(edge) * 2 > edge.size)
    paper = float(np.median(pixels[bright == light]))
    return (paper - pixels if light else pixels - paper).astype(np.float32)


def _otsu(contrast: np.ndarray) -> tuple[float, float]:
    """The level that parts paper from ink so that the two are most unlike, and the share of the variance it explains.

    What is below nothing counts as nothing.
    """
    top = max(1.0, float(contrast.max()))
    levels = np.clip(contrast * (127.0 / top), 0, 127).astype(np.uint8)
    counts = np.bincount(levels.ravel(), minlength=128).astype(np.float64)
    middles = (np.arange(128) + 0.5) * (top / 127.0)
    below = np.cumsum(counts)
    above = contrast.size - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    between = np.nan_to_num(between)
    best = int(np.argmax(between))
    total = contrast.size * (float(counts @ middles**2) - sums[-1] ** 2 / contrast.size)
    return (1 + best) * (top / 127.0), float(between[best]) / max(total, 1e-9)


def _digit_mask(amount: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """bool [H,W]: the pixels at and around the parts that make up the digit."""
    height, width = amount.shape
    step = -(-max(height, width) // _CELLS)
    rows, columns = -(-height // step), -(-width // step)
    padded = np.zeros((2, rows * step, columns * step), dtype=np.float32)
    padded[0, :height, :width] = amount
    padded[1, :height, :width] = strong
    blocks = padded.reshape(2, rows, step, columns, step)
    cells = select_digit(blocks[0].sum(axis=(1, 3)), blocks[1].max(axis=(1, 3)) > 0)
    grown = np.asarray(Image.fromarray(cells.astype(np.uint8)).filter(ImageFilter.MaxFilter(3)), dtype=bool)
    return np.asarray(np.repeat(np.repeat(grown, step, axis=0), step, axis=1)[:height, :width])
