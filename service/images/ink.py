"""From contrast to the amount of ink on each pixel."""

from typing import NamedTuple

import cv2
import numpy as np

_LEAST_CONTRAST = 12
_NOISY = 5.0
_NOISY_SIDE = 48
_LARGE = 10_000  # pixels; of more, every second one on both axes is enough for statistics
_STRONG = 96


class Ink(NamedTuple):
    """uint8 [H,W] each: how much ink there is, 255 where there is ink for sure, and the contrast that both are of."""

    amount: np.ndarray
    mask: np.ndarray
    contrast: np.ndarray


class Levels(NamedTuple):
    """Of contrast: the least that is ink, that of full ink, the paper's own, and the deviation of the paper's noise."""

    least: float
    full: float
    paper: float
    noise: float


def find_ink(contrast: np.ndarray) -> Ink | None:
    """None where there is no ink: a contrast no larger than the noise is none."""
    levels = measure_levels(contrast)
    if levels.noise > _NOISY and max(contrast.shape) > _NOISY_SIDE:
        contrast = cv2.blur(contrast, (3, 3))
        levels = measure_levels(contrast)
    if levels.full < _LEAST_CONTRAST or levels.full < 4 * levels.noise:
        return None
    floor = min(2.5 * levels.noise + 0.03 * levels.full, 0.8 * levels.least)
    return make_ink(contrast, levels.paper + floor, levels.paper + levels.full)


def find_darkest_ink(ink: Ink) -> Ink:
    """The darker of two layers: a digit on lines or in a shadow that are ink to `find_ink`."""
    strong = ink.contrast[ink.mask > 0]
    least, _ = cv2.threshold(strong, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    full = float(np.percentile(strong[strong > least], 75)) if int(strong.max()) > least else least + 1
    return make_ink(ink.contrast, least - 0.5 * (full - least), full)


def measure_levels(contrast: np.ndarray) -> Levels:
    sample = contrast[::2, ::2] if contrast.size > _LARGE else contrast
    least, _ = cv2.threshold(sample, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    counts = np.bincount(sample.ravel(), minlength=256).cumsum()
    weak = int(counts[int(least)])
    quarter, paper, full = counts.searchsorted((0.25 * weak, 0.5 * weak, weak + 0.75 * (sample.size - weak))).tolist()
    noise = (paper - quarter) / 0.6745  # as if it were normal; above the paper, blurred strokes would count
    return Levels(least - paper, full - paper, paper, noise)


def make_ink(contrast: np.ndarray, none: float, full: float) -> Ink:
    """No ink up to the contrast `none`, full ink from `full` on."""
    scale = 255 / (full - none)
    amount = cv2.addWeighted(contrast, scale, contrast, 0, -none * scale)
    return Ink(amount, cv2.threshold(amount, _STRONG, 255, cv2.THRESH_BINARY)[1], contrast)
